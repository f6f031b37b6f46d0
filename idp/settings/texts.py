"""Contains how the text of a variable becomes a value of its type. Not here: variables, limits."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from idp.settings.files import NotRegular, NotText, TooLarge, read_words

_BOOLEANS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
#: Digits of a number, before its own limits are checked: with more, it is no number of seconds that can be added.
_LONGEST_NUMBER = 15
_LARGEST_FILE = 64 * 1024


class Unreadable(Exception):
    """`it_is`: the kind of the text, never the text."""

    def __init__(self, it_is: str, expected: str) -> None:
        super().__init__(f"{it_is}; expected {expected}")


def _whole(text: str) -> int:
    # Neither digits of other scripts nor `1_000`, which int() accepts; the line end of a CRLF file is forgiven.
    text = text.strip()
    if not re.fullmatch(rf"-?[0-9]{{1,{_LONGEST_NUMBER}}}", text):
        raise ValueError
    return int(text)


def _seconds(text: str) -> timedelta:
    try:
        return timedelta(seconds=_whole(text))
    except OverflowError:
        raise ValueError from None


def _instant(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None or not text.isascii():
        raise ValueError
    return found


def _path(text: str) -> Path:
    if not text.strip():
        raise ValueError
    return Path(text)


#: How each type is read, its name after « not », and what is expected.
_KINDS: Mapping[Any, tuple[Callable[[str], Any], str, str]] = {
    str: (str, "a text", "text"),
    int: (_whole, "a whole number", "digits, such as 5"),
    bool: (lambda text: _BOOLEANS[text.lower()], "a yes or no", "true or false, yes or no, 1 or 0"),
    Path: (_path, "a path", "a path, or the variable not set at all"),
    Path | None: (_path, "a path", "a path, or the variable not set at all"),
    datetime | None: (
        _instant,
        "an instant with its time zone",
        "2026-12-24T18:00:00Z, or the variable not set at all",
    ),
    timedelta: (_seconds, "a whole number of seconds", "digits, such as 60"),
    tuple[str, ...]: (lambda text: tuple(text.split()), "a list", "words separated by spaces"),
    tuple[Path, ...]: (
        lambda text: tuple(Path(part) for part in text.split(":") if part),
        "a list of paths",
        "paths separated by colons",
    ),
}


def read_text(kind: Any, text: str) -> Any:
    """Returns the value. Raises Unreadable."""
    read, name, expected = _KINDS[kind]
    try:
        text.encode("utf-8")
        return read(text)
    except UnicodeEncodeError:
        raise Unreadable("not UTF-8", expected) from None
    except (KeyError, ValueError):
        # `from None`: these exceptions quote the text.
        raise Unreadable(f"not {name}", expected) from None


def read_file(path: str) -> str:
    """Returns the content of the file that a `_FILE` names, without the line end that editors add. Raises Unreadable.

    The message does not name the path: an operator who takes the wrong variable writes the secret itself there.
    """
    expected = "the path of a readable file of UTF-8 text"
    try:
        text = read_words(Path(path), _LARGEST_FILE)
    except (OSError, ValueError) as error:
        raise Unreadable(_kind_of(error), expected) from None
    # As text files are read anywhere: one secret is the same whichever line ends an editor left inside it.
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


_FILE_FAULTS: Mapping[type[Exception], str] = {
    FileNotFoundError: "no such file",
    IsADirectoryError: "a directory",
    PermissionError: "a file that may not be read",
    NotRegular: "a pipe, a device or a socket",
    NotText: "a file that is not UTF-8",
    TooLarge: "a file of more than 64 KiB",
}


def _kind_of(error: Exception) -> str:
    return _FILE_FAULTS.get(type(error), "no file that can be read")
