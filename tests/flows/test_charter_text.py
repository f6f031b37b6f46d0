"""A charter to read, keep and mend: its table of contents, its text as a file, and where a missing tick is told."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.accounts.charter import CharterRevision
from idp.flows.shared.charter_text import charter_with_contents
from tests.faults import posting
from tests.flows.test_charter import NAMED, accept, publish
from tests.protocol.policed import PolicedParty, signed_in_by
from tests.provider import Browser, Provider, answer_of

LONG = {
    "fr": "# Conditions\n\n" + "".join(f"## Article {n} – L'été\r\n\nTexte {n}.\n\n" for n in range(1, 6)),
    "en": "# Terms\n\n" + "".join(f"## Article {n}\n\nText {n}.\n\n" for n in range(1, 6)),
}


def headings(rank: str, number: int, words: str = "Objet") -> str:
    return "".join(f"{rank} {words}\n\nTexte.\n\n" for _ in range(number))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("Un texte sans titre.", []),
        (headings("##", 3), []),
        (headings("##", 4), ["Objet"] * 4),
        # Its title is no line of the contents, nor are the parts within the articles.
        (f"# Charte\n\n{headings('##', 4)}{headings('###', 9, 'Partie')}", ["Objet"] * 4),
        # Three parts are too few: their articles.
        (headings("#", 3, "Partie") + headings("###", 5), ["Objet"] * 5),
        (headings("#", 4), ["Objet"] * 4),
        (headings("##", 4, "**Le** `code` [ici](https://a.example) &amp; <b>"), ["Le code ici & <b>"] * 4),
        ("Sur deux\nlignes\n---\n\n" * 4, ["Sur deux lignes"] * 4),
        # Without words there is nothing to press.
        (headings("##", 9, ""), []),
        (headings("##", 200), ["Objet"] * 200),
    ],
)
def test_the_contents_are_the_highest_headings_of_which_there_are_enough(text: str, words: list[str]) -> None:
    html, contents = charter_with_contents(text)
    assert [heading.words for heading in contents] == words
    there = BeautifulSoup(html, "html.parser").find_all(id=True)
    assert [str(tag["id"]) for tag in there] == [heading.id for heading in contents]
    assert {tag.name for tag in there} <= {"h2", "h3"}


@pytest.fixture
def party(app_factory: Callable[..., Provider], every_door: dict[str, Any]) -> PolicedParty:
    house = app_factory(**every_door)
    found = PolicedParty(house)
    found.govern(charters=[NAMED])
    return found


def publish_long(party: PolicedParty, revision: str = "2026-1") -> CharterRevision:
    published = CharterRevision(revision=revision, published_at=datetime.now(UTC), texts=LONG, charter=NAMED)
    party.house.charters.publish(published)
    return published


def at_the_charter(party: PolicedParty) -> tuple[Browser, TestResponse]:
    browser = signed_in_by(party.house, "cps")
    return browser, party.ask(browser)


def links(page: TestResponse) -> list[str]:
    return [str(a["href"]) for a in BeautifulSoup(page.text, "html.parser").select(".reading a")]


def test_each_line_of_the_contents_leads_to_its_heading(party: PolicedParty) -> None:
    publish_long(party)
    _, page = at_the_charter(party)
    shown = BeautifulSoup(page.text, "html.parser")
    lines = [(a.get_text(), str(a["href"])) for a in shown.select("nav a")]
    assert [words for words, _ in lines] == [f"Article {n} – L'été" for n in range(1, 6)]
    for words, href in lines:
        (heading,) = shown.select(f"article {href}")
        assert heading.get_text() == words


def test_a_short_charter_has_no_contents_and_may_be_kept_all_the_same(party: PolicedParty) -> None:
    publish(party.house, NAMED)
    browser, page = at_the_charter(party)
    assert BeautifulSoup(page.text, "html.parser").nav is None
    (file,) = links(page)
    assert browser.get(file).text == "# Conditions policed-terms 2026-1"


@pytest.mark.parametrize("locale", ["fr", "en"])
def test_the_file_has_the_digest_that_is_accepted_and_names_its_revision(
    party: PolicedParty, locale: str
) -> None:
    published = publish_long(party)
    browser = signed_in_by(party.house, "cps")
    browser.client.set_cookie("caducee_locale", locale, domain="localhost")
    page = party.ask(browser)
    file = browser.get(links(page)[-1])
    assert (file.status_code, file.data) == (200, LONG[locale].encode())
    assert file.headers["Content-Type"] == "text/plain; charset=utf-8"
    name = f'attachment; filename="charte-{NAMED}-2026-1.{locale}.txt"'
    assert file.headers["Content-Disposition"] == name
    safe = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"}
    assert {name: file.headers[name] for name in safe} == safe
    accept(browser, page)
    accepted = party.house.charters.evidence_of(party.house.account.id)[-1].text_sha256
    assert hashlib.sha256(file.data).hexdigest() == accepted == published.sha256(locale)


@pytest.mark.parametrize(
    ("revision", "name"),
    [
        ("Été 2026/1", "Ete-2026-1"),
        ('"; filename="x.exe', "filename-x-exe"),
        ("../../etc/passwd", "etc-passwd"),
        ("a\r\nSet-Cookie: b", "a-Set-Cookie-b"),
        ("…", ""),
        ("x" * 300, "x" * 200),
    ],
)
def test_no_name_of_a_revision_breaks_the_name_of_its_file(
    party: PolicedParty, revision: str, name: str
) -> None:
    publish(party.house, NAMED, revision)
    browser, page = at_the_charter(party)
    told = browser.get(links(page)[-1]).headers["Content-Disposition"]
    expected = f"charte-{NAMED}-{name}".strip("-")[:100]
    assert told == f'attachment; filename="{expected}.fr.txt"'


def test_the_file_is_there_for_whom_the_charter_is_due_and_nobody_else(party: PolicedParty) -> None:
    publish_long(party)
    browser, page = at_the_charter(party)
    file = links(page)[-1]
    assert LONG["fr"] not in party.house.browser().get(file).text
    assert answer_of(accept(browser, page))["code"]
    again = browser.get(file)
    assert (again.status_code == 200, "attachment" in str(again.headers)) == (False, False)


def test_the_page_of_a_missing_tick_opens_at_the_tick_and_says_so_there(party: PolicedParty) -> None:
    publish_long(party)
    browser, page = at_the_charter(party)
    answer = posting(browser, page, "/charter")()
    path, _, part = answer.headers["Location"].partition("#")
    assert path == f"{page.request.path}?said=1"
    # Whoever keeps the file first is told all the same.
    browser.get(links(page)[-1])
    (form,) = BeautifulSoup(browser.follow(answer).text, "html.parser").select(f"form#{part}")
    (tick,) = form.select("#accepted")
    (error,) = form.select(f"#{tick['aria-describedby']}")
    assert "Cochez la case" in error.get_text()
    assert "Cochez la case" not in browser.get(path).text


def test_the_page_of_a_text_that_changed_opens_at_its_top(party: PolicedParty) -> None:
    publish_long(party)
    browser, page = at_the_charter(party)
    publish_long(party, "2026-2")
    answer = posting(browser, page, "/charter", accepted="yes")()
    assert answer.headers["Location"] == f"{page.request.path}?said=1"
