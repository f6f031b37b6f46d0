"""Contains the languages of pages and mails: ours, and those that an operator adds by one file each.

Not here: which one a page has (`locales`), how its words are found (`catalogues`), hours and days (`local_time`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Self

from idp.pages.frame import OtherLanguage
from idp.settings.where import LOCALES
from idp.web.catalogues import CatalogueError, Catalogues, load_catalogues, read_catalogue

TEMPLATES = Path(__file__).parents[1] / "templates"
#: What the words of another language are held against.
_REFERENCE = "fr"
#: RFC 5646 §2.1: a language, then script, region or variant.
_TAG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}")
_MONTHS = 12
_DIRECTIONS = ("ltr", "rtl")
#: What each pattern of the table `[language]` is filled in with.
_PATTERNS: Mapping[str, frozenset[str]] = {
    "hour": frozenset(("hour", "minute")),
    "day": frozenset(("day", "month", "year")),
    "moment": frozenset(("day", "hour")),
    "enumeration": frozenset(("before", "next")),
    "enumeration_end": frozenset(("before", "next")),
}
_SHOWN = 3
#: What no header of a mail takes.
_SEVERAL_LINES = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class BadLanguage(Exception):
    """For the operator, in one line: the file, the key, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """The table `[language]` of a catalogue. `hour`, `day`, `moment`: patterns of `str.format`."""

    tag: str
    #: As its speakers call it.
    name: str
    #: "ltr" or "rtl".
    direction: str
    months: tuple[str, ...]
    #: The first of a month, as a number is written there: « 1er ».
    first: str
    hour: str
    day: str
    moment: str

    @classmethod
    def of(cls, texts: Mapping[str, str]) -> Self:
        """Raises KeyError."""
        told = {name: texts[f"language.{name}"] for name in cls.__slots__ if name != "months"}
        return cls(**told, months=tuple(month.strip() for month in texts["language.months"].split(",")))


@dataclass(frozen=True, slots=True, kw_only=True)
class Languages:
    """`known`: by tag, in the order in which pages offer them. `default`: of a browser that asks for none of them."""

    catalogues: Catalogues
    known: Mapping[str, Language]
    #: By tag of the page: those that it can be had in instead.
    others: Mapping[str, tuple[OtherLanguage, ...]]
    default: str = _REFERENCE

    @classmethod
    def of(cls, texts: Mapping[str, Mapping[str, str]]) -> Self:
        """`texts`: by tag, in the order in which pages offer them. Raises KeyError: without a table `[language]`."""
        known = {tag: Language.of(own) for tag, own in texts.items()}
        offers = {tag: OtherLanguage(tag=tag, name=one.name) for tag, one in known.items()}
        others = {tag: tuple(one for one in offers.values() if one.tag != tag) for tag in known}
        return cls(catalogues=Catalogues(texts), known=known, others=others)

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(self.known)

    def with_default(self, tag: str) -> "Languages":
        """Raises KeyError: it is none of them."""
        return replace(self, default=self.known[tag].tag)

    def spoken(self, tag: str) -> str:
        """Returns the language, or the default in place of one that is offered no more."""
        return tag if tag in self.known else self.default

    def written(self, tag: str) -> str:
        """Returns in which language a page has what exists in ours alone: the operator's words."""
        return next(one for one in (tag, self.default, _REFERENCE) if one in LOCALES)

    def best(self, tags: str) -> str | None:
        """Returns the first of these (`ui_locales`) that there is, or its language without region (RFC 4647 §3.4)."""
        ours = {tag.lower(): tag for tag in self.known}
        for wished in tags.lower().split():
            parts = wished.split("-")
            for end in range(len(parts), 0, -1):
                if (found := ours.get("-".join(parts[:end]))) is not None:
                    return found
        return None


#: Languages of files that were opened in this process, for those who have only a tag (`local_time`).
_ADDED: dict[str, Language] = {}


