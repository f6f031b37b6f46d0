"""Every page in every state at 320 px (WCAG 2.2, 1.4.10), and the sign-in page on a screen of 800 px, in Chromium."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from markupsafe import escape
from selenium import webdriver

from idp.web.languages import open_languages
from sandbox.style_guide.pages import every_state
from sandbox.style_guide.pseudo_language import RIGHT_TO_LEFT_TAG, TAG, write_pseudo_language
from sandbox.style_guide.rendering import ROOT, rendered
from sandbox.style_guide.state import LOCALES
from tests.browser.conftest import plain_chromium
from tests.pages.reading import HOSTILE, page_of
from tests.pages.test_hostile_values import hostile_states

#: As long as an address may be, and nowhere to break the line.
LONG = "W" * 254
OF_OTHERS = dict.fromkeys(("client_name", "whose", "said"), HOSTILE)
#: Puts each body in the place of the one before, all that is folded away opened, and measures it.
_MEASURE = """
const wide = [];
for (const [name, html] of arguments[0]) {
  const page = new DOMParser().parseFromString(html, "text/html");
  document.documentElement.dir = page.documentElement.dir;
  document.body.className = page.body.className;
  document.body.replaceChildren(...page.body.children);
  document.querySelectorAll("iframe").forEach(box => box.remove());
  document.querySelectorAll("details").forEach(fold => fold.open = true);
  document.querySelectorAll("[hidden]").forEach(one => one.hidden = false);
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) {
    const [out] = [...document.querySelectorAll("main *, header *, footer *")]
      .map(one => [one, one.getBoundingClientRect()])
      .filter(([, box]) => box.right > root.clientWidth + 0.5 || box.left < -0.5)
      .map(([one]) => one);
    wide.push(`${name}: ${root.scrollWidth} px: ${(out || root).outerHTML.slice(0, 160)}`);
  }
}
return wide;
"""


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    driver = webdriver.Chrome(**plain_chromium())
    empty: Path = tmp_path_factory.mktemp("page") / "empty.html"
    style = (ROOT / "idp" / "static" / "caducee.css").as_uri()
    empty.write_text(
        '<!DOCTYPE html><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<link rel="stylesheet" href="{style}"><body>'
    )
    driver.get(empty.as_uri())
    yield driver
    driver.quit()


def sized(driver: webdriver.Chrome, width: int, height: int) -> None:
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def without_scripts(html: str) -> str:
    return re.sub(r"<script.*?</script>", "", html)


@pytest.mark.parametrize("locale", LOCALES)
def test_no_page_is_wider_than_320_px(chromium: webdriver.Chrome, locale: str) -> None:
    sized(chromium, 320, 640)
    pages = [(state.name, without_scripts(rendered(locale, state))) for state in every_state(locale)]
    assert chromium.execute_script(_MEASURE, pages) == []


@pytest.mark.parametrize(("tag", "direction"), [(TAG, "ltr"), (RIGHT_TO_LEFT_TAG, "rtl")])
def test_nor_is_one_in_a_language_with_longer_words_whichever_way_it_is_read(
    chromium: webdriver.Chrome, tmp_path: Path, tag: str, direction: str
) -> None:
    sized(chromium, 320, 640)
    # A folder is read once in a process.
    folder = tmp_path / tag
    folder.mkdir()
    write_pseudo_language(folder, tag, direction)
    languages = open_languages(folder)
    t, told = languages.catalogues.translator(tag), {"locale": tag, "other_languages": languages.others[tag]}
    # Those that are read from the right are the same pages, mirrored: one state of each.
    states = every_state("fr") if direction == "ltr" else {s.template: s for s in every_state("fr")}.values()
    pages = [(state.name, without_scripts(rendered("fr", state, t, **told))) for state in states]
    assert chromium.execute_script(_MEASURE, pages) == []


def test_nor_is_one_where_what_others_wrote_cannot_be_broken(chromium: webdriver.Chrome) -> None:
    sized(chromium, 320, 640)
    states = [(state.name, without_scripts(rendered("fr", state, **OF_OTHERS))) for state in hostile_states()]
    pages = [(name, html.replace(str(escape(HOSTILE)), LONG)) for name, html in states]
    assert all(LONG in html for _, html in pages)
    assert chromium.execute_script(_MEASURE, pages) == []


@pytest.mark.parametrize("name", ["choice-all", "choice-last-password"])
def test_the_password_is_sent_without_scrolling_on_a_screen_of_800_px(
    chromium: webdriver.Chrome, name: str
) -> None:
    sized(chromium, 1280, 800)
    chromium.execute_script(_MEASURE, [(name, without_scripts(str(page_of(name))))])
    bottom = "return document.querySelector('.door button[type=submit]').getBoundingClientRect().bottom"
    assert 0 < chromium.execute_script(bottom) <= 800
