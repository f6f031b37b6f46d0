"""A whole sign-in by Tab, Enter and Space alone, in real Chromium without a mouse: no trap, and the focus is seen."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.wait import WebDriverWait

from idp.accounts.charter import CharterRevision
from tests.browser.conftest import Window, served
from tests.fakes import NOON
from tests.limits import within
from tests.provider import (
    PASSWORD,
    REDIRECT,
    RPPS,
    Provider,
    app_factory,
    authorization,
    every_door,
    templates,
)

__all__ = ["app_factory", "every_door", "templates"]

#: Beyond the last control, what is around the page has the focus.
_HERE = """
const one = document.activeElement, style = getComputedStyle(one);
if (one === document.body) return ["", "", true];
const label = one.id && document.querySelector(`label[for="${one.id}"]`);
return [(label || one).textContent.replace(/\\s+/g, " ").trim(), one.id,
  style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2];
"""
_MOST = 40


@pytest.fixture
def provider(app_factory: Callable[..., Provider], every_door: dict[str, Any]) -> Iterator[Provider]:
    """With a charter that its person has not read."""
    with served(app_factory, **every_door) as provider:
        text = "\n\n".join(f"## Article {number}\n\nLisez." for number in range(6))
        provider.charters.publish(CharterRevision(revision="2026-2", published_at=NOON, texts={"fr": text}))
        yield provider


def here(window: Window) -> tuple[str, str]:
    """The words of what has the focus, and its id; the focus is seen."""
    words, id_, is_outlined = window.driver.execute_script(_HERE)
    assert is_outlined or id_ == "content", words
    return str(words), str(id_)


def press(window: Window, *keys: str) -> None:
    window.driver.switch_to.active_element.send_keys(*keys)


def tab_to(window: Window, words: str) -> None:
    """Tab until the focus is on what begins with these words."""
    passed = []
    for _ in range(_MOST):
        press(window, Keys.TAB)
        passed.append(here(window)[0])
        if passed[-1].startswith(words):
            return
    raise AssertionError(f"« {words} » is not among {passed}")


def go(window: Window, key: str) -> None:
    """Press a key that leads to another page; waits until it is there."""
    before = window.driver.find_element("tag name", "html").id
    press(window, key)
    WebDriverWait(window.driver, within(20)).until(
        lambda driver: driver.find_element("tag name", "html").id != before
    )


def test_a_sign_in_needs_no_mouse(provider: Provider, plain_window: Window) -> None:
    window = plain_window
    window.open(f"{provider.settings.where.issuer}/authorize?{urlencode(authorization())}")
    press(window, Keys.TAB)
    assert here(window)[0] == "Aller au contenu"
    press(window, Keys.ENTER)
    assert here(window)[1] == "content"
    tab_to(window, "Avec votre mot de passe")
    press(window, Keys.SPACE)
    tab_to(window, "Identifiant")
    press(window, RPPS)
    tab_to(window, "Mot de passe")
    press(window, PASSWORD)
    go(window, Keys.ENTER)
    tab_to(window, "Code")
    press(window, provider.last_code())
    go(window, Keys.ENTER)
    tab_to(window, "Sommaire")
    press(window, Keys.ENTER)
    tab_to(window, "Article 5")
    press(window, Keys.ENTER)
    tab_to(window, "J'ai lu")
    press(window, Keys.SPACE)
    tab_to(window, "Valider")
    go(window, Keys.ENTER)
    assert window.url.startswith(REDIRECT)


def test_the_keyboard_goes_round_the_page_and_is_caught_nowhere(
    provider: Provider, plain_window: Window
) -> None:
    window = plain_window
    window.open(f"{provider.settings.where.issuer}/authorize?{urlencode(authorization())}")
    tab_to(window, "Aller au contenu")
    tab_to(window, "Avec votre mot de passe")
    press(window, Keys.SPACE)
    forth = []
    while "Aller au contenu" not in forth:
        press(window, Keys.TAB)
        forth.append(here(window)[0])
        assert len(forth) < _MOST
    press(window, Keys.SHIFT, Keys.TAB)
    assert here(window)[0] != forth[-1]
