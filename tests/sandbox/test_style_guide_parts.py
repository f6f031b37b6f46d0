"""The page of the pieces: each token and each piece of the design system is on it, as the files have them."""

import re

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import Client

from sandbox.style_guide import part_words, parts, site
from sandbox.style_guide.rendering import ROOT, TEMPLATES

CSS = (ROOT / "idp" / "static" / "caducee.css").read_text()
#: A piece that shows nothing, or is nothing without another.
OF_ANOTHER = {
    "countdown",
    "csrf",
    "field_error",
    "alert",
    "notice",
    "facts",
    "section",
    "deadline",
    "back",
    "cancel",
    "icon",
}


@pytest.fixture(scope="module", params=["fr", "en"])
def page(request: pytest.FixtureRequest) -> BeautifulSoup:
    answer = Client(site.build_app()).get(f"/parts?lang={request.param}")
    assert answer.status_code == 200
    return BeautifulSoup(answer.text, "html.parser")


def test_each_piece_of_the_macros_is_shown_with_its_parameters(page: BeautifulSoup) -> None:
    macros = re.findall(r"\{% macro (\w+)\(", (TEMPLATES / "macros.html").read_text())
    shown = [str(one["id"]).removeprefix("piece-") for one in page.select(".guide-piece")]
    assert shown == macros
    for one in page.select(".guide-piece"):
        assert one.select_one("h3 code") is not None
        states = one.select(".guide-sample")
        assert len(states) >= (1 if str(one["id"]).removeprefix("piece-") in OF_ANOTHER else 2), one["id"]
        assert all(state.find(["svg", "input", "button", "a", "p", "dt"]) for state in states), one["id"]


def test_each_token_of_the_sheet_is_shown_with_its_value(page: BeautifulSoup) -> None:
    values = dict(re.findall(r"--([a-z0-9-]+): ([^;]+);", "".join(CSS.split("/* Base */")[0])))
    light = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)[0]
    rows = {str(row["id"]).removeprefix("token-"): row.get_text(" ") for row in page.select("tr[id]")}
    assert set(rows) == set(values)
    assert all(value in rows[name] for name, value in values.items())
    assert all(f" {value} " in rows[name] for name, value in re.findall(r"--([a-z-]+): (#\w+);", light))


def test_contrasts_are_computed_and_enough(page: BeautifulSoup) -> None:
    assert len(parts.pairs()) == len(parts.TEXT_ON) + len(parts.EDGE_ON)
    for pair in parts.pairs():
        assert min(pair.light, pair.dark) >= pair.least
    words = " ".join(page.get_text(" ").split())
    assert re.search(r"ink, paper Aa 15[.,]3 Aa 13[.,]8 4[.,]5 ", words)


def test_the_page_needs_nothing_inline(page: BeautifulSoup) -> None:
    assert not page.select("[style], style, script")
    ids = [str(tag["id"]) for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))


def test_a_piece_is_said_as_its_file_says_it() -> None:
    assert parts.pieces()["field"].signature.startswith("field(name, label, error=None")
    assert parts.pieces()["csrf"].said.startswith("Of every form")


def test_its_sentences_are_there_in_both_languages() -> None:
    french, english = part_words.PART_LANGUAGES["fr"], part_words.PART_LANGUAGES["en"]
    assert french.keys() == english.keys()
    assert french["families"].keys() == english["families"].keys() == parts.tokens().keys()
