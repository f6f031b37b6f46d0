"""The mail that reminds of an announced charter, as text and as HTML."""

from dataclasses import replace

import pytest
from bs4 import BeautifulSoup

from idp.pages.mails import CharterReminderMail
from sandbox.style_guide.families.mails import reminders
from sandbox.style_guide.rendering import written
from sandbox.style_guide.state import LOCALES
from tests.pages.reading import HOSTILE

each_language = pytest.mark.parametrize("locale", LOCALES)


def mail(kind: str, locale: str, model: CharterReminderMail) -> str:
    return written(kind, locale, "charter_reminder", model)


@each_language
@pytest.mark.parametrize("kind", ["txt", "html"])
def test_reminder_names_the_revision_its_day_and_where_to_accept_it(locale: str, kind: str) -> None:
    for model in reminders(locale):
        text = mail(kind, locale, model)
        for words in (model.revision, model.due_from, *model.applications, model.address):
            assert words in text
        assert "\n\n\n" not in text
        # Nothing to click on; the one address is that of this service.
        assert "href" not in text
        assert text.count("http") == bool(model.address)


def test_applications_are_named_as_one_says_them() -> None:
    assert "Trajectoire Grand Âge et ViaTrajectoire" in mail("txt", "fr", reminders()[1])
    assert "Trajectoire Grand Âge and ViaTrajectoire" in mail("html", "en", reminders("en")[1])


@each_language
def test_html_reminder_is_escaped(locale: str) -> None:
    hostile = replace(reminders()[1], applications=(HOSTILE,), revision=HOSTILE, due_from=HOSTILE)
    page = BeautifulSoup(mail("html", locale, hostile), "html.parser")
    assert not page.find("script")
    assert HOSTILE in page.get_text()
    assert HOSTILE in mail("txt", locale, hostile)
