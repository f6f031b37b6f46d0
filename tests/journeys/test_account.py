"""« Mon compte » from the root page to a new password, without any application."""

from collections.abc import Callable, Iterator

import pytest

from sandbox.demo.driver import Browser
from tests.demonstration import Demonstration, running_demo
from tests.journeys import gestures as do

Browse = Callable[..., Browser]
NEW = "quatre phares violets 58 au loin"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """A demo of its own: a person's password is changed here."""
    with running_demo(tmp_path_factory.mktemp("account")) as running:
        yield running


def insert(browser: Browser, demo: Demonstration, card: str) -> None:
    with demo.browser(card) as inserted:
        browser.card = inserted.card


def test_a_person_who_signs_in_at_the_root_page_changes_their_address_and_their_password(
    demo: Demonstration, browse: Browse
) -> None:
    account = demo.account("martin")
    browser = browse()
    assert browser.get(f"{demo.issuer}/").says("Aucune session ouverte")
    assert browser.click("Se connecter").says("Mon compte")
    home = do.by_password(browser, demo, account)
    assert home.url == f"{demo.issuer}/"
    assert home.says("Mes applications")
    assert home.says("ViaTrajectoire")

    browser.click("Adresse postale")
    typed = {**do.ADDRESS, "address_line1": "3 place Bellecour", "postal_code": "69002"}
    assert browser.submit("Enregistrer cette adresse", **typed).says("Votre adresse postale est enregistrée.")
    (kept,) = do.rows(demo, "SELECT * FROM accounts WHERE rpps = ?", account["rpps"])
    assert (kept["address_line1"], kept["address_postal_code"]) == ("3 place Bellecour", "69002")

    browser.click("Mot de passe")
    refused = browser.submit("Changer mon mot de passe", current_password="un autre", new_password=NEW)
    assert refused.says("Ce n'est pas votre mot de passe actuel.")
    # A colleague's card first: nothing of theirs is asked, and nothing opens.
    insert(browser, demo, "benali")
    assert browser.click("Confirmer mon identité").says("demande de confirmer à nouveau votre identité")
    assert do.by_card(browser).says("celle d'une autre personne")
    insert(browser, demo, "martin")
    browser.click("Mot de passe")
    browser.click("Confirmer mon identité")
    assert do.by_card(browser).says("Changer de mot de passe")
    assert browser.submit("Changer mon mot de passe", new_password=NEW).says("Votre mot de passe est changé")

    browser.click("Se connecter")
    assert do.by_password(browser, demo, {**account, "password": NEW}).says("Mes applications")
    # Single sign-on: an application that is opened from there asks nothing more.
    assert do.is_at_home(do.arrive(browser, demo), demo)
