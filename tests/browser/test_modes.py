"""Every state of every page where little is as its designer saw it: what is measured there, and that it can fail."""

import base64
import re
from collections.abc import Iterator

import pytest
from selenium import webdriver

from sandbox.style_guide.mails import every_mail, written_state
from sandbox.style_guide.pages import every_state
from sandbox.style_guide.rendering import rendered
from tests.browser import looking, stage
from tests.browser.looking import Mode, wrong

#: WCAG 2.2, 1.4.12, all four at once.
SPACED = """
* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
p { margin-bottom: 2em !important; }
"""
#: A third wider than any that we name.
OTHER_FONT = "* { font-family: 'DejaVu Sans Mono', monospace !important; }"
TWICE = "html { font-size: 200% !important; }"
#: An A4 sheet within its margins, in CSS pixels.
SHEET = (718, 1047)
ZOOMED = "a zoom of 400 % on 1280 × 1024"
MODES = {
    "a small screen": Mode(size=(320, 480), checks=("uncut", "ordered")),
    ZOOMED: Mode(size=(320, 256), checks=("fits", "reached", "skips")),
    "a desktop": Mode(checks=("outlined", "ordered")),
    "forced colours": Mode(features={"forced_colors": "active"}, checks=("edged", "outlined")),
    "reduced motion": Mode(features={"prefers_reduced_motion": "reduce"}, checks=("still",)),
    "paper": Mode(size=SHEET, media="print", checks=("printed", "fits", "uncut")),
    "no pictures": Mode(is_blind=True, checks=("named", "fits")),
    "other fonts": Mode(size=(320, 480), style=OTHER_FONT, checks=("fits", "uncut")),
    "spaced text": Mode(size=(320, 480), style=SPACED, checks=("fits", "uncut")),
    "text of twice the size": Mode(style=TWICE, checks=("fits", "uncut", "ordered")),
    "no style sheet": Mode(is_bare=True, checks=("plain", "ordered")),
}
#: Mode and check, and what stands at the end of a good page instead of nothing.
BROKEN = [
    (ZOOMED, "fits", '<p style="width: 700px">Trop large</p>'),
    (
        "paper",
        "fits",
        '<p style="overflow-x: scroll; white-space: nowrap">' + "Une seule longue ligne. " * 20 + "</p>",
    ),
    ("a small screen", "uncut", '<p style="height: 1em; overflow: hidden">Deux lignes<br>de mots</p>'),
    ("spaced text", "uncut", '<p style="width: 6.5em; white-space: nowrap">Quinze lettres</p>'),
    (ZOOMED, "reached", '<p style="position: fixed; inset: 0; background: red">Un bandeau</p>'),
    ("a desktop", "outlined", '<a href="/" style="outline: none">Ici</a>'),
    ("forced colours", "outlined", '<a href="/" style="outline-width: 1px">Ici</a>'),
    (
        "a desktop",
        "ordered",
        '<p style="display: flex; flex-direction: column-reverse"><a href="/">Un</a><a href="/">Deux</a></p>',
    ),
    ("a desktop", "ordered", '<button style="position: absolute; left: -9999px">Ailleurs</button>'),
    ("a desktop", "ordered", '<button tabindex="3">Trois</button>'),
    ("forced colours", "edged", '<button style="border: 0; background: none">Sans bord</button>'),
    ("forced colours", "edged", '<input aria-invalid="true" style="border: 1px solid">'),
    ("reduced motion", "still", '<p style="transition: color 1s">Doucement</p>'),
    ("paper", "printed", '<button style="display: block !important">Valider</button>'),
    ("paper", "printed", '<div class="evidence"><p style="display: none">La preuve</p></div>'),
    ("no pictures", "named", '<a href="/"><img src="/static/caducee.svg" alt=""></a>'),
    (
        "no pictures",
        "named",
        '<img src="/static/caducee.svg" alt="Ceci dit tout" style="display: block; width: 9px">',
    ),
    ("no style sheet", "plain", '<svg viewBox="0 0 24 24"><path d="M3 6h18" /></svg>'),
    ("no style sheet", "plain", '<input id="late"><label for="late">Trop tard</label>'),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[webdriver.Chrome]:
    with looking.opened() as driver:
        yield driver


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return {state.name: rendered("fr", state) for state in every_state("fr")}


@pytest.mark.parametrize("name", MODES)
def test_every_page_is_whole_in(chromium: webdriver.Chrome, pages: dict[str, str], name: str) -> None:
    assert wrong(chromium, MODES[name], list(pages.items())) == []


@pytest.mark.parametrize("name", [ZOOMED, "other fonts", "spaced text"])
def test_every_mail_is_whole_in(chromium: webdriver.Chrome, name: str) -> None:
    mails = [(mail.name, written_state("html", "fr", mail)) for mail in every_mail()]
    mode = Mode(size=MODES[name].size, style=MODES[name].style, checks=("fits", "uncut"))
    assert wrong(chromium, mode, mails) == []


def test_each_of_these_faults_is_seen(chromium: webdriver.Chrome, pages: dict[str, str]) -> None:
    good = pages["choice-all"]
    for mode, check, broken in BROKEN:
        seen = wrong(chromium, MODES[mode], [("good", good.replace("</main>", f"{broken}</main>"))])
        assert [one for one in seen if one.startswith(f"good: {check}: ")], (mode, broken)


def test_a_page_without_a_way_over_its_head_is_seen(
    chromium: webdriver.Chrome, pages: dict[str, str]
) -> None:
    for broken in ('class="skip" href="#nowhere"', 'class="skip" href="/"'):
        page = pages["choice-all"].replace('class="skip" href="#content"', broken)
        assert "skips" in str(wrong(chromium, MODES[ZOOMED], [("good", page)]))
    invisible = pages["choice-all"].replace('class="skip"', 'class="unseen"')
    assert "skips" in str(wrong(chromium, MODES[ZOOMED], [("good", invisible)]))


def test_a_page_of_which_nothing_is_printed_is_seen(
    chromium: webdriver.Chrome, pages: dict[str, str]
) -> None:
    main = '<main id="content" class="page" tabindex="-1">'
    page = pages["choice-all"].replace(main, f'{main}<div class="unprinted">')
    assert "no words" in str(wrong(chromium, MODES["paper"], [("good", page)]))


def sheets(driver: webdriver.Chrome, html: str) -> tuple[int, int]:
    """Returns how many sheets of A4 a page fills by its height, and how many come out of the printer."""
    stage.sized(driver, *SHEET)
    stage.pretend(driver, "print")
    driver.execute_script("take(arguments[0])", html)
    height: int = driver.execute_script("return document.querySelector('main').scrollHeight")
    stage.pretend(driver)
    told = driver.execute_cdp_cmd("Page.printToPDF", {"paperWidth": 8.27, "paperHeight": 11.69})
    return -(-height // SHEET[1]), len(re.findall(rb"/Type\s*/Page\b", base64.b64decode(told["data"])))


def test_no_sheet_comes_out_empty(chromium: webdriver.Chrome) -> None:
    """Of each page its first state; a heading that goes to the next sheet with its text may need one more."""
    first = {state.template: state for state in reversed(list(every_state("fr")))}
    for state in first.values():
        filled, printed = sheets(chromium, rendered("fr", state))
        assert filled <= printed <= (filled if filled < 3 else filled + 1), state.name


def test_a_sheet_that_comes_out_empty_is_counted(chromium: webdriver.Chrome, pages: dict[str, str]) -> None:
    end = '<div style="break-before: page">&nbsp;</div></body>'
    assert sheets(chromium, pages["choice-all"].replace("</body>", end)) == (1, 2)
