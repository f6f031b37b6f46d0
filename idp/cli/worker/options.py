"""Contains the commands about the worker, what it sends and what it could not, and their arguments.

Not here: what they do (`background`, `mail`, `mails`, `logouts`). Imports nothing that serves.
"""

import argparse
import re
from collections.abc import Callable

from idp.cli.listing import add_json

WORKER_GROUPS = {
    "logouts": "what relying parties were told of ended sessions",
    "mail": "the mail relay",
    "mails": "mails that could not be sent",
}
_MOST_ROWS = 1_000_000
_MOST_IDS = 999_999_999
_BACKGROUND = ("auto", "on", "off")


def number_to(most: int) -> Callable[[str], int]:
    """Returns how an option is read: int() would also take digits of other scripts, `1_0` and `-1`."""

    def number(text: str) -> int:
        if not (re.fullmatch(r"[0-9]{1,9}", text) and int(text) <= most):
            raise argparse.ArgumentTypeError(f"0 to {most}")
        return int(text)

    return number


def add_background(server: argparse.ArgumentParser) -> None:
    server.add_argument(
        "--background",
        choices=_BACKGROUND,
        default="auto",
        help="do the work of `idp worker` here too, unless one runs; auto: on SQLite",
    )


def add_worker(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    card_host = add(
        "card-host", "worker.background.card_host", "serve the card host (TLS, client certificate)"
    )
    card_host.set_defaults(is_command=False)  # Nobody's: it goes on.
    worker = add("worker", "worker.background.worker", "send mails and logout notices, clear what expired")
    worker.set_defaults(is_command=False)  # Nobody's: it goes on.
    add("mail check", "worker.mail.check", "go to the mail relay as a mail would, and send none")
    test = add("mail test", "worker.mail.test", "hand the relay a real mail, and say what it answered")
    test.add_argument("address", metavar="ADDRESS", help="whose mailbox you can look into")
    mails = add("mails list", "worker.mails.list_mails", "mails given up and why, newest first")
    _add_last(mails)
    mails.add_argument("--json", action="store_true", help="for programs")
    _add_which(add("mails retry", "worker.mails.retry", "send mails given up again"))
    _add_which(add("mails drop", "worker.mails.drop", "forget mails given up"))
    logouts = add("logouts list", "worker.logouts.list_logouts", "logout notices, newest first")
    logouts.add_argument("--client", help="of this client_id only")
    logouts.add_argument("--state", choices=("waiting", "delivered", "refused", "abandoned"))
    _add_last(logouts)
    add_json(logouts)


def _add_last(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--last", type=number_to(_MOST_ROWS), default=50, help="how many at most (default: 50)"
    )


def _add_which(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("mail", metavar="ID", type=number_to(_MOST_IDS), nargs="?", help="of `idp mails list`")
    which.add_argument("--all", action="store_true", dest="all_of_them", help="each of them")
