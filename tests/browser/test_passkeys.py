"""Passkeys in real Chromium, with its virtual authenticator; and what a person sees without JavaScript."""

import time
from collections.abc import Callable, Iterator

import pytest
from selenium.webdriver.common.virtual_authenticator import VirtualAuthenticatorOptions

from tests.browser.conftest import Window
from tests.browser.test_journeys import _home, _session
from tests.demonstration import Demonstration
from tests.limits import within

Launch = Callable[..., Window]


@pytest.fixture
def window(demo: Demonstration, chromium: Launch) -> Iterator[Window]:
    """With a card in the reader, scripts, and an authenticator such as that of a phone."""
    window = chromium(card="martin", scripts=True)
    options = VirtualAuthenticatorOptions(
        protocol=VirtualAuthenticatorOptions.Protocol.CTAP2,
        transport=VirtualAuthenticatorOptions.Transport.INTERNAL,
        has_resident_key=True,
        has_user_verification=True,
        is_user_verified=True,
    )
    window.driver.add_virtual_authenticator(options)
    yield window
    window.driver.remove_virtual_authenticator()


def wait_for(window: Window, words: str) -> None:
    deadline = time.monotonic() + within(20)
    while words not in window.text:
        assert time.monotonic() < deadline, f"no « {words} » on « {window.title} »: {window.text}"
        time.sleep(0.05)


def to_passkeys(demo: Demonstration, window: Window) -> None:
    """To the section, by the card."""
    window.open(f"{demo.issuer}/account/sign-in?to=passkeys")
    window.press("Se connecter par CPS")
    wait_for(window, "Mes clés d'accès")


def sign_out(demo: Demonstration, window: Window) -> None:
    window.open(f"{demo.issuer}/")
    window.press("Se déconnecter")


def test_a_passkey_is_added_signs_in_and_opens_nothing_once_removed(
    demo: Demonstration, window: Window
) -> None:
    to_passkeys(demo, window)
    window.enter("Nom de la clé d'accès (facultatif)", "Téléphone de garde")
    window.press("Ajouter une clé d'accès")
    wait_for(window, "Clé d'accès ajoutée")
    wait_for(window, "Téléphone de garde")
    (credential,) = window.driver.get_credentials()
    assert credential.is_resident_credential
    # The same device has one: the browser says so itself.
    window.press_and_stay("Ajouter une clé d'accès")
    wait_for(window, "garde déjà une clé d'accès")

    sign_out(demo, window)
    home = _home(demo, demo.ready["clients"][0]["client_id"])
    window.open(home)
    window.press("Se connecter")
    window.press("Utiliser ma clé d'accès")
    wait_for(window, "MARTIN")
    assert window.url.startswith(home)
    told = _session(window, home)["id_token"]
    assert (told["acr"], told["amr"]) == ("urn:caducee:acr:passkey", ["hwk", "user", "mfa"])

    window.open(f"{demo.issuer}/account/passkeys")
    window.press("Confirmer mon identité")
    window.press("Se connecter par CPS")
    window.press_and_stay("Renommer ou retirer", "summary")
    window.press("Retirer cette clé d'accès")
    wait_for(window, "Clé d'accès retirée")
    sign_out(demo, window)
    window.open(f"{demo.issuer}/account/sign-in")
    window.press("Utiliser ma clé d'accès")
    wait_for(window, "n'ouvre rien ici")


def test_a_device_that_does_not_verify_its_person_adds_and_opens_nothing(
    demo: Demonstration, window: Window
) -> None:
    to_passkeys(demo, window)
    window.driver.set_user_verified(False)
    window.press_and_stay("Ajouter une clé d'accès")
    wait_for(window, "Rien ne s'est passé")
    window.driver.set_user_verified(True)
    window.press("Ajouter une clé d'accès")
    wait_for(window, "Clé d'accès ajoutée")
    sign_out(demo, window)
    window.driver.set_user_verified(False)
    window.open(_home(demo, demo.ready["clients"][0]["client_id"]))
    window.press("Se connecter")
    window.press("Utiliser ma clé d'accès")
    wait_for(window, "Rien ne s'est passé")
    assert "/passkey" in window.url


@pytest.mark.parametrize("locale", ["fr", "en"])
def test_without_scripts_the_page_says_so_and_the_other_doors_stay(
    demo: Demonstration, chromium: Launch, locale: str
) -> None:
    window = chromium(locale=locale)
    window.open(f"{demo.issuer}/account/sign-in?lang={locale}")
    window.press({"fr": "Utiliser ma clé d'accès", "en": "Use my passkey"}[locale])
    assert "JavaScript" in window.text
    assert {"fr": "Se connecter par CPS", "en": "Sign in with CPS card"}[locale] in window.text
    assert not window.is_wider_than_phone()
