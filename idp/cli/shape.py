"""Contains the parser of the commands, which knows each of them by what an operator types.

Not here: a command, how a day is typed (`times`).
"""

import argparse
import re
from typing import Any, NoReturn

#: `sub` and `sid` are random base64url: one in 64 begins with a dash, and is no option.
_LIKE_A_VALUE = re.compile(r"-[A-Za-z0-9_][A-Za-z0-9_-]{14,}$|-\d+$|-\d*\.\d+$")


class CommandParser(argparse.ArgumentParser):
    """`commands`: each that does something, as it is typed without `idp`, in the order of `--help`.

    Its subparsers are of its kind, so that no message of any command repeats a PIN.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands: dict[str, argparse.ArgumentParser] = {}
        # What it takes for a value though it begins with a dash: by default, a negative number.
        self._negative_number_matcher = _LIKE_A_VALUE

    def error(self, message: str) -> NoReturn:
        has_pin = "pin-value" in message.lower()
        super().error("an argument that holds a PIN is not expected there" if has_pin else message)
