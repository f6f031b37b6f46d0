"""Contains what the operator gives the pages, read once, at the start: name, logo, colours, help contact, own pages.

Not here: the settings (`settings/house`), a page, what is announced for a time (`announcements`).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from idp.core.pictures import Picture, picture_of
from idp.core.replacing import replace
from idp.pages.frame import NO_HOUSE, HelpDesk, House
from idp.settings.colours import DARK, LIGHT, nearest, palette
from idp.settings.files import read_octets, read_words
from idp.settings.house import HouseSettings
from idp.settings.where import LOCALES

#: What the operator adds to it; the page is there without.
STATEMENT = "accessibility"
#: The operator's own pages, in the order of their links.
PAGES = ("legal", "privacy", STATEMENT)
_LARGEST_LOGO = 64 * 1024
_LARGEST_PAGE = 256 * 1024
_SUFFIXES: Mapping[str, str] = {"image/png": "png", "image/svg+xml": "svg"}
#: RGAA 4.1, « Déclaration d'accessibilité »: how long an audit counts.
_AUDIT_YEARS = 3
_HALF = 50
_WHOLE = 100

EXPECTED_LOGO = f"a PNG or SVG of at most {_LARGEST_LOGO // 1024} KiB"
EXPECTED_PAGES = (
    f"a folder of {', '.join(f'{name}.fr.md' for name in PAGES)}, or .en.md, and no other Markdown"
)


class BadHouse(Exception):
    """For the operator. `name`: of the setting; the message is what is expected, and what it is."""

    def __init__(self, name: str, told: str) -> None:
        super().__init__(told)
        self.name = name


@dataclass(frozen=True, slots=True)
class Asset:
    """A file of the operator, at an address that its content names."""

    path: str
    media_type: str
    content: bytes


def _asset(content: bytes, media_type: str, suffix: str) -> Asset:
    return Asset(f"/house/{hashlib.sha256(content).hexdigest()[:16]}.{suffix}", media_type, content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Houses:
    """`texts`: Markdown, by page, then by language."""

    settings: HouseSettings = field(default_factory=HouseSettings)
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    assets: tuple[Asset, ...] = ()
    #: By language; the first while an audit counts, the second when none does.
    views: Mapping[str, tuple[House, House]] = field(
        default_factory=lambda: dict.fromkeys(LOCALES, (NO_HOUSE, NO_HOUSE))
    )

    def of(self, locale: str, now: datetime) -> House:
        return self.views[locale][not self.is_audited(now)]

    def is_audited(self, now: datetime) -> bool:
        """Whether an audit is in force."""
        made = self.settings.audited_on
        return bool(made) and now.date() < _years_after(date.fromisoformat(made), _AUDIT_YEARS)

    def text(self, page: str, locale: str) -> tuple[str, str] | None:
        """Returns the Markdown of a page and its language, which may be the other one; None without a page."""
        texts = self.texts.get(page, {})
        found = locale if locale in texts else next(iter(texts), None)
        return None if found is None else (texts[found], found)


def _years_after(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)


def open_house(settings: HouseSettings, help_line: str) -> Houses:
    """Returns what is the operator's. `help_line`: how mails say where the help desk is. Raises BadHouse."""
    logo, colours, texts = _logo(settings.logo_file), _colours(settings), _texts(settings.pages)
    views = {}
    for locale in LOCALES:
        view = House(
            name=settings.name,
            logo=logo.path if logo else "",
            colours=colours.path if colours else "",
            help_desk=_help_desk(settings, help_line, locale),
            pages=tuple(page for page in PAGES if page in texts and page != STATEMENT),
            accessibility="none",
        )
        views[locale] = (replace(view, accessibility=_state(settings.audit_rate)), view)
    assets = tuple(one for one in (logo, colours) if one is not None)
    return Houses(settings=settings, texts=texts, assets=assets, views=views)


def _state(rate: int) -> str:
    """RGAA 4.1: « totalement conforme » is every criterion, « partiellement » half of them."""
    return "total" if rate == _WHOLE else "partial" if rate >= _HALF else "none"


def _help_desk(settings: HouseSettings, line: str, locale: str) -> HelpDesk:
    if not (settings.telephone or settings.hours or settings.address):
        return HelpDesk(address=line)
    is_translated = locale == "en" and bool(settings.hours_en)
    return HelpDesk(
        telephone=settings.telephone,
        dial=settings.dial,
        hours=settings.hours_en if is_translated else settings.hours,
        hours_lang="en" if is_translated else "fr",
        address=settings.address,
        link=_link(settings.address),
    )


def _link(address: str) -> str:
    if address.startswith("https://") and " " not in address:
        return address
    return f"mailto:{address}" if "@" in address and " " not in address else ""


def _logo(path: Path | None) -> Asset | None:
    if path is None:
        return None
    try:
        picture: Picture | None = picture_of(read_octets(path, _LARGEST_LOGO))
    except OSError as error:
        raise BadHouse("OPERATOR_LOGO_FILE", EXPECTED_LOGO) from error
    if picture is None:
        raise BadHouse("OPERATOR_LOGO_FILE", f"{EXPECTED_LOGO}; it is something else")
    return _asset(picture.content, picture.media_type, _SUFFIXES[picture.media_type])


def _colours(settings: HouseSettings) -> Asset | None:
    if not settings.colour:
        return None
    dark = settings.colour_dark or nearest(settings.colour, DARK)
    light_rule, dark_rule = (
        ":root{" + "".join(f"--{name}:{value};" for name, value in palette(colour, scheme).items()) + "}"
        for colour, scheme in ((settings.colour, LIGHT), (dark, DARK))
    )
    sheet = f"{light_rule}@media (prefers-color-scheme:dark){{{dark_rule}}}\n"
    return _asset(sheet.encode(), "text/css", "css")


def _texts(folder: Path | None) -> Mapping[str, Mapping[str, str]]:
    if folder is None:
        return {}
    if not folder.is_dir():
        raise BadHouse("OPERATOR_PAGES", f"{EXPECTED_PAGES}; it is no folder")
    ours = {f"{page}.{locale}.md": (page, locale) for page in PAGES for locale in LOCALES}
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == ".md")
        found: dict[str, dict[str, str]] = {}
        for path in files:
            if path.name not in ours:
                raise BadHouse("OPERATOR_PAGES", f"{EXPECTED_PAGES}; it is one with a page of another name")
            page, locale = ours[path.name]
            found.setdefault(page, {})[locale] = read_words(path, _LARGEST_PAGE)
    except OSError as error:
        raise BadHouse("OPERATOR_PAGES", EXPECTED_PAGES) from error
    if not found:
        raise BadHouse("OPERATOR_PAGES", f"{EXPECTED_PAGES}; it is one without any of them")
    return found
