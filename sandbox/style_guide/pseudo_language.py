"""Contains a language that nobody speaks, made of French: what is not in brackets is no text of a catalogue, and what
is cut off or overflows would be so in a language with longer words. Not here: the pages in it.

`python -m sandbox.style_guide.pseudo_language DIRECTORY [TAG] [ltr|rtl]` writes it as `messages.<tag>.toml`.
"""

import json
import re
import sys
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

#: RFC 5646 §2.2.1: qaa to qtz are for private use.
TAG, RIGHT_TO_LEFT_TAG = "qps", "qpr"
_SOURCE = Path(__file__).parents[2] / "idp" / "templates" / "messages.fr.toml"
_LATIN = "abcdefghijklmnopqrstuvwxyz"
_WITH_ACCENTS = "ȧƀçḓḗƒɠħīĵķŀḿƞǿƥɋřşŧŭṽẇẋẏẑ"
#: Letters that are written from right to left, without meaning.
_HEBREW = "אבגדהוזחטיכלמנסעפצקרשתאבגד"
#: How much longer than French.
_LONGER = 1.4
_FILLING = " oei ua"
_PATTERNS = {
    "day": "{day} {month} {year}",
    "first": "1",
    "hour": "[{hour} ħ {minute}]",
    "moment": "{day}, {hour}",
    "enumeration": "{before}, {next}",
    "enumeration_end": "{before} [ḗŧ] {next}",
}


def pseudo_language(tag: str = TAG, direction: str = "ltr", source: Path = _SOURCE) -> str:
    """Returns the content of the file of that language."""
    tables = tomllib.loads(source.read_text("utf-8"))
    letters = str.maketrans(*_letters(direction))
    months = [
        f"[{_changed(month.strip(), letters)}]" for month in tables.pop("language")["months"].split(",")
    ]
    own = {
        "tag": tag,
        "name": f"[{_changed('Pseudo', letters)}]",
        "direction": direction,
        "months": ", ".join(months),
        **_PATTERNS,
    }
    return "\n".join(_written({"language": own, **_translated(tables, letters)}, "")) + "\n"


def write_pseudo_language(directory: Path, tag: str = TAG, direction: str = "ltr") -> Path:
    """Returns the file written."""
    file = directory / f"messages.{tag}.toml"
    file.write_text(pseudo_language(tag, direction), "utf-8")
    return file


def _letters(direction: str) -> tuple[str, str]:
    if direction == "rtl":
        return _LATIN + _LATIN.upper(), _HEBREW * 2
    return _LATIN + _LATIN.upper(), _WITH_ACCENTS + _WITH_ACCENTS.upper()


def _translated(table: Mapping[str, Any], letters: Mapping[int, int]) -> dict[str, Any]:
    return {
        name: _text(value, letters) if isinstance(value, str) else _translated(value, letters)
        for name, value in table.items()
    }


def _text(text: str, letters: Mapping[int, int]) -> str:
    return "\n".join(_line(line, letters) for line in text.splitlines())


def _line(line: str, letters: Mapping[int, int]) -> str:
    words = line.strip(" ")
    if not words:
        return line
    # Spaces at the ends join it to what stands beside it.
    before, after = line[: len(line) - len(line.lstrip(" "))], line[len(line.rstrip(" ")) :]
    changed = "".join(
        part if part.startswith("{") else _changed(part, letters)
        for part in re.split(r"(\{[a-z_]+\})", words)
    )
    lacking = max(int(len(words) * _LONGER) + 1 - len(changed) - 2, 0)
    filling = (_FILLING * (lacking // len(_FILLING) + 2))[: lacking + 1].rstrip()
    return f"{before}[{changed}{_changed(filling, letters)}]{after}"


def _changed(text: str, letters: Mapping[int, int]) -> str:
    bare = "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))
    return bare.translate(letters)


def _written(table: Mapping[str, Any], prefix: str) -> Iterator[str]:
    """Yields the lines of TOML. A JSON string is one of TOML as well."""
    texts = {name: value for name, value in table.items() if isinstance(value, str)}
    if texts:
        yield f"\n[{prefix.removesuffix('.')}]"
        yield from (f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in texts.items())
    for name, value in table.items():
        if name not in texts:
            yield from _written(value, f"{prefix}{name}.")


def main(directory: str, tag: str = TAG, direction: str = "ltr") -> None:
    print(write_pseudo_language(Path(directory), tag, direction))


if __name__ == "__main__":
    main(*sys.argv[1:])
