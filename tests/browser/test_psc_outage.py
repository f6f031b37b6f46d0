"""Pro Santé Connect breaks down, refuses us, or asks to begin again, in real Chromium; and nothing is restarted."""

import json
import time
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
import requests
from selenium.webdriver.common.by import By

from tests.browser.conftest import Window
from tests.browser.test_journeys import _code_for, _mails_to
from tests.demonstration import Demonstration, running_demo
from tests.limits import within

PSC, CARD, PASSWORD = "S'identifier avec Pro Santé Connect", "Se connecter par CPS", "Avec votre mot de passe"
OUT = "Pro Santé Connect est en panne en ce moment."
_WITHIN_SECONDS = 60


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """A demo whose provider looks every second and counts two failures; a first connection may come from there."""
    quick = ("PSC_CIRCUIT_FAILURES=2", "PSC_CIRCUIT_PAUSE=1", "PSC_WATCH_EVERY=1", "PSC_TIMEOUT=2")
    settings = [word for setting in (*quick, "ENROLMENT_FROM_PSC=true") for word in ("--set", setting)]
    with running_demo(tmp_path_factory.mktemp("outage-demo"), *settings) as running:
        yield running


def switch(demo: Demonstration, **switches: object) -> None:
    control = f"http://localhost:{urlsplit(demo.ready['psc']['issuer']).port}/simulateur/api/switches"
    requests.put(control, json=switches, timeout=within(10)).raise_for_status()


def doors(window: Window) -> list[str]:
    """Returns what each door says first, in their order."""
    found = window.driver.find_elements(By.CSS_SELECTOR, "main button, main summary")
    said = [" ".join(one.text.split()).replace("’", "'") for one in found]
    return [one for one in said if one in (PSC, CARD, PASSWORD)]


def confirm(window: Window, rpps: str) -> None:
    """On the simulator's page: the person and their phone."""
    window.driver.find_element(By.NAME, "identifier").send_keys(rpps)
    window.press("Se connecter avec e-CPS")
    window.press("Confirmer")


def reload_until(window: Window, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + within(_WITHIN_SECONDS)
    while not holds():
        assert time.monotonic() < deadline, window.text
        window.driver.refresh()


def metrics(demo: Demonstration) -> str:
    return requests.get(f"{demo.ready['operations']}/metrics", timeout=within(10)).text


@pytest.mark.parametrize("outage", ["everything", "wallet"])
def test_outage_reorders_the_doors_and_ends_without_a_restart(
    demo: Demonstration, chromium: Callable[..., Window], outage: str
) -> None:
    home = next(one["home"] for one in demo.ready["clients"])
    account = next(one for one in demo.ready["accounts"] if one["charter"] == "accepted")
    pids = demo.ready["pids"]
    window = chromium()
    window.open(home)
    window.press("Se connecter")
    reload_until(window, lambda: OUT not in window.text)
    assert doors(window) == [PSC, CARD, PASSWORD]

    switch(demo, outage=outage)
    try:
        reload_until(window, lambda: OUT in window.text)
        assert doors(window) == [CARD, PASSWORD, PSC]
        assert "caducee_psc_up 0" in metrics(demo)
        assert not window.is_wider_than_phone()
        # Whoever insists gets a page of ours, with the other doors.
        window.press(PSC)
        assert "Pro Santé Connect ne répond pas" in window.title
        before = _mails_to(demo, account["email"])
        window.fill("username", account["rpps"])
        window.fill("current-password", account["password"])
        window.press("Se connecter")
        window.fill("one-time-code", _code_for(demo, account["email"], after=before))
        window.press("Valider")
        assert window.url.startswith(home)
        window.open(f"{home}session.json")
        assert json.loads(window.text)["id_token"]["acr"] == "urn:caducee:acr:pwd-otp"
    finally:
        switch(demo, outage="none")

    other = chromium()
    other.open(home)
    other.press("Se connecter")
    reload_until(other, lambda: OUT not in other.text)
    assert doors(other) == [PSC, CARD, PASSWORD]
    assert "caducee_psc_up 1" in metrics(demo)
    other.press(PSC)
    confirm(other, account["rpps"])
    assert other.url.startswith(home)
    assert demo.ready["pids"] == pids
    assert demo.process.poll() is None


def test_client_that_is_refused_there_is_no_fault_of_the_person_and_comes_back_by_itself(
    demo: Demonstration, chromium: Callable[..., Window]
) -> None:
    home = next(one["home"] for one in demo.ready["clients"])
    account = next(one for one in demo.ready["accounts"] if one["charter"] == "accepted")
    window = chromium()
    window.open(home)
    window.press("Se connecter")
    reload_until(window, lambda: OUT not in window.text)
    switch(demo, token_error="unauthorized_client")
    try:
        window.press(PSC)
        confirm(window, account["rpps"])
        assert "Pro Santé Connect ne peut pas servir ici en ce moment" in window.title
        assert CARD in doors(window)
        assert "Référence à donner à l'assistance" in window.text
        assert not window.is_wider_than_phone()
        told = requests.get(f"{demo.ready['operations']}/readyz", timeout=within(10)).json()
        assert "Pro Santé Connect: settings" in {fault["what"] for fault in told["wrong"]}
        assert "caducee_psc_misconfigured 1" in metrics(demo)
        window.open(home)
        window.press("Se connecter")
        assert "un réglage est à corriger par nos équipes" in window.text
        assert "panne" not in window.text
    finally:
        switch(demo, token_error="none")
    reload_until(window, lambda: "réglage" not in window.text)
    # Its session lives, and that of the other tab was used up meanwhile: nothing is seen of it.
    switch(demo, callback_error="authentication_expired_once")
    window.press(PSC)
    assert window.url.startswith(home)
    window.open(f"{home}session.json")
    assert json.loads(window.text)["id_token"]["idp"] == "psc"


def test_first_connection_and_sign_out_pass_whatever_a_keycloak_does_otherwise(
    demo: Demonstration, chromium: Callable[..., Window]
) -> None:
    """No `kid`, signed userinfo, names with a space, `auth_time` on demand; the way back with another `state`."""
    home = next(one["home"] for one in demo.ready["clients"])
    window = chromium()
    changed = {
        "token_kid": False,
        "userinfo_format": "jwt",
        "sub_format": "with_space",
        "sid_with_space": True,
        "auth_time": "with_max_age",
        "logout_state": "changed",
    }
    switch(demo, **changed)
    try:
        window.open(home)
        window.press("Se connecter")
        window.press(PSC)
        confirm(window, "899700000047")
        assert "GIRARD" in window.text
        window.fill("email", "luc.girard@cabinet.example")
        window.fill("new-password", "violon tambour 9 orage lac")
        window.fill("address-line1", "5 rue du Port")
        window.fill("postal-code", "69001")
        window.fill("address-level2", "Lyon")
        window.press("Créer mon compte")
        window.fill("one-time-code", _code_for(demo, "luc.girard@cabinet.example", after=0))
        window.press("Valider")
        window.tick("J'ai lu et accepte les conditions ci-dessus")
        window.press("Valider")
        assert window.url.startswith(home)
        assert "GIRARD" in window.text
        window.press("Se déconnecter")
        assert window.url.startswith(demo.issuer)
        assert not window.is_wider_than_phone()
        window.driver.find_element(By.CSS_SELECTOR, f"main a[href^='{home}']").click()
        assert window.url.startswith(home)
        assert "GIRARD" not in window.text
    finally:
        switch(demo, token_kid=True, userinfo_format="json", sub_format="federated", sid_with_space=False)
        switch(demo, auth_time="told", logout_state="returned")
