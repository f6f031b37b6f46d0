"""Contains what pages are made of: the tokens of the style sheet and the pieces of `macros.html`, read from both.

Not here: how they are shown (`templates/parts.html`), what is said of them (`part_words`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from idp.settings.colours import contrast
from sandbox.style_guide.rendering import ROOT, TEMPLATES

STYLE = ROOT / "idp" / "static" / "caducee.css"
#: A text and its ground: 4.5:1 at least (WCAG 2.2, 1.4.3).
TEXT_ON: Sequence[tuple[str, str]] = (
    ("ink", "paper"),
    ("ink", "ground"),
    ("ink", "tint"),
    ("ink", "wrong-tint"),
    ("soft-ink", "paper"),
    ("soft-ink", "ground"),
    ("soft-ink", "tint"),
    ("accent", "paper"),
    ("accent", "tint"),
    ("accent", "ground"),
    ("accent-deep", "paper"),
    ("on-accent", "accent"),
    ("on-accent", "accent-deep"),
    ("wrong", "paper"),
    ("wrong", "wrong-tint"),
)
#: A line that says something, and its ground: 3:1 at least (WCAG 2.2, 1.4.11).
EDGE_ON: Sequence[tuple[str, str]] = (
    ("edge", "paper"),
    ("focus", "paper"),
    ("focus", "ground"),
    ("accent", "ground"),
    ("wrong", "paper"),
)
_REM = 16
#: In this order on the page; what none of them takes stands last.
_FAMILIES: Mapping[str, str] = {
    "space": r"space-.*",
    "type": r"type-.*",
    "round": r"round.*",
    "line": r"line-.*",
    "size": r"width.*|target.*|box|icon|inside",
    "letters": r".*",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Colour:
    """`light` and `dark`: « #rrggbb »; the same where the dark scheme has none of its own."""

    name: str
    light: str
    dark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Colours that stand on one another, with their ratio in each scheme, 1 to 21; `least`: what it has to be."""

    over: Colour
    under: Colour
    light: float
    dark: float
    least: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """`pixels`: at the usual size of letters, or None for what is no length."""

    name: str
    value: str
    pixels: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A macro; `said`: what its file says above it."""

    name: str
    signature: str
    said: str


def _roots() -> list[dict[str, str]]:
    """Returns the tokens of each `:root` of the sheet: light, dark, the same on both, then those of media."""
    blocks = re.findall(r":root \{(.*?)\}", STYLE.read_text(encoding="utf-8"), re.DOTALL)
    return [dict(re.findall(r"--([a-z0-9-]+): ([^;]+);", block)) for block in blocks]


def colours() -> Mapping[str, Colour]:
    light, dark, *_ = _roots()
    return {name: Colour(name=name, light=value, dark=dark.get(name, value)) for name, value in light.items()}


def pairs() -> Sequence[Pair]:
    found = colours()
    wished = [(*pair, 4.5) for pair in TEXT_ON] + [(*pair, 3.0) for pair in EDGE_ON]
    return [
        Pair(
            over=found[over],
            under=found[under],
            light=contrast(found[over].light, found[under].light),
            dark=contrast(found[over].dark, found[under].dark),
            least=least,
        )
        for over, under, least in wished
    ]


def tokens() -> Mapping[str, Sequence[Token]]:
    """Returns by family what is no colour."""
    families: dict[str, list[Token]] = {family: [] for family in _FAMILIES}
    for name, value in _roots()[2].items():
        family = next(family for family, names in _FAMILIES.items() if re.fullmatch(names, name))
        families[family].append(Token(name=name, value=value, pixels=_pixels(value)))
    return families


def _pixels(value: str) -> float | None:
    length = re.fullmatch(r"([\d.]+)(rem|px)", value)
    return float(length[1]) * (_REM if length[2] == "rem" else 1) if length else None


def pieces() -> Mapping[str, Piece]:
    """Returns those of the design system, by name, in the order of their file."""
    source = (TEMPLATES / "macros.html").read_text(encoding="utf-8")
    found = re.findall(r"\{# ((?:(?!#\}).)*?) #\}\n\{% macro (\w+)(\([^%]*\)) -?%\}", source, re.DOTALL)
    return {
        name: Piece(name=name, signature=" ".join(f"{name}{more}".split()), said=" ".join(said.split()))
        for said, name, more in found
    }
