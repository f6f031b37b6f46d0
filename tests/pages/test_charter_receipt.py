"""The mail that a person keeps of a charter accepted, as text and as HTML."""

import re
from dataclasses import replace

import pytest
from bs4 import BeautifulSoup

from idp.pages.mails import CharterReceiptMail
from sandbox.style_guide.families.mails import receipts
from sandbox.style_guide.rendering import written
from sandbox.style_guide.state import LOCALES
from tests.pages.reading import HOSTILE

each_language = pytest.mark.parametrize("locale", LOCALES)


def mail(kind: str, locale: str, model: CharterReceiptMail) -> str:
    return written(kind, locale, "charter_receipt", model)


@each_language
@pytest.mark.parametrize("kind", ["txt", "html"])
def test_receipt_names_the_revision_its_date_its_digest_and_where_to_read_it(locale: str, kind: str) -> None:
    for model in receipts(locale):
        text = mail(kind, locale, model)
        for words in ("2026-1", model.accepted_at, "4f" * 32, model.client_name, model.address):
            assert words in text
        assert "\n\n\n" not in text
        # The one address is a text: a person who learnt to click on it would click on that of another.
        assert not re.search("href|src=", text)
        assert text.count("http") == 1


@each_language
def test_html_receipt_is_escaped(locale: str) -> None:
    hostile = replace(receipts()[1], client_name=HOSTILE, revision=HOSTILE)
    page = BeautifulSoup(mail("html", locale, hostile), "html.parser")
    assert not page.find("script")
    assert HOSTILE in page.get_text()
    assert HOSTILE in mail("txt", locale, hostile)
