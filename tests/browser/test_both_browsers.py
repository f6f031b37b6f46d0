"""One physician's way through the pages, in Chromium and in Firefox, with scripts and without: the same for each."""

import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.browser.driven import DrivenWindow, driven
from tests.demonstration import Demonstration
from tests.limits import eventually, within

VIA, SIBLING = "viatrajectoire", "grand-age"
PASSWORD = "quatre chevaux bleus 17 lampes"
#: For each of the four a physician whom nobody enrolled.
CELLS = {
    ("chromium", True): "production-category",
    ("chromium", False): "girard",
    ("firefox", True): "nunez",
    ("firefox", False): "interne",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Physician:
    """With one card, at one browser."""

    window: DrivenWindow
    demo: Demonstration
    rpps: str
    email: str
    scripts: bool

    def home(self, client_id: str = VIA) -> str:
        return str(self.demo.client(client_id)["home"])

    def arrive(self, client_id: str = VIA) -> None:
        """From the application's first page to whatever page is due."""
        self.window.open(self.home(client_id))
        self.window.press("Se connecter")

    def claims(self, client_id: str = VIA) -> dict[str, Any]:
        """What the application holds, as it tells its own browser."""
        assert eventually(lambda: self.window.url == self.home(client_id), 20), self.window.text
        self.window.open(f"{self.home(client_id)}session.json")
        return dict(json.loads(self.window.text))

    def code_after(self, words: str) -> None:
        """Presses the button after which a mail comes, and enters its code."""
        with closing(self.demo.mailbox()) as box:
            last = box.last_id(self.email)
            self.window.press(words)
            code = box.wait_for_code(self.email, after=last, seconds=within(15))
        self.window.fill("one-time-code", code)
        self.window.press("Valider")


def enrol(person: Physician) -> None:
    window = person.window
    person.arrive()
    assert "Identifiez-vous" in window.title
    window.press("Se connecter par CPS")
    window.fill("email", person.email)
    window.fill("new-password", PASSWORD)
    show_the_password(person)
    window.fill("address-line1", "5 rue du Port")
    window.fill("postal-code", "69001")
    window.fill("address-level2", "Lyon")
    person.code_after("Créer mon compte")
    assert "Charte d'utilisation" in window.text
    window.touch("J'ai lu et accepte les conditions ci-dessus")
    window.press("Valider")
    claims = person.claims()
    assert claims["id_token"]["acr"] == "urn:caducee:acr:cps"
    assert (claims["userinfo"]["rpps"], claims["userinfo"]["email"]) == (person.rpps, person.email)


def show_the_password(person: Physician) -> None:
    """Where scripts run there is a button for it; the password stays what it was."""
    assert ("Afficher" in person.window.text) == person.scripts
    if person.scripts:
        person.window.touch("Afficher : Mot de passe")
        assert person.window.field("new-password") == ("text", PASSWORD)


def sign_out(person: Physician) -> None:
    person.window.open(person.home())
    person.window.press("Se déconnecter")
    gone = f"{person.home()}signed-out?state="
    assert eventually(lambda: person.window.url.startswith(gone), 20), person.window.text


def sign_in_by_password(person: Physician) -> None:
    """The wrong one first; « back » and « reload » then ask nothing and send nothing."""
    window = person.window
    person.arrive()
    choice = window.url
    window.fill("username", person.rpps)
    window.fill("current-password", "certainement pas celui-ci")
    window.press("Se connecter")
    assert window.title.startswith("Erreur")
    window.reload()
    assert not window.title.startswith("Erreur")
    window.back()
    assert (window.url, "Identifiez-vous" in window.title) == (choice, True)
    if person.scripts:
        assert window.field("current-password") == ("password", "")
    window.fill("username", person.rpps)
    window.fill("current-password", PASSWORD)
    person.code_after("Se connecter")
    assert person.claims()["id_token"]["acr"] == "urn:caducee:acr:pwd-otp"


def go_on_to_another_application(person: Physician) -> None:
    person.arrive(SIBLING)
    assert person.claims(SIBLING)["id_token"]["acr"] == "urn:caducee:acr:pwd-otp"


def change_address(person: Physician) -> None:
    window = person.window
    window.open(f"{person.demo.issuer}/")
    assert "Mes applications" in window.text
    window.press("Adresse postale")
    window.fill("address-line1", "3 place Bellecour")
    window.press("Enregistrer cette adresse")
    assert "Votre adresse postale est enregistrée." in window.text
    window.reload()
    assert "Votre adresse postale est enregistrée." not in window.text


def sign_in_by_passkey(person: Physician) -> None:
    """Added after a fresh proof by the card. Without scripts there is none, and the page says so."""
    window = person.window
    if person.scripts:
        window.open(f"{person.demo.issuer}/account/passkeys")
        window.press("Confirmer mon identité")
        window.press("Se connecter par CPS")
        window.add_device()
        window.press("Ajouter une clé d'accès")
        assert "Clé d'accès ajoutée" in window.text
    sign_out(person)
    person.arrive()
    window.press("Utiliser ma clé d'accès")
    if person.scripts:
        assert person.claims()["id_token"]["acr"] == "urn:caducee:acr:passkey"
        sign_out(person)
    else:
        assert "JavaScript" in window.text


def sign_in_by_psc(person: Physician) -> None:
    """As a colleague: the simulator knows few."""
    window = person.window
    colleague = person.demo.account("martin")["rpps"]
    person.arrive()
    window.press("S'identifier avec Pro Santé Connect")
    window.fill("username", colleague)
    window.press("Se connecter avec e-CPS")
    window.press("Confirmer")
    claims = person.claims()
    assert claims["id_token"]["acr"] == "urn:caducee:acr:psc"
    assert claims["userinfo"]["rpps"] == colleague


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_a_physician_finds_the_way_through_every_door(
    demo: Demonstration, tmp_path: Path, browser: str, scripts: bool
) -> None:
    card = CELLS[browser, scripts]
    with driven(browser, tmp_path, demo, card, scripts=scripts) as window:
        rpps = str(demo.card(card)["rpps"])
        person = Physician(
            window=window, demo=demo, rpps=rpps, email=f"{card}@cabinet.example", scripts=scripts
        )
        enrol(person)
        sign_out(person)
        sign_in_by_password(person)
        go_on_to_another_application(person)
        change_address(person)
        sign_in_by_passkey(person)
        sign_in_by_psc(person)
