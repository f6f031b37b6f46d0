"""A first connection tells its steps as they are, what is wrong in the order of the fields, and where the code went."""

from collections.abc import Callable, Iterator
from html import unescape

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from tests.adapters.psc.hostile_psc import HostilePsc
from tests.flows.test_charter import accept, publish
from tests.flows.test_enrolment import FIRST, NEW_RPPS, TYPED
from tests.protocol.policed import PolicedParty
from tests.protocol.psc import by_psc, listening, person, settings_of, subjects_of_mails
from tests.provider import PASSWORD, RPPS, Provider, answer_of


@pytest.fixture(scope="module")
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        psc.lie = person(NEW_RPPS)
        yield psc


@pytest.fixture
def house(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Provider:
    return app_factory(**settings_of(psc), enrolment_from_psc=True)


def step(page: TestResponse) -> str | None:
    shown = BeautifulSoup(page.text, "html.parser").select_one(".step")
    return shown and shown.get_text(strip=True).replace("\u00a0", " ")


def test_there_are_three_steps_where_the_service_alone_has_a_charter(
    house: Provider, psc: HostilePsc
) -> None:
    browser = house.browser()
    page = by_psc(browser, psc)
    assert step(page) == "Étape 1 sur 3 : vos informations"
    page = browser.submit(page, "/enrolment", email=FIRST, **TYPED)
    assert step(page) == "Étape 2 sur 3 : vérifier votre adresse e-mail"
    # Back to the form, and on: the steps are pages, not clicks.
    page = browser.submit(page, "/enrolment/back")
    assert step(page) == "Étape 1 sur 3 : vos informations"
    page = browser.submit(page, "/enrolment", email=FIRST, **TYPED)
    page = browser.submit(page, "/email_otp", code=house.last_code())
    assert step(page) == "Étape 3 sur 3 : lire et accepter la charte"


def test_a_client_with_charters_of_its_own_makes_more_of_them(house: Provider, psc: HostilePsc) -> None:
    publish(house, "policed-terms")
    party = PolicedParty(house)
    party.govern(charters=["policed-terms"])
    browser = house.browser()
    page = by_psc(browser, psc, party.ask(browser))
    assert step(page) == "Étape 1 sur 4 : vos informations"
    page = browser.submit(page, "/enrolment", email=FIRST, **TYPED)
    page = browser.submit(page, "/email_otp", code=house.last_code())
    assert step(page) == "Étape 3 sur 4 : lire et accepter la charte"
    page = accept(browser, page)
    assert step(page) == "Étape 4 sur 4 : lire et accepter la charte"
    assert answer_of(accept(browser, page))["code"]
    # Who has an account takes no step of a first connection any more.
    publish(house, "policed-terms", "2026-2")
    page = party.ask(browser)
    assert "Version 2026-2" in page.text
    assert step(page) is None


def test_the_address_just_typed_is_shown_whole_and_its_mail_has_a_subject_of_its_own(
    house: Provider, psc: HostilePsc
) -> None:
    browser = house.browser()
    page = browser.submit(by_psc(browser, psc), "/enrolment", email=FIRST, **TYPED)
    assert FIRST in page.text
    assert subjects_of_mails(house) == ["Confirmez votre adresse pour créer votre compte"]


def test_at_a_sign_in_the_address_stays_masked(house: Provider) -> None:
    browser = house.browser()
    page = browser.submit(browser.follow(browser.authorize()), "/password", rpps=RPPS, password=PASSWORD)
    assert house.account.email not in page.text
    assert "•" in page.text


def test_what_is_wrong_is_told_in_the_order_of_the_fields(house: Provider, psc: HostilePsc) -> None:
    browser = house.browser()
    wrong = {"email": "nadia@", "password": "court", "address_line1": "", "postal_code": "1", "city": ""}
    page = browser.submit(by_psc(browser, psc), "/enrolment", **wrong)
    soup = BeautifulSoup(unescape(page.text), "html.parser")
    told = [str(link["href"]).removeprefix("#") for link in soup.select("#problem a")]
    fields = [str(field["name"]) for field in soup.select("[aria-invalid=true]")]
    assert told == fields == ["email", "password", "address_line1", "postal_code", "city"]
