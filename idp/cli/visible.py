"""Contains what a screen is given of any text: signs that it would obey, or that turn a line around, are written out.

Not here: what is shown.
"""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO

#: Control characters but tab and line end, and what changes the direction of a text (UAX #9) or is a line end to some.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
#: A name within a sentence, as the words of pages set it apart (`web/catalogues`): nothing outside of it turns around.
_SET_APART = re.compile("\u2068([^\u2066-\u2069\n]*)\u2069")


def visible(text: str) -> str:
    """Returns it with each such sign as `\\u009b`, which is the same text in JSON."""
    parts = _SET_APART.split(text)
    written = [_OBEYED.sub(lambda sign: f"\\u{ord(sign[0]):04x}", part) for part in parts]
    return "".join(f"\u2068{part}\u2069" if rank % 2 else part for rank, part in enumerate(written))


def in_a_line(text: str) -> str:
    """Returns a text of any origin, in quotes where it has what nobody sees, a line end too."""
    return text if text.isprintable() else ascii(text)


def json_text(value: Any, *, indent: int | None = 1) -> str:
    """Returns it for a program, and for a screen that it may come to. `indent`: None for one line."""
    return visible(json.dumps(value, ensure_ascii=False, indent=indent))


class _Screen:
    """What a program writes to, instead of the terminal behind it."""

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal

    def write(self, text: str) -> int:
        return self._terminal.write(visible(text))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._terminal, name)


@contextmanager
def screens() -> Iterator[None]:
    """Around a command: what it says to a terminal is visible. A file or another program gets it as it is."""
    streams = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_Screen(one) if one.isatty() else one for one in streams)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = streams
