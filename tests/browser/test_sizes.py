"""Every page in every state at 320 px (WCAG 2.2, 1.4.10), and the sign-in page on a screen of 800 px, in Chromium."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from markupsafe import escape
from selenium import webdriver

from idp.web.languages import open_languages
from sandbox.style_guide.pages import every_state
from sandbox.style_guide.pseudo_language import RIGHT_TO_LEFT_TAG, TAG, write_pseudo_language
from sandbox.style_guide.rendering import rendered
from sandbox.style_guide.state import LOCALES
from tests.browser import looking
from tests.browser.looking import Mode, wrong
from tests.pages.reading import HOSTILE, page_of
from tests.pages.test_hostile_values import hostile_states

#: As long as an address may be, and nowhere to break the line.
LONG = "W" * 254
OF_OTHERS = dict.fromkeys(("client_name", "whose", "said"), HOSTILE)
NARROW = Mode(size=(320, 640), checks=("fits",))


@pytest.fixture(scope="module")
def chromium() -> Iterator[webdriver.Chrome]:
    with looking.opened() as driver:
        yield driver


@pytest.mark.parametrize("locale", LOCALES)
def test_no_page_is_wider_than_320_px(chromium: webdriver.Chrome, locale: str) -> None:
    pages = [(state.name, rendered(locale, state)) for state in every_state(locale)]
    assert wrong(chromium, NARROW, pages) == []


@pytest.mark.parametrize(("tag", "direction"), [(TAG, "ltr"), (RIGHT_TO_LEFT_TAG, "rtl")])
def test_nor_is_one_in_a_language_with_longer_words_whichever_way_it_is_read(
    chromium: webdriver.Chrome, tmp_path: Path, tag: str, direction: str
) -> None:
    # A folder is read once in a process.
    folder = tmp_path / tag
    folder.mkdir()
    write_pseudo_language(folder, tag, direction)
    languages = open_languages(folder)
    t, told = languages.catalogues.translator(tag), {"locale": tag, "other_languages": languages.others[tag]}
    # Those that are read from the right are the same pages, mirrored: one state of each.
    states = every_state("fr") if direction == "ltr" else {s.template: s for s in every_state("fr")}.values()
    pages = [(state.name, rendered("fr", state, t, **told)) for state in states]
    assert wrong(chromium, NARROW, pages) == []


def test_nor_is_one_where_what_others_wrote_cannot_be_broken(chromium: webdriver.Chrome) -> None:
    states = [(state.name, rendered("fr", state, **OF_OTHERS)) for state in hostile_states()]
    pages = [(name, html.replace(str(escape(HOSTILE)), LONG)) for name, html in states]
    # It says nothing that others wrote.
    assert {name for name, html in pages if LONG not in html} == {"account/password_changed.html"}
    assert wrong(chromium, NARROW, pages) == []


@pytest.mark.parametrize("name", ["choice-all", "choice-last-password"])
def test_the_password_is_sent_without_scrolling_on_a_screen_of_800_px(
    chromium: webdriver.Chrome, name: str
) -> None:
    wrong(chromium, Mode(checks=()), [(name, str(page_of(name)))])
    bottom = "return document.querySelector('.door button[type=submit]').getBoundingClientRect().bottom"
    assert 0 < chromium.execute_script(bottom) <= 800
