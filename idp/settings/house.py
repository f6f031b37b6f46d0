"""Contains whose service it is: name, logo, colours, help contact, pages of its own. Not here: the words of
the pages, how a colour is judged (`colours`), the line of the help desk in mails (`where`)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import ClassVar

from idp.settings.colours import CONTROL, DARK, LIGHT, TEXT, Scheme, is_colour, is_read, lowest, nearest
from idp.settings.declared import number, setting
from idp.settings.faults import Rule

_LONGEST = 120
#: What is dialled, then what is said to whoever answers.
_TELEPHONE = re.compile(r"(\+?[0-9][0-9 .()-]{1,24})(, .{1,40})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class HouseSettings:
    """Whose service it is."""

    PREFIX: ClassVar[str] = "OPERATOR_"

    name: str = setting(
        "Who runs the service: pages have it beside the logo, in place of the product's name. Empty: the product's.",
        "",
    )
    logo_file: Path | None = setting(
        "Its logo, PNG or SVG, shown 36 pixels high on a light ground. Not set: that of the product.", None
    )
    colour: str = setting(
        "The colour of its links and buttons on light pages, such as `#0b5563`. Empty: that of the product.",
        "",
    )
    colour_dark: str = setting(
        "The same on dark pages. Empty: the nearest to `OPERATOR_COLOUR` that can be read there.", ""
    )
    pages: Path | None = setting(
        "Folder of its own pages, Markdown as charters: `legal.fr.md`, `privacy.fr.md`, `accessibility.fr.md`, and "
        "`.en.md` of each. A page that is not there has no link (house.md).",
        None,
    )
    telephone: str = setting(
        "Telephone number of the help desk, on every page and refusal. Empty: not shown.",
        "",
        name="HELP_DESK_TELEPHONE",
    )
    hours: str = setting(
        "When it answers, in French, such as `du lundi au vendredi, 8 h – 18 h`.", "", name="HELP_DESK_HOURS"
    )
    hours_en: str = setting(
        "The same in English. Empty: the French words, marked as French.", "", name="HELP_DESK_HOURS_EN"
    )
    address: str = setting(
        "Its address: e-mail, `https://` or postal, in one line. Empty: not shown.",
        "",
        name="HELP_DESK_ADDRESS",
    )
    audited_by: str = setting(
        "Who audited these pages by the RGAA. Empty: nobody: the accessibility statement says « non conforme ».",
        "",
        name="ACCESSIBILITY_AUDIT_BY",
    )
    audited_on: str = setting(
        "The day of that audit, such as `2026-12-24`. After three years the statement says « non conforme » again.",
        "",
        name="ACCESSIBILITY_AUDIT_ON",
        source="RGAA 4.1, déclaration d'accessibilité",
    )
    audit_rate: int = number(
        "What it found, in percent of the criteria: 100 is « totalement conforme », from 50 « partiellement ».",
        0,
        least=0,
        most=100,
        name="ACCESSIBILITY_AUDIT_RATE",
    )

    @property
    def dial(self) -> str:
        """Returns what a telephone dials; "" without a number."""
        found = _TELEPHONE.fullmatch(self.telephone)
        return "" if found is None else re.sub(r"[ .()-]", "", found[1])


def _line(name: str, of: Callable[[HouseSettings], str]) -> Rule[HouseSettings]:
    return Rule(
        names=name,
        expected=f"one line of at most {_LONGEST} signs",
        is_broken=lambda s: (
            bool(of(s)) and not (of(s).isprintable() and of(s).strip() and len(of(s)) <= _LONGEST)
        ),
        it_is="longer, blank, or with a line break",
    )


def _colour(name: str, of: Callable[[HouseSettings], str], scheme: Scheme) -> tuple[Rule[HouseSettings], ...]:
    pages = "light" if scheme is LIGHT else "dark"
    return (
        Rule(
            names=name,
            expected="a colour such as #0b5563, # and six hexadecimal digits",
            is_broken=lambda s: bool(of(s)) and not is_colour(of(s)),
            it_is="something else",
        ),
        Rule(
            names=name,
            expected=f"a colour that is read on {pages} pages, {TEXT}:1 for text and {CONTROL:g}:1 for controls",
            is_broken=lambda s: is_colour(of(s)) and not is_read(of(s), scheme),
            it_is=lambda s: _unread(of(s), scheme),
        ),
    )


def _unread(colour: str, scheme: Scheme) -> str:
    near = nearest(colour, scheme)
    # Down, not to the nearest: a ratio of 4.497 is none of 4.5.
    ratio = int(lowest(colour, scheme) * 100) / 100
    return f"one with {ratio:.2f}:1; the nearest that passes is {near}, with {lowest(near, scheme):.2f}:1"


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


RULES: tuple[Rule[HouseSettings], ...] = (
    _line("OPERATOR_NAME", lambda s: s.name),
    *_colour("OPERATOR_COLOUR", lambda s: s.colour, LIGHT),
    *_colour("OPERATOR_COLOUR_DARK", lambda s: s.colour_dark, DARK),
    Rule(
        names="OPERATOR_COLOUR_DARK",
        expected="with CADUCEE_OPERATOR_COLOUR only",
        is_broken=lambda s: bool(s.colour_dark) and not s.colour,
        it_is="set alone",
        beside="OPERATOR_COLOUR",
    ),
    Rule(
        names="HELP_DESK_TELEPHONE",
        expected="a number such as 03 20 00 00 00 or +33 3 20 00 00 00, and after a comma an extension",
        is_broken=lambda s: bool(s.telephone) and not (s.dial and s.telephone.isprintable()),
        it_is="something else",
    ),
    _line("HELP_DESK_HOURS", lambda s: s.hours),
    _line("HELP_DESK_HOURS_EN", lambda s: s.hours_en),
    _line("HELP_DESK_ADDRESS", lambda s: s.address),
    _line("ACCESSIBILITY_AUDIT_BY", lambda s: s.audited_by),
    Rule(
        names="ACCESSIBILITY_AUDIT_ON",
        expected="a day such as 2026-12-24",
        is_broken=lambda s: bool(s.audited_on) and not _is_day(s.audited_on),
        it_is="something else",
    ),
    Rule(
        names="ACCESSIBILITY_AUDIT_BY",
        expected="together with CADUCEE_ACCESSIBILITY_AUDIT_ON, both or neither",
        is_broken=lambda s: bool(s.audited_by) != bool(s.audited_on),
        it_is="one of the two",
        beside="ACCESSIBILITY_AUDIT_ON",
    ),
    Rule(
        names="ACCESSIBILITY_AUDIT_RATE",
        expected="0, or with CADUCEE_ACCESSIBILITY_AUDIT_BY",
        is_broken=lambda s: bool(s.audit_rate) and not s.audited_by,
        it_is="set where nobody audited",
        beside="ACCESSIBILITY_AUDIT_BY",
    ),
)
