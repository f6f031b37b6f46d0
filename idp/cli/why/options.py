"""Contains what may be typed after `idp why`. Not here: the command (`command`), what a card is (`asked`)."""

import argparse
import re
from collections.abc import Callable

_MOST = 400


def add_why(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    why = add(
        "why",
        "why.command.why",
        "why somebody cannot sign in: the reason, what to tell the person, and what is known (audited)",
    )
    why.add_argument(
        "whom",
        metavar="RPPS|REFERENCE|EMAIL|CARD|ACCOUNT",
        nargs="+",
        help="a number as pasted, a reference as a page shows it, an e-mail address, a card: its 10 printed digits, "
        "or an account: its `sub` or id",
    )
    why.add_argument("--client", metavar="CLIENT_ID", help="at this application: whether it takes their door")
    why.add_argument("--days", type=_number, default=30, metavar="DAYS", help="how far back (default: 30)")
    why.add_argument("--last", type=_number, default=12, metavar="N", help="events shown (default: 12)")
    why.add_argument("--lang", choices=("fr", "en"), default="fr", help="default: fr")
    why.add_argument("--json", action="store_true", help="as JSON")


def _number(text: str) -> int:
    if not (re.fullmatch(r"[0-9]{1,3}", text) and 0 < int(text) <= _MOST):
        raise argparse.ArgumentTypeError(f"1 to {_MOST}")
    return int(text)
