"""Contains the contrast of colours (WCAG 2.2), what follows from an operator's one, and the nearest that can be read.

Not here: the settings (`house`), the style sheet of the pages (`static/caducee.css`), whose grounds are repeated here.
"""

import colorsys
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

#: WCAG 2.2, 1.4.3 for text, 1.4.11 for controls.
TEXT, CONTROL = 4.5, 3.0
_STEPS = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """What the style sheet has beside an accent, by its names; a test compares."""

    paper: str
    ground: str
    ink: str
    soft_ink: str
    #: How much of the accent is in the tint under a message.
    tint: float
    #: What the accent is mixed with under the pointer, and how much of that.
    deep: tuple[str, float]
    #: An accent that cannot be read gets nearer to it.
    towards: float


LIGHT = Scheme(
    paper="#ffffff",
    ground="#eef3f4",
    ink="#12282f",
    soft_ink="#465b62",
    tint=0.08,
    deep=("#000000", 0.3),
    towards=0.0,
)
DARK = Scheme(
    paper="#15242a",
    ground="#0d181b",
    ink="#e8f0f2",
    soft_ink="#b3c3c8",
    tint=0.1,
    deep=("#ffffff", 0.4),
    towards=1.0,
)
#: Of words on the accent, the one that is read best.
_ON_ACCENT = ("#ffffff", "#06252b")


def is_colour(text: str) -> bool:
    return re.fullmatch("#[0-9a-fA-F]{6}", text) is not None


def contrast(one: str, other: str) -> float:
    """Returns the ratio, 1 to 21 (WCAG 2.2, « contrast ratio »)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def palette(accent: str, scheme: Scheme) -> Mapping[str, str]:
    """Returns the custom properties of the style sheet that follow from an accent, without their dashes."""
    return {
        "accent": accent.lower(),
        "accent-deep": _mixed(accent, *scheme.deep),
        "on-accent": max(_ON_ACCENT, key=lambda words: contrast(words, accent)),
        "tint": _mixed(scheme.paper, accent, scheme.tint),
    }


def lowest(accent: str, scheme: Scheme) -> float:
    """Returns the lowest ratio of a text that an accent makes, as a page has them."""
    return min(contrast(*pair) for pair in _texts(palette(accent, scheme), scheme))


def is_read(accent: str, scheme: Scheme) -> bool:
    """Whether each text has its ratio; whatever edge has the accent's colour then has that of a control too."""
    return lowest(accent, scheme) >= TEXT


def nearest(accent: str, scheme: Scheme) -> str:
    """Returns the colour of the same hue that can be read and differs least in lightness."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*_channels(accent))
    for step in range(_STEPS + 1):
        moved = lightness + (scheme.towards - lightness) * step / _STEPS
        found = _written(colorsys.hls_to_rgb(hue, moved, saturation))
        if is_read(found, scheme):
            return found
    raise AssertionError("black is read on every light ground, white on every dark one")


def _texts(colours: Mapping[str, str], scheme: Scheme) -> Iterator[tuple[str, str]]:
    for accent in (colours["accent"], colours["accent-deep"]):
        yield from ((accent, ground) for ground in (scheme.paper, scheme.ground, colours["tint"]))
        yield accent, colours["on-accent"]
    yield scheme.ink, colours["tint"]
    yield scheme.soft_ink, colours["tint"]


def _channels(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def _written(channels: tuple[float, float, float]) -> str:
    return "#" + "".join(f"{round(one * 255):02x}" for one in channels)


def _mixed(colour: str, other: str, share: float) -> str:
    pairs = zip(_channels(colour), _channels(other), strict=True)
    red, green, blue = (mine + (theirs - mine) * share for mine, theirs in pairs)
    return _written((red, green, blue))


def _luminance(colour: str) -> float:
    """WCAG 2.2, « relative luminance »."""
    red, green, blue = (
        one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in _channels(colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
