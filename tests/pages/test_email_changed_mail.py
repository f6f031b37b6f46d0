"""The mail to the address of before a change, as text and as HTML."""

from dataclasses import replace

import pytest
from bs4 import BeautifulSoup

from idp.pages.mails import EmailChangedMail
from sandbox.style_guide.families.mails import email_changed_mails
from sandbox.style_guide.rendering import written
from sandbox.style_guide.state import LOCALES
from tests.pages.reading import HOSTILE

each_language = pytest.mark.parametrize("locale", LOCALES)
MAIL, WITH_HELP_DESK = email_changed_mails()


def mail(kind: str, locale: str, page: EmailChangedMail = MAIL) -> str:
    return written(kind, locale, "email_changed", page)


@each_language
@pytest.mark.parametrize("kind", ["txt", "html"])
def test_it_says_when_until_when_and_has_one_link(locale: str, kind: str) -> None:
    text = mail(kind, locale)
    for words in ("Caducée", MAIL.happened_at, MAIL.until):
        assert words in text
    assert text.count(MAIL.link) == (1 if kind == "txt" else 2)  # Its words are its address.
    assert text.count("http") == text.count(MAIL.link)
    assert "\n\n\n" not in text


@each_language
def test_it_names_the_help_desk_that_the_operator_named(locale: str) -> None:
    assert WITH_HELP_DESK.help_desk in mail("txt", locale, WITH_HELP_DESK)
    assert WITH_HELP_DESK.help_desk not in mail("txt", locale)


@each_language
def test_html_says_its_language_and_is_escaped(locale: str) -> None:
    page = BeautifulSoup(mail("html", locale, replace(MAIL, help_desk=HOSTILE)), "html.parser")
    assert page.html is not None
    assert page.html["lang"] == locale
    assert [link["href"] for link in page.find_all("a")] == [MAIL.link]
    assert not page.find("script")
