"""The customer's user guide, followed in real Chromium, without JavaScript."""

import json
import re
import time
from typing import Any

import requests

from tests.demonstration import Demonstration
from tests.limits import within

PASSWORD = "quatre chevaux bleus 17 lampes"


def _home(demo: Demonstration, client_id: str) -> str:
    return str(next(client["home"] for client in demo.ready["clients"] if client["client_id"] == client_id))


def _code_for(demo: Demonstration, address: str, *, after: int) -> str:
    """The code of the newest mail to this address; `after`: how many mails it had before."""
    deadline = time.monotonic() + within(15)
    while time.monotonic() < deadline:
        mails = [
            mail
            for mail in requests.get(demo.ready["mailbox"], timeout=within(5)).json()
            if mail["to"] == address
        ]
        if len(mails) > after:
            found = re.search(r"^ *([0-9]{6,10})$", mails[0]["text"], re.MULTILINE)
            assert found is not None, "no code in the mail"
            return found[1]
        time.sleep(0.1)
    raise AssertionError("no mail came")


def _mails_to(demo: Demonstration, address: str) -> int:
    return sum(
        mail["to"] == address for mail in requests.get(demo.ready["mailbox"], timeout=within(5)).json()
    )


def _session(window: Any, home: str) -> dict[str, Any]:
    """What the relying party holds, as it tells its own browser."""
    window.open(f"{home}session.json")
    return dict(json.loads(window.text))


def test_a_physician_enrols_with_the_card_and_reaches_the_application(demo, chromium):
    home = _home(demo, demo.ready["clients"][0]["client_id"])
    window = chromium(card="lefebvre")
    window.open(home)
    window.press("Se connecter")
    assert "Identifiez-vous" in window.title
    window.press("Se connecter par CPS")
    for read_from_card in ("LEFEBVRE", "MARIE", "Médecin", "Médecine générale"):
        assert read_from_card in window.text
    assert "Choisir un mot de passe pour une connexion OTP sans passer par Pro Santé Connect" in window.text
    window.fill("email", "marie.lefebvre@cabinet.example")
    window.fill("new-password", PASSWORD)
    window.fill("address-line1", "5 rue du Port")
    window.fill("postal-code", "69001")
    window.fill("address-level2", "Lyon")
    window.press("Créer mon compte")
    window.fill("one-time-code", _code_for(demo, "marie.lefebvre@cabinet.example", after=0))
    window.press("Valider")
    assert "Charte d'utilisation" in window.text.replace("’", "'")
    window.tick("J'ai lu et accepte les conditions ci-dessus")
    window.press("Valider")
    assert window.url.startswith(home)
    assert "LEFEBVRE" in window.text
    session = _session(window, home)
    assert session["id_token"]["acr"] == "urn:caducee:acr:cps"
    assert session["id_token"]["amr"] == ["sc", "pin", "hwk", "mfa"]
    assert session["userinfo"]["profession"] == {"code": "10", "label": "Médecin"}
    assert session["userinfo"]["email"] == "marie.lefebvre@cabinet.example"


def test_an_enrolled_physician_signs_in_with_password_and_mailed_code(demo, chromium):
    account = next(account for account in demo.ready["accounts"] if account["charter"] == "accepted")
    home = _home(demo, demo.ready["clients"][0]["client_id"])
    before = _mails_to(demo, account["email"])
    window = chromium()
    window.open(home)
    window.press("Se connecter")
    window.fill("username", account["rpps"])
    window.fill("current-password", "certainement pas celui-ci")
    window.press("Se connecter")
    assert window.title.startswith("Erreur")
    window.fill("current-password", account["password"])
    window.press("Se connecter")
    window.fill("one-time-code", _code_for(demo, account["email"], after=before))
    window.press("Valider")
    assert window.url.startswith(home)
    session = _session(window, home)
    assert session["id_token"]["acr"] == "urn:caducee:acr:pwd-otp"
    assert session["id_token"]["amr"] == ["pwd", "otp"]


def test_a_browser_without_card_gets_a_page_that_says_so(demo, chromium):
    window = chromium()
    window.open(_home(demo, demo.ready["clients"][0]["client_id"]))
    window.press("Se connecter")
    window.press("Se connecter par CPS")
    assert "Aucune carte" in window.title
    assert "S'identifier avec Pro Santé Connect" in window.text.replace("’", "'")


def test_an_employee_card_gets_its_own_page(demo, chromium):
    window = chromium(card="employee-cpe")
    window.open(_home(demo, demo.ready["clients"][0]["client_id"]))
    window.press("Se connecter")
    window.press("Se connecter par CPS")
    assert "n'est pas une carte CPS" in window.title


def test_the_pages_speak_english_and_fit_a_phone(demo, chromium):
    window = chromium(card="girard", locale="en")
    window.open(_home(demo, demo.ready["clients"][0]["client_id"]))
    window.press("Se connecter")  # The relying party of the demo speaks French.
    assert "Sign in" in window.title
    assert not window.is_wider_than_phone()
    window.press("Sign in with CPS card")
    assert not window.is_wider_than_phone()
