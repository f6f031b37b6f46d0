"""Contains what is on show: each page and mail with its family, its address and what it says.

Not here: the states themselves (`pages`, `mails`), how they are served (`site`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cache, lru_cache
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory

from idp.web.catalogues import load_catalogues, read_catalogue
from idp.web.languages import Languages
from sandbox.style_guide.mails import MailState, every_mail, written_state
from sandbox.style_guide.pages import FAMILIES
from sandbox.style_guide.pseudo_language import RIGHT_TO_LEFT_TAG, TAG, write_pseudo_language
from sandbox.style_guide.rendering import TEMPLATES, rendered
from sandbox.style_guide.state import LOCALES, State

MAILS = "mails"
_PSEUDO: Mapping[str, str] = {TAG: "ltr", RIGHT_TO_LEFT_TAG: "rtl"}
#: Characters of a value that is worth its place in a line.
_SHORT = 40
_REFRESH = re.compile(r'http-equiv="refresh"')
_TITLE = re.compile(r"<title>(.*?)</title>", re.DOTALL)
#: What is said at the top of a page: a refusal, or what was just done.
_SAID = re.compile(r'<div class="message[^"]*"(?![^>]* hidden)[^>]*>(.*?)</div>', re.DOTALL)
_MARKUP = re.compile(r"<svg.*?</svg>|<[^>]+>", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """`tag`: its language. `address`: of the page, or of the HTML of the mail, on the site of the style guide."""

    family: str
    name: str
    tag: str
    address: str
    shows: State | MailState


def languages() -> Languages:
    """Returns our languages as they are now, and those that nobody speaks (`pseudo_language`)."""
    return _read(tuple(sorted(file.stat().st_mtime_ns for file in TEMPLATES.glob("messages.*.toml"))))


@lru_cache(1)
def _read(stamps: tuple[int, ...]) -> Languages:
    texts = dict(load_catalogues(TEMPLATES).texts)
    with TemporaryDirectory() as directory:
        for tag, direction in _PSEUDO.items():
            texts[tag] = read_catalogue(write_pseudo_language(Path(directory), tag, direction))
    return Languages.of({tag: texts[tag] for tag in (*LOCALES, *_PSEUDO)})


@cache
def exhibits(tag: str) -> tuple[Exhibit, ...]:
    """Returns all of them, in the order of the sheet. Their values change with a restart only."""
    return tuple(_exhibits(tag))


def _exhibits(tag: str) -> Iterator[Exhibit]:
    for family, states in FAMILIES.items():
        for state in states(_written(tag)):
            name = state.name.rstrip("!")
            yield Exhibit(family=family, name=name, tag=tag, address=f"/{tag}/{name}", shows=state)
    for mail in every_mail(_written(tag)):
        address = f"/{tag}/mails/{mail.name}.html"
        yield Exhibit(family=MAILS, name=mail.name, tag=tag, address=address, shows=mail)


def _written(tag: str) -> str:
    """Returns in which language a page has what exists in ours alone, such as a charter."""
    return tag if tag in LOCALES else "fr"


@cache
def _by_address(tag: str) -> Mapping[str, Exhibit]:
    return {one.address: one for one in exhibits(tag)}


def exhibit_at(address: str, tag: str) -> Exhibit | None:
    """Returns what is on show there, in a language that there is."""
    return _by_address(tag).get(address)


def shown(exhibit: Exhibit, spoken: Languages, form: str = "html") -> str:
    """Returns the page as the provider would answer, but that its links of languages stay here and that it goes nowhere
    by itself; or the mail, in one of its forms."""
    t, written = spoken.catalogues.translator(exhibit.tag), _written(exhibit.tag)
    if isinstance(exhibit.shows, MailState):
        return written_state(form, written, exhibit.shows, t)
    html = rendered(
        *(written, exhibit.shows, t),
        locale=exhibit.tag,
        # As people are offered them: nobody asks for what nobody speaks.
        other_languages=tuple(one for one in spoken.others[exhibit.tag] if one.tag in LOCALES),
        language_path=f"/language/{exhibit.name}",
    )
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
