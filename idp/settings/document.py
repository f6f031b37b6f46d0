"""`python -m idp.settings.document > docs/settings.md`: every setting in a table, written from its declaration.

Contains the text of that page. Not here: a setting.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from idp.settings.checked import rules_of
from idp.settings.groups import Place, catalogue, expected_of, group_types
from idp.settings.together import TOGETHER

_HEAD = """\
# Settings

Environment variables `CADUCEE_<NAME>`. Written by `python -m idp.settings.document` (`make settings`) from
`idp/settings`, where each group is a module; what settings do in use is in [operate.md](operate.md).

- A secret may be given as a file: `CADUCEE_<NAME>_FILE` is the path of a UTF-8 text file of 64 KiB at most;
  spaces and line ends around the value do not count. So may any other setting. A value given both ways is refused.
- An unknown name, a value that cannot be read or is beyond its limits, and settings that contradict each other
  refuse the start of every command: exit status 2, and on stderr one line each, all at once, with the variable, what
  is expected and what kind of value it has. No value is shown.
- Durations are whole seconds. Lists of words are separated by spaces, lists of paths by colons; yes or no is `true`
  or `false`, `yes` or `no`, `1` or `0`.
- **Secret**: is or may hold a secret, and is shown nowhere.
"""
_ROW = "| Name | Meaning | Unit | Default | Limits | Source |\n|---|---|---|---|---|---|"
_UNITS = {
    str: "text",
    int: "number",
    bool: "yes or no",
    timedelta: "seconds",
    Path: "path",
    Path | None: "path",
    datetime | None: "instant",
    tuple[str, ...]: "words",
    tuple[Path, ...]: "paths",
}


def document() -> str:
    return "\n".join([_HEAD, *_sections()])


def _sections() -> Iterator[str]:
    for group, kind in group_types().items():
        yield f"## {str(kind.__doc__).strip().removesuffix('.')}\n\n`settings.{group}`\n\n{_ROW}"
        yield from (_row(place) for place in catalogue().values() if place.group == group)
        yield ""


def _row(place: Place) -> str:
    declared = place.declared
    unit = _UNITS[place.kind] + (", **secret**" if declared.is_secret else "")
    cells = (
        f"`{place.name}`",
        declared.meaning,
        unit,
        _default(place),
        _limits(place),
        _source(declared.source),
    )
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


def _default(place: Place) -> str:
    if place.must_be_set:
        return "must be set"
    return _shown(place.default) if place.default not in ("", None, ()) else "-"


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, timedelta):
        return str(int(value.total_seconds()))
    return f"`{' '.join(map(str, value))}`" if isinstance(value, tuple) else f"`{value}`"


def _limits(place: Place) -> str:
    """Returns the declared limits, then what every rule that names this setting expects, each once."""
    told = [expected_of(place).replace(" seconds", "")]
    told += [
        rule.expected for rule in (*rules_of(place.group), *TOGETHER) if place.name in rule.names.split()
    ]
    return "; ".join(dict.fromkeys(filter(None, told))) or "-"


def _source(source: str) -> str:
    """Returns the source, with a link where it is one of our facts."""
    return re.sub(r"^facts/(\w+)", r"[facts/\1](facts/\1.md)", source) or "-"


if __name__ == "__main__":
    print(document(), end="")
