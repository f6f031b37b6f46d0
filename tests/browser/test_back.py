"""Real Chromium, « back » pressed wherever a form was answered: no form is ever to be sent again, and no page is a dead
end; and a Chromium that keeps no cookies."""

from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from idp.accounts.charter import HOUSE
from tests.browser.conftest import Window, plain_chromium, served
from tests.flows.test_charter import publish
from tests.protocol.keyed import client_yaml, with_clients
from tests.provider import PASSWORD, RPPS, Provider, app_factory, authorization, templates

__all__ = ["app_factory", "templates"]

WRONG, NEW = "certainement pas celui-ci", "violon tambour 9 orage bois"


@pytest.fixture(scope="module")
def provider(app_factory: Callable[..., Provider]) -> Iterator[Provider]:
    """With an application whose page is one of ours: nothing else listens here."""
    with served(app_factory) as provider:
        callback = f"{provider.settings.where.issuer}/about/accessibility"
        application = client_yaml("back", redirect_uris=[callback], token_endpoint_auth_method="none")
        with_clients(provider.settings.where.clients_file, application)
        yield provider


class Pages:
    """The window, and what is asked of every page that « back », « forward » or « reload » shows."""

    def __init__(self, window: Window, provider: Provider) -> None:
        self.window = window
        self.issuer = provider.settings.where.issuer

    @property
    def heading(self) -> str:
        return str(self.window.driver.find_element(By.CSS_SELECTOR, "h1").text)

    def refused(self, press: str, words: str) -> None:
        """Send the form, be told why not; then back, forward and reload: a page of ours, and no form to send again."""
        at = self.heading
        # What the browser would refuse by itself is sent all the same.
        self.window.driver.execute_script("for (const form of document.forms) form.noValidate = true;")
        self.window.press(press)
        assert words in self.window.text, self.window.text
        for gesture in ("back", "forward", "refresh", "back"):
            getattr(self.window.driver, gesture)()
            self.is_ours()
        assert self.heading == at

    def is_ours(self) -> None:
        # Chromium's own page for a form that it would have to send again has neither.
        assert "ERR_CACHE_MISS" not in self.window.driver.page_source
        assert self.window.driver.find_elements(By.CSS_SELECTOR, "main h1"), self.window.driver.page_source
        assert self.window.driver.find_elements(By.CSS_SELECTOR, "main a, main button")


def test_back_never_sends_a_form_again_and_is_no_dead_end(provider: Provider, plain_window: Window) -> None:
    window, pages = plain_window, Pages(plain_window, provider)
    publish(provider, HOUSE, "2027-1")
    asked = authorization(client_id="back", redirect_uri=f"{pages.issuer}/about/accessibility")
    window.open(f"{pages.issuer}/authorize?{urlencode(asked)}")

    window.fill("username", RPPS)
    window.fill("current-password", WRONG)
    pages.refused("Se connecter", "incorrect")
    window.fill("username", RPPS)
    window.fill("current-password", PASSWORD)
    window.press("Se connecter")

    window.fill("one-time-code", "00000000")
    pages.refused("Valider", "Ce code")
    window.fill("one-time-code", provider.last_code())
    window.press("Valider")

    pages.refused("Valider", "Cochez la case")
    window.tick("J'ai lu et accepte les conditions ci-dessus")
    window.press("Valider")
    assert "code=" in window.url

    # The application has its code: the sign-in is over, and each of its pages says so, with a way on.
    for _ in range(3):
        window.driver.back()
        pages.is_ours()
        assert pages.heading == "Cette connexion est déjà terminée"

    window.open(f"{pages.issuer}/account/address")
    window.driver.find_element(By.NAME, "city").clear()
    pages.refused("Enregistrer cette adresse", "Ville")
    window.open(f"{pages.issuer}/account/password")
    window.fill("current-password", WRONG)
    window.fill("new-password", NEW)
    pages.refused("Changer mon mot de passe", "actuel")

    window.fill("current-password", PASSWORD)
    window.fill("new-password", NEW)
    window.press("Changer mon mot de passe")
    assert pages.heading == "Votre mot de passe est changé"
    for gesture in ("back", "forward", "refresh"):
        getattr(window.driver, gesture)()
        pages.is_ours()


def test_a_browser_that_keeps_no_cookies_is_told_so(provider: Provider) -> None:
    chosen = plain_chromium()
    off = {"intl.accept_languages": "fr", "profile.default_content_setting_values.cookies": 2}
    chosen["options"].add_experimental_option("prefs", off)
    driver = webdriver.Chrome(**chosen)
    try:
        window, pages = Window(driver, "fr"), Pages(Window(driver, "fr"), provider)
        window.open(f"{pages.issuer}/authorize?{urlencode(authorization())}")
        assert pages.heading == "La connexion ne peut pas continuer sans cookie"
        window.open(f"{pages.issuer}/")
        window.press("Se connecter")
        assert pages.heading == "La connexion ne peut pas continuer sans cookie"
        window.press("Réessayer")
        assert pages.heading == "La connexion ne peut pas continuer sans cookie"
    finally:
        driver.quit()
