"""« Délégation »: an establishment's own identity provider identifies the person (facts/psc §2.1)."""

from urllib.parse import quote, urlencode

import pytest
import requests

from tests.sandbox.psc.driver import CALLBACK, CLIENT_ID, SECRET, TIMEOUT, Browser, Psc, basic

CHU = "OKTA_chu-exemple"


def by_establishment(browser: Browser, identity: str = "kit", *, is_paired: bool = False) -> None:
    """From the page of the establishment to the question."""
    browser.submit("Se connecter à l’établissement", identity=identity, password="exemple")
    if not is_paired:
        assert "Appairage du compte" in browser.text
        browser.submit("Appairer avec la carte", pin="1234")
    assert f"avec votre compte {identity}@chu-exemple.test" in browser.text


def test_the_hint_leads_to_the_establishment_and_the_tokens_say_that_it_was_asked(
    psc: Psc, browser: Browser
) -> None:
    browser.ask(kc_idp_hint=CHU)
    assert "CHU d’Exemple" in browser.text
    by_establishment(browser)
    browser.submit("Confirmer")
    told = psc.redeem(browser.answer()).json()
    _, claims = psc.verified(told["id_token"])
    userinfo = psc.userinfo(told["access_token"]).json()
    for one in (claims, psc.verified(told["access_token"])[1], userinfo):
        assert one["authMode"] == "IDENTITY_BROKER"
        # An account there is no national identifier.
        assert one["preferred_username"] == "kit@chu-exemple.test"
    assert claims["acr"] == "eidas1"
    assert "amr" not in claims
    assert claims["SubjectNameID"] == userinfo["SubjectNameID"]
    # Its session signs in again, whatever the hint.
    browser.ask(kc_idp_hint="OKTA_clinique-modele")
    assert browser.answer()["code"]


def test_an_account_is_paired_once(psc: Psc, browser: Browser) -> None:
    for is_paired in (False, True):
        browser.ask(prompt="login", kc_idp_hint=CHU)
        by_establishment(browser, is_paired=is_paired)
        browser.submit("Confirmer")
        assert browser.answer()["code"]
    psc.reset()
    browser.ask(kc_idp_hint=CHU)
    by_establishment(browser)


def test_the_tab_lists_the_establishments(browser: Browser) -> None:
    browser.ask()
    browser.follow("Délégation")
    assert CHU in browser.text
    browser.follow("CHU d’Exemple")
    by_establishment(browser)
    browser.submit("Rejeter")
    assert "a été rejeté" in browser.text
    assert browser.by_card()["code"]


def test_a_wrong_password_or_pin_stays_on_its_page(browser: Browser) -> None:
    browser.ask(kc_idp_hint=CHU)
    browser.submit("Se connecter à l’établissement", identity="kit", password="faux")
    assert "Compte ou mot de passe incorrect" in browser.text
    browser.submit("Se connecter à l’établissement", identity="kit", password="exemple")
    for remark in ("restants : 2", "restants : 1", "bloquée"):
        browser.submit("Appairer avec la carte", pin="0000")
        assert remark in browser.text
    browser.submit("Annuler")
    assert browser.answer()["error"] == "access_denied"


@pytest.mark.parametrize("hint", ["OKTA_unknown", "", "x" * 500, "<b>"])
def test_a_hint_that_it_does_not_know_shows_its_own_page(browser: Browser, hint: str) -> None:
    browser.ask(kc_idp_hint=hint)
    assert browser.is_at_sign_in
    assert "Se connecter avec e-CPS" in browser.text


def test_a_page_by_hand_skips_nothing(psc: Psc, browser: Browser) -> None:
    browser.ask()
    base = browser.page.url.rpartition("/")[0]
    browser.visit(f"{base}/delegation/confirmation")
    assert CHU in browser.text
    browser.visit(f"{base}/delegation/{quote('OKTA_unknown')}")
    assert "terminée" in browser.text
    stranger = Browser(psc)
    for page in ("delegation", f"delegation/{CHU}", "delegation/confirmation"):
        stranger.visit(f"{base}/{page}")
        assert "ouverte dans un autre navigateur" in stranger.text
    stranger.http.close()


def test_a_pushed_request_brings_its_hint(psc: Psc, browser: Browser) -> None:
    form = {
        "response_type": "code", "client_id": CLIENT_ID, "redirect_uri": CALLBACK, "scope": "openid scope_all",
        "acr_values": "eidas1", "state": "s", "nonce": "n", "kc_idp_hint": CHU,
    }  # fmt: skip
    endpoint = psc.metadata["pushed_authorization_request_endpoint"]
    pushed = requests.post(endpoint, form, headers=basic(CLIENT_ID, SECRET), timeout=TIMEOUT).json()
    query = urlencode({"client_id": CLIENT_ID, "request_uri": pushed["request_uri"]})
    browser.visit(f"{psc.metadata['authorization_endpoint']}?{query}")
    assert "CHU d’Exemple" in browser.text
