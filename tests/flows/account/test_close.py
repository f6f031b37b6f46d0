"""« Fermer mon compte »: a page that says what will happen and changes nothing, its button and its way back."""

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from tests.adapters.psc.hostile_psc import HostilePsc
from tests.flows.account.test_personal_data import CLOSE, DATA, house, proved, says, title
from tests.protocol.psc import by_psc
from tests.provider import Browser, Provider, answer_of, audited

__all__ = ["house", "proved"]
#: Of `house`: this one is called at the end of a session, that one is not.
TOLD, UNTOLD = "ViaTrajectoire", "Trajectoire Grand Âge"


def ways_on(page: TestResponse) -> dict[str, str]:
    """What each button and link of the page leads to, by its words."""
    main = BeautifulSoup(page.text, "html.parser").main
    assert main is not None
    links = {one.get_text().strip(): str(one["href"]) for one in main.find_all("a")}
    return links | {one.get_text().strip(): f"POST {one['action']}" for one in main.find_all("form")}


def open_both(house: Provider, browser: Browser) -> None:
    """Both applications are entered with the session of this browser."""
    assert house.exchange(answer_of(browser.authorize())["code"]).status_code == 200
    back = "https://grand-age.example/callback"
    code = answer_of(browser.authorize(client_id="grand-age", redirect_uri=back))["code"]
    assert house.exchange(code, "grand-age", redirect_uri=back).status_code == 200


def test_the_data_page_leads_to_the_page_that_says_what_will_happen_and_closes_nothing(
    house: Provider, proved: Browser
) -> None:
    page = proved.get(DATA)
    assert ways_on(page)["Fermer mon compte"] == CLOSE
    assert f"POST {CLOSE}" not in ways_on(page).values()
    told = proved.get(CLOSE)
    assert (told.status_code, title(told)) == (200, "Fermer mon compte")
    assert ways_on(told) == {"Fermer mon compte maintenant": f"POST {CLOSE}", "Garder mon compte": DATA}
    assert house.accounts.get(house.account.id).closing_at is None
    assert "account:close:requested" not in audited(house)


def test_it_says_which_applications_are_told_and_which_have_to_be_left_by_hand(
    house: Provider, proved: Browser
) -> None:
    nothing = "Aucune application n'est ouverte avec vos sessions."
    assert says(proved.get(CLOSE), nothing)
    open_both(house, proved)
    page = proved.get(CLOSE)
    assert says(page, f"Ces applications sont prévenues : {TOLD}.")
    assert says(page, f"Quittez-les vous-même : {UNTOLD}.")
    assert not says(page, nothing)


def test_an_application_that_the_operator_withdrew_is_not_named(house: Provider, proved: Browser) -> None:
    open_both(house, proved)
    file = house.settings.where.clients_file
    file.write_text(file.read_text().replace("client_id: grand-age", "client_id: another"))
    page = proved.get(CLOSE)
    assert (says(page, TOLD), says(page, UNTOLD)) == (True, False)


def test_without_a_fresh_proof_it_leads_to_the_page_that_asks_for_one(house: Provider) -> None:
    browser = house.browser()
    assert browser.get(CLOSE).headers["Location"] == "/account/sign-in?to=data"
    browser.sign_in()
    assert browser.get(CLOSE).headers["Location"] == DATA


@pytest.mark.parametrize("undo", [("fr", "Annuler la fermeture"), ("en", "Cancel the closing")])
def test_the_button_by_which_it_says_one_cancels_is_found_at_the_next_sign_in(
    house: Provider, proved: Browser, psc: HostilePsc, undo: tuple[str, str]
) -> None:
    locale, words = undo
    proved.client.set_cookie("caducee_locale", locale, domain="localhost")
    page = proved.get(CLOSE)
    assert says(page, words)
    proved.submit(page, "/close")
    back = house.browser()
    back.client.set_cookie("caducee_locale", locale, domain="localhost")
    assert words in ways_on(by_psc(back, psc))
