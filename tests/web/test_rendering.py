"""A page that says nothing of any person is made once for all browsers, and each one's is as if made for it alone."""

import dataclasses
import re

import pytest

from idp.pages.choice import ChoicePage
from idp.web.catalogues import load_catalogues
from idp.web.rendering import Templates
from sandbox.style_guide.pages import every_state
from sandbox.style_guide.rendering import TEMPLATES, environment, rendered
from sandbox.style_guide.state import State, frame
from tests.provider import RPPS, Browser, Provider

CHOICES = [state for state in every_state("fr") if isinstance(state.page, ChoicePage)]


@pytest.fixture(scope="module")
def pages() -> Templates:
    return Templates(load_catalogues(TEMPLATES), environment())


@pytest.mark.parametrize("locale", ["fr", "en"])
@pytest.mark.parametrize("state", CHOICES, ids=lambda state: state.name)
def test_the_text_is_the_same_as_one_made_for_this_browser(
    pages: Templates, state: State, locale: str
) -> None:
    for name in ("one", '<two>&"'):
        base = f"/interaction/{name}"
        mine = dataclasses.replace(
            frame(state, locale),
            base_path=base,
            csrf=f"csrf of {name}",
            language_path=f"{base}/choice",
        )
        found = pages.render_common(state.template, mine, state.page)
        assert found == pages.render(state.template, locale, frame=mine, page=state.page)


@pytest.mark.parametrize("locale", ["fr", "en"])
def test_pieces_that_several_files_import_are_evaluated_once_and_say_the_same(
    pages: Templates, locale: str
) -> None:
    made: list[str] = []
    for state in every_state(locale):
        mine = frame(state, locale)
        text = pages.render(state.template, locale, frame=mine, page=state.page)
        assert text == rendered(locale, state), state.name
        made.append(text)
    assert len(set(made)) > 200


def token_of(browser: Browser, **changes: str) -> tuple[str, bool]:
    """The CSRF token of a new sign-in page, and whether it has the RPPS."""
    page = browser.follow(browser.authorize(**changes))
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page.text)
    assert found is not None
    assert page.text.count(page.request.path.removesuffix("/choice")) >= 3
    return found[1], RPPS in page.text


def test_each_browser_has_its_own_token_and_never_the_number_of_another(provider: Provider) -> None:
    seen = [
        token_of(provider.browser(), **hint) for hint in ({}, {"login_hint": RPPS}, {}, {"login_hint": RPPS})
    ]
    assert len({token for token, _ in seen}) == 4
    assert [has_number for _, has_number in seen] == [False, True, False, True]
