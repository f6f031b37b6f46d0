"""A charter that is shown in another language than its page."""

from dataclasses import replace
from html import unescape

import pytest

from idp.pages.charters import AcceptancePage, CharterPage
from sandbox.style_guide.pages import every_state
from sandbox.style_guide.rendering import CATALOGUES, rendered


def shown_in(locale: str, text_locale: str) -> dict[str, bool]:
    """Whether each page of a charter says that its text is in another language, and which one binds."""
    told, said = {}, CATALOGUES.translator(locale)("charter.other_language")
    for state in every_state(locale):
        if isinstance(state.page, CharterPage) or (
            isinstance(state.page, AcceptancePage) and state.page.is_verified
        ):
            page = rendered(locale, replace(state, page=replace(state.page, text_locale=text_locale)))
            told[state.name] = said in unescape(page)
    assert len(told) > 10
    return told


@pytest.mark.parametrize("locale", ["fr", "en"])
def test_it_is_said(locale: str) -> None:
    assert set(shown_in(locale, text_locale="en" if locale == "fr" else "fr").values()) == {True}
    assert set(shown_in(locale, text_locale=locale).values()) == {False}
