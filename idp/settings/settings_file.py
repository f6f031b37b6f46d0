"""Contains how a file of settings is read, which `idp --settings FILE` names: a `NAME=value` on each line.

systemd (`EnvironmentFile`), Docker (`--env-file`) and a shell read the same lines alike; what they read differently is
refused. Not here: which settings there are (`groups`), the environment, which wins over the file (`environment`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from idp.settings.files import read_words

_LINE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<value>.*)", re.DOTALL)
_COMMENTS = ("#", ";")
_QUOTES = ('"', "'")


class BadSettingsFile(Exception):
    """Names the file and the line, and quotes nothing of it: it may hold a secret."""


@dataclass(frozen=True, slots=True)
class SettingsFile:
    """`lines`: the number of each name's line; `values`: its text, as a variable of the environment would have it."""

    path: Path
    values: Mapping[str, str]
    lines: Mapping[str, int]


def read_settings_file(path: Path) -> SettingsFile:
    """Raises BadSettingsFile."""
    try:
        text = read_words(path)
    except OSError as error:
        raise BadSettingsFile(f"{path}: {error.strerror}") from None
    return settings_file(path, text)


def settings_file(path: Path, text: str) -> SettingsFile:
    """Returns the file of this path with this text. Raises BadSettingsFile."""
    values: dict[str, str] = {}
    lines: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if not stripped or stripped.startswith(_COMMENTS):
            continue
        found = _LINE.fullmatch(stripped)
        if found is None:
            raise BadSettingsFile(f"{path}: line {number}: NAME=value, without spaces around =, or a comment")
        name = found["name"]
        if name in values:
            raise BadSettingsFile(f"{path}: line {number}: {name} is set in line {lines[name]} already")
        values[name], lines[name] = _unquoted(found["value"], f"{path}: line {number}"), number
    return SettingsFile(path, values, lines)


def _unquoted(text: str, place: str) -> str:
    if text[:1] in _QUOTES and len(text) > 1 and text.endswith(text[0]):
        text = text[1:-1]
    if "\\" in text or any(quote in text for quote in _QUOTES):
        raise BadSettingsFile(
            f"{place}: a value without \\ and without quotes in it; put such a secret into a file, NAME_FILE=path"
        )
    return text
