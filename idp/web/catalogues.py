"""Contains the words of the pages: TOML catalogues, read into flat keys. Not here: HTML, which language a page has."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path

from idp.settings.files import NotText, read_words

#: Letters that are written from right to left, by blocks (Unicode 15).
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001eeff]"
)
#: Bidi_Control, but for the two that isolate: a value may be a sentence that has them.
_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066\u2067]")

#: `t("frame.cancel", client="…")` returns the text in one language; a tuple of names is said as an enumeration.
#: Raises KeyError: unknown key, or missing value.
Translator = Callable[..., str]


class CatalogueError(Exception):
    """A catalogue is not tables of texts; the message names the file and the key."""


@dataclass(frozen=True, slots=True)
class Catalogues:
    """`texts`: by locale, then by dotted key. Values are `str.format` patterns with named fields only."""

    texts: Mapping[str, Mapping[str, str]]

    @property
    def locales(self) -> tuple[str, ...]:
        return tuple(sorted(self.texts))

    def translator(self, locale: str) -> Translator:
        """Returns the words of a language. Raises KeyError: it has no catalogue; the caller chooses one that has."""
        texts = self.texts[locale]
        is_rtl = texts.get("language.direction") == "rtl"

        def translate(key: str, /, **values: object) -> str:
            # Values are never parsed as patterns: an attacker's text cannot reach into an object.
            return texts[key].format_map({name: said(value) for name, value in values.items()})

        def said(value: object) -> object:
            if isinstance(value, tuple):
                return _enumerated([str(_isolated(name, is_rtl)) for name in value], texts)
            return _isolated(value, is_rtl)

        return translate


def _enumerated(names: Sequence[str], texts: Mapping[str, str]) -> str:
    """Returns « A, B et C », in the language of these texts; "" of none."""
    *before, last = names or ("",)
    if not before:
        return last
    told = reduce(lambda one, other: texts["language.enumeration"].format(before=one, next=other), before)
    return texts["language.enumeration_end"].format(before=told, next=last)


def _isolated(value: object, is_rtl: bool) -> object:
    """Returns a value for the middle of a sentence: a name of the other direction turns around nothing beside it.

    That is U+2068 and U+2069 (UAX #9 §3.1.2), which a mail in plain text has as a page has.
    """
    if not isinstance(value, str) or (value.isascii() and not is_rtl):
        return value
    plain = _CONTROLS.sub("", value)
    if not is_rtl and plain == value and not _RIGHT_TO_LEFT.search(value):
        return value
    return f"\u2068{plain}\u2069"


def load_catalogues(directory: Path) -> Catalogues:
    """Returns every `messages.<locale>.toml` of the directory. Raises CatalogueError, OSError."""
    files = sorted(directory.glob("messages.*.toml"))
    if not files:
        raise CatalogueError(f"{directory}: no messages.<locale>.toml")
    return Catalogues({file.name.split(".")[1]: read_catalogue(file) for file in files})


def read_catalogue(file: Path) -> Mapping[str, str]:
    """Returns the texts by dotted key. Raises CatalogueError, which names the file without its folder; OSError."""
    try:
        tables = tomllib.loads(read_words(file))
    except (tomllib.TOMLDecodeError, NotText) as error:
        told = "not UTF-8 text" if isinstance(error, NotText) else str(error)
        raise CatalogueError(f"{file.name}: {told}") from error
    return dict(_flatten(tables, file.name, ""))


def _flatten(table: Mapping[str, object], file: str, prefix: str) -> Iterator[tuple[str, str]]:
    for name, value in table.items():
        key = prefix + name
        if isinstance(value, dict):
            yield from _flatten(value, file, key + ".")
        elif isinstance(value, str):
            yield key, value
        else:
            raise CatalogueError(f"{file}: {key} must be a text, not {type(value).__name__}")