def language(tag: str) -> Language:
    """Returns a language of ours, or one that was opened before. Raises KeyError."""
    return _ADDED[tag] if tag in _ADDED else open_languages(None).known[tag]


@cache
def open_languages(directory: Path | None) -> Languages:
    """Returns our languages and those of the directory. Read once in a process. Raises BadLanguage, OSError."""
    if directory is None:
        ours = load_catalogues(TEMPLATES).texts
        return Languages.of({tag: ours[tag] for tag in LOCALES})
    ours = open_languages(None).catalogues.texts
    added = dict(_added(directory, ours[_REFERENCE]))
    if not added:
        raise BadLanguage("there is no messages.<language>.toml in it")
    languages = Languages.of({**ours, **added})
    _ADDED.update({tag: languages.known[tag] for tag in added})
    return languages


def _added(directory: Path, ours: Mapping[str, str]) -> Iterator[tuple[str, Mapping[str, str]]]:
    for file in sorted(directory.iterdir(), key=lambda file: file.name.removesuffix(".toml")):
        if file.suffix != ".toml":
            continue
        tag = file.name.removeprefix("messages.").removesuffix(".toml")
        if not _TAG.fullmatch(tag) or not file.name.startswith("messages."):
            raise BadLanguage(
                f"{file.name!a} is no name of one: messages.de.toml, with the tag of its language"
            )
        if tag in LOCALES:
            raise BadLanguage(f"{file.name} is a language of the product: take it away, or name another one")
        try:
            texts = read_catalogue(file)
        except CatalogueError as error:
            raise BadLanguage(f"{error}") from error
        for fault in _faults(tag, texts, ours):
            raise BadLanguage(f"{file.name}: {fault}")
        yield tag, texts


def _faults(tag: str, texts: Mapping[str, str], ours: Mapping[str, str]) -> Iterator[str]:
    """Yields what keeps these texts from serving. More keys than ours do no harm: of the version to come, or before."""
    missing = [key for key in ours if not texts.get(key, "").strip()]
    if missing:
        some = ", ".join(missing[:_SHOWN]) + (", …" if missing[_SHOWN:] else "")
        yield f"missing or empty, {len(missing)} in all: {some}; take them from messages.fr.toml and translate them"
    for key, text in ours.items():
        wanted = _fields(text)
        if not key.startswith("language.") and _fields(texts[key]) != wanted:
            shown = " ".join(sorted(f"{{{name}}}" for name, *_ in wanted or ())) or "none"
            yield f"{key} must have the same fields as in messages.fr.toml: {shown}"
    for key in ours:
        is_subject = key.startswith("mail.") and key.rpartition(".")[2].startswith("subject")
        if is_subject and _SEVERAL_LINES.search(texts[key]):
            yield f"{key} must be one line: no mail leaves with a subject of several"
    yield from _faults_of_table(tag, texts)


def _faults_of_table(tag: str, texts: Mapping[str, str]) -> Iterator[str]:
    if texts["language.tag"] != tag:
        yield f"language.tag must be {tag}, as in the name of the file"
    if texts["language.direction"] not in _DIRECTIONS:
        yield "language.direction must be ltr or rtl"
    months = texts["language.months"].split(",")
    if len(months) != _MONTHS or not all(month.strip() for month in months):
        yield "language.months must be twelve names with commas between"
    for name, wanted in _PATTERNS.items():
        if _fields(texts[f"language.{name}"]) != {(field, "", None) for field in wanted}:
            yield f"language.{name} must have the fields {' '.join(f'{{{field}}}' for field in sorted(wanted))}"


def _fields(text: str) -> set[tuple[str, str | None, str | None]] | None:
    """Returns the fields of a pattern, with their formats; None for a text that is no pattern."""
    try:
        return {
            (name, spec, conversion)
            for _, name, spec, conversion in Formatter().parse(text)
            if name is not None
        }
    except ValueError:
        return None
