"""Where a line of a page or mail may end: never within an hour, a day, or a number and its unit."""

import re
from collections.abc import Iterator, Mapping
from functools import cache

import pytest

from sandbox.style_guide.mails import FORMS, every_mail, written_state
from sandbox.style_guide.pages import every_state
from sandbox.style_guide.rendering import CATALOGUES, rendered
from sandbox.style_guide.state import LOCALES
from tests.pages.plain_words import read

each_language = pytest.mark.parametrize("locale", LOCALES)
#: What a reader of the text sees, but for what the operator wrote.
_LEFT_OUT = frozenset({"article", "bdi", "code"})
_MONTHS = {locale: CATALOGUES.texts[locale]["language.months"].replace(", ", "|") for locale in LOCALES}
_UNITS = (
    "h|ms|%|secondes?|seconds?|minutes?|heures?|hours?|mois|months?|essais?|attempts?|caractères|characters"
)


@cache
def said(locale: str) -> Mapping[str, str]:
    """The words of every page and mail, by its name."""
    return dict(_said(locale))


def _said(locale: str) -> Iterator[tuple[str, str]]:
    for state in every_state(locale):
        yield state.name, "\n".join(read(rendered(locale, state), locale, _LEFT_OUT).said)
    for mail in every_mail(locale):
        text, html = (written_state(form, locale, mail) for form in FORMS)
        # The foot is the operator's.
        yield mail.name, text.partition("\n-- \n")[0]
        yield f"{mail.name} in HTML", "\n".join(read(html, locale, _LEFT_OUT).said)


@each_language
def test_no_line_ends_within_an_hour_a_day_or_a_number_and_its_unit(locale: str) -> None:
    cut = re.compile(
        rf"\d ({_UNITS})\b|\d h \d|\d(er)? ({_MONTHS[locale]})\b|({_MONTHS[locale]}) \d", re.IGNORECASE
    )
    assert {name: found[0] for name, words in said(locale).items() if (found := cut.search(words))} == {}


@each_language
def test_what_is_cut_would_be_found(locale: str) -> None:
    whole = [
        name
        for name, words in said(locale).items()
        if re.search(rf"\d\u00a0({_MONTHS[locale]}|minutes|{_UNITS})", words)
    ]
    assert {"charter-first", "identity", "mail-code-login"} <= set(whole)


def test_samples_are_in_the_language_of_the_page() -> None:
    french = re.compile(rf"\d\s?h\s?\d\d|({_MONTHS['fr']})\s20\d\d")
    assert {name: found[0] for name, words in said("en").items() if (found := french.search(words))} == {}
