"""Contains the parser of the commands, which knows each of them by what an operator types.

Not here: a command, how a day is typed (`times`).
"""

import argparse
from typing import Any, NoReturn


class CommandParser(argparse.ArgumentParser):
    """`commands`: each that does something, as it is typed without `idp`, in the order of `--help`.

    Its subparsers are of its kind, so that no message of any command repeats a PIN.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands: dict[str, argparse.ArgumentParser] = {}

    def error(self, message: str) -> NoReturn:
        has_pin = "pin-value" in message.lower()
        super().error("an argument that holds a PIN is not expected there" if has_pin else message)
