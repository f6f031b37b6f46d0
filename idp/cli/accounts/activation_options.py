"""Contains the options of `idp accounts activate`. Not here: the command (`activation`), which imports the provider."""

import argparse
from collections.abc import Callable

from idp.cli.asking import add_yes

#: As much as says what was looked at; the trail keeps it.
_SHORTEST, _LONGEST = 3, 100


def add_activation(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    activate = add(
        "accounts activate",
        "accounts.activation.activate",
        "after a face-to-face check: a code, shown once, by which the person of an RPPS chooses a password",
    )
    activate.add_argument("rpps")
    activate.add_argument(
        "--checked",
        type=checked_words,
        required=True,
        metavar="TEXT",
        help="what was checked, kept in the audit trail: no name, no number of a document",
    )
    add_yes(activate)


def checked_words(text: str) -> str:
    line = " ".join(text.split())
    if not (_SHORTEST <= len(line) <= _LONGEST and line.isprintable()):
        raise argparse.ArgumentTypeError(
            f"{_SHORTEST} to {_LONGEST} characters, such as « identity card, seen »"
        )
    return line
