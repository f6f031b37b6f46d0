"""axe about every state of every page and every mail: French in the light on a desktop, English in the dark on a
phone. What it may say all the same is named here, with the reason."""

from collections.abc import Iterator

import pytest
from selenium import webdriver

from sandbox.style_guide.mails import every_mail, written_state
from sandbox.style_guide.pages import every_state
from sandbox.style_guide.rendering import rendered
from tests.browser import stage
from tests.browser.axe import COLOURS, Finding, findings
from tests.pages.reading import page_of

#: Of a mail: a mailbox shows it within a page of its own, which has the landmarks and the first heading.
OF_WHOLE_PAGES = ("bypass", "landmark-one-main", "page-has-heading-one", "region")
#: axe cannot see what is below the words of a drawing; `test_style` has their colours.
OF_DRAWINGS = ("operations-", "color-contrast", "<text ")


@pytest.fixture(scope="module")
def chromium() -> Iterator[webdriver.Chrome]:
    with stage.opened() as driver:
        yield driver


def is_expected(finding: Finding) -> bool:
    if finding.page.startswith("mail-"):
        return finding.rule in OF_WHOLE_PAGES
    pages, rule, element = OF_DRAWINGS
    return finding.page.startswith(pages) and finding.rule == rule and finding.html.startswith(element)


@pytest.mark.parametrize(
    ("locale", "scheme", "size"), [("fr", "light", (1280, 800)), ("en", "dark", (390, 844))]
)
def test_no_page_and_no_mail_breaks_a_rule(
    chromium: webdriver.Chrome, locale: str, scheme: str, size: tuple[int, int]
) -> None:
    pages = [(state.name, rendered(locale, state)) for state in every_state(locale)]
    pages += [(mail.name, written_state("html", locale, mail)) for mail in every_mail()]
    stage.sized(chromium, *size)
    stage.pretend(chromium, prefers_color_scheme=scheme)
    found = list(findings(chromium, pages))
    assert any(is_expected(one) for one in found)  # or the exceptions are over
    assert [one for one in found if not is_expected(one)] == []


#: Rule, what is taken from a good page, what stands there instead.
BROKEN = [
    ("html-has-lang", ' lang="fr" ', " "),
    ("html-lang-valid", ' lang="fr" ', ' lang="zz" '),
    ("document-title", "<title>", "<title></title><title>"),
    ("label", '<label for="rpps">', '<label for="password">'),
    ("duplicate-id-aria", "</main>", '<em id="rpps-hint">.</em></main>'),
    ("button-name", "</main>", "<button></button></main>"),
    ("image-alt", "</main>", '<img src="/static/caducee.svg"></main>'),
    ("heading-order", "</main>", "<h4>Trop bas</h4></main>"),
    ("landmark-one-main", "main", "div"),
    ("target-size", "</main>", "<button class='plain' style='font-size:6px;padding:0'>a</button>" * 9),
    ("color-contrast", "</main>", '<p style="color:#8fa3a9">Trop pâle</p></main>'),
    ("link-in-text-block", "</main>", '<p>Lisez <a href="/" style="text-decoration:none">ceci</a> bien.</p>'),
    ("meta-viewport", "initial-scale=1", "initial-scale=1, user-scalable=no"),
]


def test_each_of_these_faults_is_found(chromium: webdriver.Chrome) -> None:
    stage.sized(chromium, 1280, 800)
    stage.pretend(chromium, prefers_color_scheme="light")
    good = rendered("fr", next(state for state in every_state("fr") if state.name == "choice-all"))
    assert all(sound in good for _, sound, _ in BROKEN)
    pages = [(rule, good.replace(sound, broken)) for rule, sound, broken in BROKEN]
    found = {(one.page, one.rule) for one in findings(chromium, pages)}
    assert {(rule, rule) for rule, _, _ in BROKEN} <= found


def test_a_colour_that_is_read_in_the_light_alone_is_found_in_the_dark(chromium: webdriver.Chrome) -> None:
    page = str(page_of("choice-all")).replace("</main>", '<p style="color:#12282f">Encre</p></main>')
    stage.sized(chromium, 1280, 800)
    for scheme, faults in (("light", 0), ("dark", 1)):
        stage.pretend(chromium, prefers_color_scheme=scheme)
        assert len(list(findings(chromium, [("ink", page)], rules=COLOURS))) == faults
