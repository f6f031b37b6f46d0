"""Contains the parser of the commands, which knows each of them by what an operator types, and how they type a day.

Not here: a command.
"""

import argparse
import re
from datetime import date
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


def typed_day(text: str) -> date:
    """Raises ArgumentTypeError."""
    # `fromisoformat` would take a week or a day of the year too.
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise argparse.ArgumentTypeError("expected a day, year first: a day such as 2026-12-31")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"there is no such day as {text}: expected a day such as 2026-12-31"
        ) from None
