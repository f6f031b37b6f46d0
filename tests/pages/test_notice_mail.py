"""The mails that tell of an event of the account, as text and as HTML."""

import re

import pytest
from bs4 import BeautifulSoup

from idp.accounts.notices import Notice
from idp.pages.mails import NoticeMail
from sandbox.style_guide.rendering import CATALOGUES, written
from sandbox.style_guide.state import LOCALES
from tests.pages.reading import HOSTILE

each_language = pytest.mark.parametrize("locale", LOCALES)
each_notice = pytest.mark.parametrize("notice", Notice)


def mail(kind: str, locale: str, notice: Notice, happened_at: str = "3 novembre 2026, 14 h 22") -> str:
    page = NoticeMail(notice=str(notice), happened_at=happened_at)
    return written(kind, locale, "notice", page)


@each_language
@each_notice
@pytest.mark.parametrize("kind", ["txt", "html"])
def test_notice_says_when_and_what_to_do_and_holds_no_link(locale: str, notice: Notice, kind: str) -> None:
    text = mail(kind, locale, notice)
    for words in ("Caducée", "3 novembre 2026, 14 h 22"):
        assert words in text
    assert not re.search(r"https?:|www\.|href|src=", text)
    assert "\n\n\n" not in text
    assert CATALOGUES.translator(locale)(f"mail.{notice}.subject")


@each_language
@each_notice
def test_html_notice_says_its_language_and_is_escaped(locale: str, notice: Notice) -> None:
    page = BeautifulSoup(mail("html", locale, notice, HOSTILE), "html.parser")
    assert page.html is not None
    assert page.html["lang"] == locale
    assert not page.find("script")
    assert HOSTILE in mail("txt", locale, notice, HOSTILE)
