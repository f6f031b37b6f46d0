"""Contains the options of `idp accounts`. Not here: the commands (`opening`, `seen`, `ended`…), which
import the provider."""

import argparse
from collections.abc import Callable
from pathlib import Path

from idp.cli.accounts.activation_options import add_activation, checked_words
from idp.cli.asking import add_yes

Add = Callable[[str, str, str], argparse.ArgumentParser]
_PERSON = "RPPS, e-mail address, `sub` or account id, as pasted"
_MOST = 200


def add_accounts(add: Add) -> None:
    _add_looking(add)
    _add_person(
        add("accounts unlock", "accounts.opening.unlock", "end the waits that a person's failures left")
    )
    disable = _add_person(
        add(
            "accounts disable",
            "accounts.opening.disable",
            "close an account at once and everywhere, until `enable`",
        )
    )
    disable.add_argument("--motive", help="why, in words that the person reads")
    _add_person(add("accounts enable", "accounts.opening.enable", "open an account that was disabled"))
    _add_email(add)
    _add_ending(add)
    add_activation(add)


def _add_looking(add: Add) -> None:
    find = add("accounts find", "accounts.seen.find", "whose account it is, by what is known of the person")
    find.add_argument(
        "what", metavar="WHAT", nargs="+", help=f"{_PERSON}; a card number; or a name, or part of it"
    )
    find.add_argument(
        "--most", type=_number, default=20, metavar="N", help=f"how many at most, to {_MOST} (default: 20)"
    )
    show = _add_person(add("accounts show", "accounts.seen.show", "tell of one account"))
    sessions = _add_person(add("accounts sessions", "accounts.seen.sessions", "where a person is signed in"))
    for command in (find, show, sessions):
        command.add_argument("--json", action="store_true", help="as JSON")


def _add_email(add: Add) -> None:
    set_email = _add_person(
        add(
            "accounts set-email",
            "accounts.email.set_email",
            "note another address for a person, who proves it after the card or Pro Santé Connect",
        )
    )
    set_email.add_argument("address", metavar="ADDRESS")
    set_email.add_argument(
        "--checked",
        type=checked_words,
        required=True,
        metavar="TEXT",
        help="how the identity was checked, kept in the audit trail: no name, no number of a document",
    )


def _add_ending(add: Add) -> None:
    sign_out = _add_person(
        add("accounts sign-out", "accounts.ended.sign_out", "end a person's sessions; applications are told")
    )
    sign_out.add_argument("--session", metavar="SID", help="this one alone, as `sessions` names it")
    export = _add_person(
        add("accounts export", "accounts.export.export", "the copy of a person's data, as « Mes données »")
    )
    where = export.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=Path, metavar="FILE", help="a new file, mode 0600")
    where.add_argument("--stdout", action="store_true", help="shown, or for a pipe")
    erase = _add_person(
        add("accounts erase", "accounts.ended.erase", "close an account, and erase it after the grace")
    )
    erase.add_argument("--motive", help="why, in words that the person reads; the trail keeps them: no name")
    erase.add_argument("--now", action="store_true", help="without the grace: nothing brings it back")
    add_yes(erase)


def _add_person(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    command.add_argument("person", metavar="PERSON", help=_PERSON)
    return command


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 4 and 0 < int(text) <= _MOST):
        raise argparse.ArgumentTypeError(f"1 to {_MOST}")
    return int(text)
