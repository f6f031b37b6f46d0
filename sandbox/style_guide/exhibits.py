"""Contains what is on show: each page and mail with its family, its address and what it says.

Not here: the states themselves (`pages`, `mails`), how they are served (`site`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, lru_cache
from html import unescape

from idp.web.catalogues import Catalogues, Translator, load_catalogues
from sandbox.style_guide.mails import MailState, every_mail, written_state
from sandbox.style_guide.pages import FAMILIES
from sandbox.style_guide.rendering import TEMPLATES, rendered
from sandbox.style_guide.state import State

MAILS = "mails"
#: Characters of a value that is worth its place in a line.
_SHORT = 40
_REFRESH = re.compile(r'http-equiv="refresh"')
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
#: What is said at the top of a page: a refusal, or what was just done.
_SAID = re.compile(r'<div class="message \w+" role="\w+"(?: id="\w+")?>(.*?)</div>', re.DOTALL)
_MARKUP = re.compile(r"<svg.*?</svg>|<[^>]+>", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """`address`: of the page, or of the HTML of the mail, on the site of the style guide."""

    family: str
    name: str
    address: str
    shows: State | MailState


def words() -> Catalogues:
    """Returns the catalogues as they are now."""
    return _read(tuple(sorted(file.stat().st_mtime_ns for file in TEMPLATES.glob("messages.*.toml"))))


@lru_cache(1)
def _read(stamps: tuple[int, ...]) -> Catalogues:
    return load_catalogues(TEMPLATES)


@cache
def exhibits(locale: str) -> tuple[Exhibit, ...]:
    """Returns all of them, in the order of the sheet. Their values change with a restart only."""
    return tuple(_exhibits(locale))


def _exhibits(locale: str) -> Iterator[Exhibit]:
    for family, states in FAMILIES.items():
        for state in states(locale):
            name = state.name.rstrip("!")
            yield Exhibit(family=family, name=name, address=f"/{locale}/{name}", shows=state)
    for mail in every_mail():
        yield Exhibit(family=MAILS, name=mail.name, address=f"/{locale}/mails/{mail.name}.html", shows=mail)


@cache
def _by_address(locale: str) -> Mapping[str, Exhibit]:
    return {one.address: one for one in exhibits(locale)}


def exhibit_at(address: str, locale: str) -> Exhibit | None:
    """Returns what is on show there, in a language that has a catalogue."""
    return _by_address(locale).get(address)


def html_of(locale: str, exhibit: Exhibit, t: Translator) -> str:
    if isinstance(exhibit.shows, MailState):
        return written_state("html", locale, exhibit.shows, t)
    return _page_html(locale, exhibit.shows, t)


def _page_html(locale: str, state: State, t: Translator) -> str:
    """Returns the page as the provider would answer, but that its links lead to the same page in other languages,
    and that it goes nowhere by itself."""
    here = state.name.rstrip("!")
    html = rendered(locale, state, t, language_path=f"/{locale}/{here}")
    return _REFRESH.sub('name="refresh"', html)


def apart(one: State | MailState, usual: State | MailState) -> str:
    """Returns what sets it apart from the usual one of its template, as names of the view-model's members with short
    values: « doors.passkey=True, last_door=psc »."""
    return ", ".join(
        [*_differing(one.page, usual.page, ""), *_differing(one, usual, "", without=("name", "page"))]
    )


def _differing(one: object, other: object, at: str, without: Sequence[str] = ()) -> Iterator[str]:
    if not is_dataclass(one) or type(one) is not type(other):
        yield at.removesuffix(".") + (f"={one}" if len(str(one)) <= _SHORT else "")
        return
    for field in fields(one):
        mine, theirs = getattr(one, field.name), getattr(other, field.name)
        if mine != theirs and field.name not in without:
            yield from _differing(mine, theirs, f"{at}{field.name}.")


def said_by(html: str) -> str:
    """Returns the words of a page or mail in one line: its title, and what stands at its top, if anything does."""
    title, said = _TITLE.search(html), _SAID.search(html)
    parts = [found.group(1).rpartition(" – ")[0] or found.group(1) for found in (title,) if found]
    parts += [said.group(1)] if said else []
    return " · ".join(" ".join(unescape(_MARKUP.sub(" ", part)).split()) for part in parts)
