"""Contains the words of the pages: TOML catalogues, read into flat keys. Not here: HTML, which language a page has."""

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from idp.settings.files import NotText, read_words

#: `t("frame.cancel", client="…")` returns the text in one language. Raises KeyError: unknown key, or missing value.
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

        def translate(key: str, /, **values: object) -> str:
            # Values are never parsed as patterns: an attacker's text cannot reach into an object.
            return texts[key].format_map(values)

        return translate


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
