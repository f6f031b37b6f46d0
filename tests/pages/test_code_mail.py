"""The mail that carries a code, as text and as HTML."""

import re

import pytest
from bs4 import BeautifulSoup

from idp.pages.mails import CodeMail
from sandbox.style_guide.families.mails import last_minute_mail, mails
from sandbox.style_guide.rendering import CATALOGUES, written
from sandbox.style_guide.state import LOCALES
from tests.pages.reading import HOSTILE, text_of

each_language = pytest.mark.parametrize("locale", LOCALES)


def mail(kind: str, locale: str, model: CodeMail) -> str:
    return written(kind, locale, "code", model)


@each_language
@pytest.mark.parametrize("kind", ["txt", "html"])
def test_mail_says_who_why_how_long_and_holds_no_link(locale: str, kind: str) -> None:
    for model in mails(locale):
        text = mail(kind, locale, model)
        for words in (
            "Caducée",
            "ViaTrajectoire",
            "10\u00a0minutes",
            model.until,
            model.requested_at,
        ):
            assert words in text
        assert {"fr": "Ne communiquez jamais ce code", "en": "Never give this code"}[locale] in text
        assert not re.search(r"https?:|www\.|href|src=", text)
        assert model.code not in CATALOGUES.translator(locale)(f"mail.code.subject_{model.purpose}")


@pytest.mark.parametrize(
    ("locale", "says"), [("fr", "valable une minute, "), ("en", "valid for one minute, ")]
)
@pytest.mark.parametrize("kind", ["txt", "html"])
def test_mail_of_a_code_that_lives_for_a_minute_says_one(locale: str, says: str, kind: str) -> None:
    assert says in mail(kind, locale, last_minute_mail(locale))


@each_language
def test_code_stands_alone_on_its_line(locale: str) -> None:
    for model in mails(locale):
        assert [line for line in mail("txt", locale, model).splitlines() if line.strip() == "48213907"]
        assert "\n\n\n" not in mail("txt", locale, model)
        page = BeautifulSoup(mail("html", locale, model), "html.parser")
        assert text_of(page.select_one("p.code")) == "48213907"
        assert page.html is not None
        assert page.html["lang"] == locale


def test_text_mail_is_plain_and_html_mail_is_escaped() -> None:
    for model in mails(client_name=HOSTILE):
        assert HOSTILE in mail("txt", "fr", model)
        assert "&#39;" not in mail("txt", "fr", model)
        assert "<script>" not in mail("html", "fr", model)
