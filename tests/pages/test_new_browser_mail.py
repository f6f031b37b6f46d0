"""The mail about a new browser: what happened where, what to do, and no link."""

import re

import pytest
from bs4 import BeautifulSoup

from idp.accounts.open_sessions import Origin
from idp.interaction.authenticator import DOORS
from idp.pages.mails import NewBrowserMail
from idp.pages.sessions import door_key
from sandbox.style_guide.families.mails import new_browser_mails
from sandbox.style_guide.rendering import written
from sandbox.style_guide.state import LOCALES
from tests.pages.reading import HOSTILE

each_language = pytest.mark.parametrize("locale", LOCALES)


def mail(kind: str, locale: str, page: NewBrowserMail) -> str:
    return written(kind, locale, "new_browser", page)


@each_language
@pytest.mark.parametrize("kind", ["txt", "html"])
def test_it_says_where_and_what_to_do_and_holds_no_link(locale: str, kind: str) -> None:
    for page in new_browser_mails(locale=locale):
        text = mail(kind, locale, page)
        assert not re.search(r"https?:|www\.|href|src=", text)
        assert "\n\n\n" not in text
        assert text.count(page.sign_ins[0].at) == len(page.sign_ins)
        read = BeautifulSoup(text, "html.parser").get_text() if kind == "html" else text
        assert {"fr": "Ce n'était pas moi", "en": "It was not me"}[locale] in read


def test_its_text_reads_as_a_person_writes() -> None:
    text = mail("txt", "fr", new_browser_mails()[0]).replace("\u00a0", " ")
    assert (
        "- 3 novembre 2026, 14 h 22\n  Carte CPS\n  Firefox sur Windows, réseau de l'établissement (CHU de Lille)\n"
        in text
    )
    assert "navigateur inconnu, adresse non connue" in text
    assert "contactez l'assistance : 03 20 00 00 00, poste 4242." in text


@each_language
def test_what_a_browser_calls_itself_comes_out_as_text(locale: str) -> None:
    (page, _) = new_browser_mails(Origin(browser=HOSTILE, system=HOSTILE, network=HOSTILE))
    html = BeautifulSoup(mail("html", locale, page), "html.parser")
    assert not html.find("script")
    assert HOSTILE in mail("txt", locale, page)


def test_every_door_has_words_of_its_own() -> None:
    assert [door_key(door) for door in DOORS] == list(DOORS)
    assert door_key("of another version") == "other"
