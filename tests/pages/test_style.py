"""The templates and the style sheet as files: few tags, few bytes, enough contrast."""

import re

import pytest

from sandbox.style_guide.parts import EDGE_ON, TEXT_ON
from sandbox.style_guide.rendering import ROOT, TEMPLATES


def test_templates_use_nothing_but_the_few_tags_of_the_house() -> None:
    allowed = {"extends", "block", "import", "macro", "call", "if", "elif", "else", "for"}
    allowed |= {f"end{name}" for name in ("block", "macro", "call", "if", "for")}
    for file in TEMPLATES.rglob("*.html"):
        assert set(re.findall(r"\{%[-+]?\s*(\w+)", file.read_text())) <= allowed, file.name
    safe = {
        str(file.relative_to(TEMPLATES))
        for file in TEMPLATES.rglob("*.html")
        if re.search(r"\|\s*safe\b", file.read_text())
    }
    assert safe == {"charter.html", "account/charter.html", "about.html", "accessibility.html"}


def test_the_design_system_is_documented_and_no_piece_of_it_is_used_once() -> None:
    source = (TEMPLATES / "macros.html").read_text()
    pieces = re.findall(r"\{% macro (\w+)", source)
    assert pieces == re.findall(r"#\}\n\{% macro (\w+)", source)
    others = "".join(file.read_text() for file in TEMPLATES.rglob("*.html") if file.name != "macros.html")
    used = {
        piece: len(re.findall(rf"\bm\.{piece}\(", others))
        + len(re.findall(rf"(?:\{{\{{|call) {piece}\(", source))
        for piece in pieces
    }
    assert {piece for piece, count in used.items() if count < 2} == set()
    assert len(pieces) <= 20
    assert len(source.splitlines()) <= 250


def luminance(colour: str) -> float:
    # WCAG 2.2, "relative luminance".
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colours_keep_their_contrast(scheme: int) -> None:
    css = (ROOT / "idp" / "static" / "caducee.css").read_text()
    palette = dict(
        re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", re.findall(r":root \{(.*?)\}", css, re.DOTALL)[scheme])
    )
    assert not [pair for pair in TEXT_ON if contrast(palette[pair[0]], palette[pair[1]]) < 4.5]
    assert not [pair for pair in EDGE_ON if contrast(palette[pair[0]], palette[pair[1]]) < 3]


def test_style_sheets_fetch_nothing() -> None:
    for sheet in (ROOT / "idp" / "static").glob("*.css"):
        assert not re.search(r"url\(|@import|@font-face", sheet.read_text()), sheet.name


def test_what_narrows_a_page_on_a_screen_does_not_on_paper() -> None:
    css = (ROOT / "idp" / "static" / "caducee.css").read_text()
    screen, _, paper = css.partition("@media print {")
    wide = next(rule for rule in re.findall(r"([^{}]+)\{([^{}]+)\}", paper) if "max-width: none" in rule[1])
    narrowed = {
        selector.strip()
        for selectors, rule in re.findall(r"([^{}]+)\{([^{}]+)\}", screen)
        for selector in selectors.split(",")
        if "max-width" in rule and selector.strip().endswith(".page")
    }
    # The wide ones change the token only.
    assert narrowed == {".page"}
    assert narrowed <= {selector.strip() for selector in wide[0].split(",")}


def test_scripts_are_small_together_and_ask_no_other_server() -> None:
    scripts = [file.read_text() for file in sorted((ROOT / "idp" / "static").glob("*.js"))]
    assert sum(len(one.encode()) for one in scripts) <= 12_000
    assert not [one for one in scripts if "http" in one or "eval" in one or "innerHTML" in one]


def test_the_mark_is_there_in_the_sizes_that_the_pages_name() -> None:
    static = ROOT / "idp" / "static"
    for name, size in (("favicon.png", 32), ("apple-touch-icon.png", 180)):
        picture = (static / name).read_bytes()
        assert (picture[:8], picture[16:24]) == (b"\x89PNG\r\n\x1a\n", size.to_bytes(4, "big") * 2), name
        assert len(picture) < 4_000, name
    for name in ("caducee.svg", "favicon.svg"):
        drawing = (static / name).read_text()
        # A policy without inline styles holds for a drawing as well, and nothing is fetched.
        assert not re.search(r"<style|style=|href|<script|<image", drawing), name
        assert len(drawing) < 1_200, name
