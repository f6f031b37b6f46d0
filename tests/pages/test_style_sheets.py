"""The style sheets as rules: they say colours, sizes and spaces by the tokens, and no rule is for nothing."""

import re
from collections.abc import Iterator
from itertools import chain

import pytest

from sandbox.style_guide.pages import every_state
from sandbox.style_guide.rendering import ROOT, rendered

STATIC = ROOT / "idp" / "static"
SHEETS = {
    file.name: re.sub(r"/\*.*?\*/", "", file.read_text(), flags=re.DOTALL) for file in STATIC.glob("*.css")
}
#: A value is one of these words, or a token of the family, or that much backwards.
WORDS = r"0|auto|none|inherit|transparent|currentColor"
FAMILIES = {
    r"(margin|padding)(-.*)?|(row-|column-)?gap|inset-.*|outline-offset": "space-[1-8]|inside",
    r"font-size": "type-[a-z]+",
    r"border-radius": "round(-[a-z]+)?",
    r"border(-block|-inline)?(-start|-end)?": "line(-[a-z]+)?|accent(-deep)?|edge|wrong",
    r"border-width": "line-[a-z]+",
    r"border-color": "accent(-deep)?|wrong",
    r"(background|color|fill|stroke|accent-color)": "[a-z]+(-[a-z]+)*",
    r"max-width": "width",
    r"min-height": "target(-quiet)?",
    r"font-family": "words|signs",
    r"line-height": "leading(-tight)?",
    r"font-weight": "bold",
}
#: Where no token is meant, and why.
EXCEPTIONS = {
    (".skip", "inset-inline-start"): "-100vw",  # out of sight
    (".plot text", "font-size"): "9px",  # in units of the drawing
    (".brand", "font-weight"): "700",  # once, and beside a drawing
    (".steps li::marker", "font-weight"): "700",
    ("body", "min-height"): "100vh",
    (".logo", "max-width"): "8rem",  # what the operator's guide says
    (".code input", "max-width"): "16rem",  # as long as a code is
    (".picture img", "max-width"): "100%",
    (".events li", "padding-inline-start"): "4.5rem",  # as wide as an hour
}
#: What the browser, or paper, decides: colours of forced-colors (CSS Color 4 §6.2), and no limit.
GIVEN = r"Highlight|HighlightText|CanvasText|GrayText|400|solid"


def rules(sheet: str) -> Iterator[tuple[str, str, str]]:
    """Yields selector, property, value; the tokens themselves left out."""
    for selectors, body in re.findall(r"([^{}]+)\{([^{}]*)\}", sheet):
        for declaration in filter(None, map(str.strip, body.split(";"))):
            name, _, value = declaration.partition(":")
            if not name.startswith("--") and ":root" not in selectors:
                yield " ".join(selectors.split()), name, value.strip()


def family_of(name: str) -> str | None:
    return next((tokens for names, tokens in FAMILIES.items() if re.fullmatch(names, name)), None)


def raw(name: str, value: str) -> list[str]:
    """The parts of the value that are neither a token of its family nor a plain word."""
    tokens = family_of(name)
    if tokens is None:
        return re.findall(r"#[0-9a-f]{3,8}\b|\brgba?\(.*\)|\b[\d.]+rem\b", value if "outline" in name else "")
    left = re.sub(rf"calc\(-1 \* var\(--({tokens})\)\)|var\(--({tokens})\)", "", value)
    return [part for part in left.split() if not re.fullmatch(f"{WORDS}|{GIVEN}", part)]


@pytest.mark.parametrize("name", sorted(SHEETS))
def test_rules_say_colours_spaces_and_sizes_by_tokens(name: str) -> None:
    found = {
        (selector, of, value)
        for selector, of, value in rules(SHEETS[name])
        if raw(of, value) and EXCEPTIONS.get((selector, of)) != value and (of, value) != ("max-width", "none")
    }
    assert not found


def test_each_exception_is_still_one() -> None:
    said = {(selector, name): value for sheet in SHEETS.values() for selector, name, value in rules(sheet)}
    assert {place: said.get(place) for place in EXCEPTIONS} == EXCEPTIONS


def test_each_token_is_there_and_used() -> None:
    both = "".join(SHEETS.values())
    assert set(re.findall(r"var\(--([a-z0-9-]+)\)", both)) == set(re.findall(r"--([a-z0-9-]+):", both))


def test_no_rule_knows_left_from_right() -> None:
    for selector, name, value in chain.from_iterable(map(rules, SHEETS.values())):
        assert not re.search(r"left|right", f"{name}: {value}"), selector
        if name in ("margin", "padding"):  # of four values the second is right, the fourth left
            assert len(re.sub(r"calc\([^()]*(\([^()]*\))?\)", "one", value).split()) < 4, selector


def test_colours_forced_and_paper_come_last() -> None:
    for name, sheet in SHEETS.items():
        order = re.findall(r"@media \(?([a-z-]+)", sheet)
        assert order[-2:] == ["forced-colors", "print"], name
        assert sheet.rstrip().endswith("}\n}"), name


def test_all_sheets_together_are_small() -> None:
    assert sum(file.stat().st_size for file in STATIC.glob("*.css")) <= 24_000


def test_each_class_has_a_rule_and_each_rule_a_class() -> None:
    styled = {
        name
        for sheet in SHEETS.values()
        for selectors in re.findall(r"([^{}]+)\{", sheet)
        for name in re.findall(r"\.([a-z][a-z0-9-]*)", selectors)
    }
    pages = "".join(rendered("fr", state) for state in every_state("fr"))
    said = {name for names in re.findall(r'\bclass="([^"]*)"', pages) for name in names.split()}
    scripts = "".join(file.read_text() for file in STATIC.glob("*.js"))
    said |= set(re.findall(r'classList\.\w+\("([a-z-]+)"', scripts))
    assert styled == said
