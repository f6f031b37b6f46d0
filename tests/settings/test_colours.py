"""The contrast of colours: ratios that WCAG tells, what follows from an accent, and the nearest that can be read."""

import re

import pytest

from idp.settings.colours import DARK, LIGHT, TEXT, Scheme, contrast, is_read, nearest, palette
from sandbox.style_guide.parts import EDGE_ON, TEXT_ON
from sandbox.style_guide.rendering import ROOT

CSS = (ROOT / "idp" / "static" / "caducee.css").read_text()
SCHEMES = pytest.mark.parametrize(("number", "scheme"), [(0, LIGHT), (1, DARK)], ids=["light", "dark"])
ACCENTS = ("#000000", "#ffffff", "#808080", "#ffcc00", "#e2001a", "#00a3e0", "#003189", "#0b5563", "#7fff00")


def of_style_sheet(number: int) -> dict[str, str]:
    rule = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)[number]
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", rule))


def test_the_ratio_is_that_of_wcag() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == contrast("#ffffff", "#777777") == pytest.approx(4.478, abs=0.001)
    assert contrast("#336699", "#336699") == 1


@SCHEMES
def test_the_grounds_are_those_of_the_style_sheet(number: int, scheme: Scheme) -> None:
    theirs = of_style_sheet(number)
    assert (scheme.paper, scheme.ground) == (theirs["paper"], theirs["ground"])
    assert (scheme.ink, scheme.soft_ink) == (theirs["ink"], theirs["soft-ink"])


@SCHEMES
@pytest.mark.parametrize("accent", ACCENTS)
def test_the_nearest_is_read_wherever_a_page_has_it(number: int, scheme: Scheme, accent: str) -> None:
    found = nearest(accent, scheme)
    assert is_read(found, scheme)
    assert nearest(found, scheme) == found
    colours = {**of_style_sheet(number), **palette(found, scheme)}
    assert all(contrast(colours[text], colours[on]) >= TEXT for text, on in TEXT_ON)
    assert all(contrast(colours[edge], colours[on]) >= 3 for edge, on in EDGE_ON)
