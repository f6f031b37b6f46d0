"""Real Chromium with JavaScript: a password is shown, and judged by the server while it is typed."""

from collections.abc import Callable, Iterator

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser.conftest import Window, served
from tests.limits import within
from tests.provider import PASSWORD, RPPS, Provider, app_factory, audited, templates

__all__ = ["app_factory", "templates"]

#: What the form leaves with: where a password manager looks.
_NOTE_TYPES = """
addEventListener("submit", () => sessionStorage.setItem("types",
  [...document.querySelectorAll(".secret input")].map((field) => field.type).join()));
"""


@pytest.fixture
def provider(app_factory: Callable[..., Provider]) -> Iterator[Provider]:
    with served(app_factory) as provider:
        yield provider


def reveal(window: Window, field: str) -> tuple[str, str]:
    """Press « Afficher » of this field. Returns what the button then says it is, and the kind of the field."""
    button = window.driver.find_element(By.CSS_SELECTOR, f'button[aria-controls="{field}"]')
    # It is shown by the script, once something is typed.
    WebDriverWait(window.driver, within(10)).until(lambda _driver: button.is_displayed())
    button.click()
    kind = window.driver.find_element(By.ID, field).get_attribute("type")
    return str(button.get_attribute("aria-pressed")), str(kind)


def judged(window: Window, password: str) -> str:
    field = window.driver.find_element(By.ID, "new_password")
    field.clear()
    field.send_keys(password)
    place = window.driver.find_element(By.ID, "new_password-judged")
    WebDriverWait(window.driver, within(10)).until(lambda _driver: place.text)
    assert place.get_attribute("role") == "status"
    return str(place.text)


def test_a_password_is_shown_judged_as_it_is_typed_and_hidden_again_before_it_leaves(
    provider: Provider, plain_window: Window
) -> None:
    window = plain_window
    window.open(f"{provider.settings.where.issuer}/account/sign-in?to=password")
    window.fill("username", RPPS)
    window.fill("current-password", PASSWORD)
    assert reveal(window, "password") == ("true", "text")
    assert reveal(window, "password") == ("false", "password")
    assert reveal(window, "password") == ("true", "text")
    window.driver.execute_script(_NOTE_TYPES)
    window.press("Se connecter")
    assert window.driver.execute_script('return sessionStorage.getItem("types")') == "password"
    window.fill("one-time-code", provider.last_code())
    window.press("Valider")
    assert judged(window, "trop court") == "Choisissez au moins 15 caractères."
    assert judged(window, "un tout autre mot de passe, bien long") == "Ce mot de passe convient."
    assert reveal(window, "new_password") == ("true", "text")
    requests = window.driver.execute_script(
        'return performance.getEntriesByType("resource").map((one) => one.name)'
    )
    assert {one.rpartition("/")[2] for one in requests if "/account/" in one} == {"judge"}
    window.fill("current-password", PASSWORD)
    window.press("Changer mon mot de passe")
    assert "Votre mot de passe est changé" in window.text


def test_back_and_reload_after_a_refused_form_send_nothing_again(
    provider: Provider, plain_window: Window
) -> None:
    window = plain_window
    window.open(f"{provider.settings.where.issuer}/account/sign-in?to=password")
    window.fill("username", RPPS)
    window.fill("current-password", "certainement pas celui-ci")
    window.press("Se connecter")
    assert "incorrect" in window.text
    window.driver.back()
    assert window.title.startswith("Identifiez-vous")
    window.driver.forward()
    window.driver.refresh()
    assert window.title.startswith("Identifiez-vous")
    assert "incorrect" not in window.text
    assert audited(provider).count("password:check:refused") == 1
