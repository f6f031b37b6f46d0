"""Real Chromium with JavaScript: it warns before a page is over, and prolongs it without losing what is typed."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser.conftest import Window, served
from tests.limits import within
from tests.provider import PASSWORD, RPPS, Provider, app_factory, authorization, templates

__all__ = ["app_factory", "templates"]


@pytest.fixture
def provider(app_factory: Callable[..., Provider]) -> Iterator[Provider]:
    """Its sign-ins wait less than the time at which a page warns."""
    with served(app_factory, interaction_life=timedelta(seconds=170)) as provider:
        yield provider


def deadline(window: Window) -> dict[str, Any]:
    script = "const it = document.getElementById('deadline'); return [it.dataset.seconds, it.innerText];"
    seconds, text = window.driver.execute_script(script)
    return {"seconds": int(seconds), "text": text}


def test_more_time_is_given_without_leaving_the_page(provider: Provider, plain_window: Window) -> None:
    window = plain_window
    window.open(f"{provider.settings.where.issuer}/authorize?{urlencode(authorization())}")
    window.fill("username", RPPS)
    window.fill("current-password", PASSWORD)
    window.press("Se connecter")
    window.fill("one-time-code", "1234")
    assert "va bientôt expirer" in deadline(window)["text"]
    window.driver.execute_script("document.getElementById('deadline').dataset.seconds = '1'")
    window.driver.find_element(By.CSS_SELECTOR, "#deadline button").click()
    WebDriverWait(window.driver, within(10)).until(lambda _driver: deadline(window)["seconds"] > 160)
    typed = window.driver.find_element(By.CSS_SELECTOR, 'input[autocomplete~="one-time-code"]')
    assert typed.get_attribute("value") == "1234"


def test_a_form_of_the_account_is_given_more_time_without_leaving_it(
    app_factory: Callable[..., Provider], plain_window: Window
) -> None:
    window = plain_window
    with served(app_factory, session_idle=timedelta(seconds=170)) as provider:
        window.open(f"{provider.settings.where.issuer}/account/address")
        window.fill("username", RPPS)
        window.fill("current-password", PASSWORD)
        window.press("Se connecter")
        window.fill("one-time-code", provider.last_code())
        window.press("Valider")
        assert "va bientôt expirer" in deadline(window)["text"]
        field = window.driver.find_element(By.NAME, "city")
        field.clear()
        field.send_keys("Rennes")
        window.driver.execute_script("document.getElementById('deadline').dataset.seconds = '1'")
        window.driver.find_element(By.CSS_SELECTOR, "#deadline button").click()
        WebDriverWait(window.driver, within(10)).until(lambda _driver: deadline(window)["seconds"] > 160)
        assert window.driver.find_element(By.NAME, "city").get_attribute("value") == "Rennes"
