"""Real Chromium with JavaScript: it warns before a page is over, and prolongs it without losing what is typed."""

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait
from werkzeug.serving import BaseWSGIServer, make_server

from tests.browser.conftest import Window, plain_chromium
from tests.limits import within
from tests.provider import PASSWORD, RPPS, Provider, app_factory, authorization, templates

__all__ = ["app_factory", "templates"]


@pytest.fixture
def server(app_factory: Callable[..., Provider]) -> Iterator[BaseWSGIServer]:
    """A provider whose sign-ins wait less than the time at which a page warns."""
    late: list[Provider] = []
    serving = make_server("127.0.0.1", 0, lambda *told: late[0].app(*told), threaded=True)
    issuer = f"http://localhost:{serving.server_port}"
    late.append(app_factory(issuer=issuer, interaction_life=timedelta(seconds=170)))
    thread = threading.Thread(target=serving.serve_forever)
    thread.start()
    yield serving
    serving.shutdown()
    thread.join()
    serving.server_close()


@pytest.fixture
def window() -> Iterator[Window]:
    driver = webdriver.Chrome(**plain_chromium())
    yield Window(driver, "fr")
    driver.quit()


def deadline(window: Window) -> dict[str, Any]:
    script = "const it = document.getElementById('deadline'); return [it.dataset.seconds, it.innerText];"
    seconds, text = window.driver.execute_script(script)
    return {"seconds": int(seconds), "text": text}


def test_more_time_is_given_without_leaving_the_page(server: BaseWSGIServer, window: Window) -> None:
    window.open(f"http://localhost:{server.server_port}/authorize?{urlencode(authorization())}")
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
