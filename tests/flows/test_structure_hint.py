"""`structure_hint`: the exercice at the structure that the relying party works for, if Pro Santé Connect told it."""

import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import Client, TestResponse

from idp.adapters.sql.schema import professional_contexts
from tests.adapters.psc.hostile_psc import HostilePsc
from tests.protocol.psc import by_psc, listening, person, settings_of
from tests.provider import ISSUER, RP, SECRETS, Browser, Provider, answer_of, authorization, basic

CONTEXT = "openid professional_context"
LEGAL, SIRET = "1B0064166", "00000000016972"
HOSPITAL, HOSPICE, SURGERY, ELSEWHERE = "0B0193488", "0B0193470", "0B0000001", "750100125"


def place(name: str, mode: str, **numbers: str) -> dict[str, str]:
    return {"codeModeExercice": mode, "raisonSocialeSite": name, **numbers}


PLACES = (
    place("CABINET", "L", numeroSiretSite=SIRET, numeroFinessSite=SURGERY),
    place("HOPITAL", "S", numeroFinessSite=HOSPITAL, numeroFinessetablissementJuridique=LEGAL),
    place("HOSPICE", "S", numeroFinessSite=HOSPICE, numeroFinessetablissementJuridique=LEGAL),
)


def told(*places: dict[str, str]) -> Any:
    exercice = {"codeProfession": "10", "codeCategorieProfessionnelle": "C", "nomDexercice": "DUPONT-NŒL",
                "prenomDexercice": "Aïcha", "codeSavoirFaire": "SM26"}  # fmt: skip
    return person(SubjectRefPro={"exercices": [{**exercice, "activities": list(places)}]})


@pytest.fixture(scope="module")
def psc() -> Iterator[HostilePsc]:
    with listening() as psc:
        psc.now = int(time.time())
        yield psc


@pytest.fixture(scope="module")
def house(psc: HostilePsc, app_factory: Callable[..., Provider]) -> Provider:
    house = app_factory(**settings_of(psc), psc_watch_wallet=False)
    file = house.settings.where.clients_file
    file.write_text(
        file.read_text().replace("address, professional]", "address, professional, professional_context]")
    )
    return house


@pytest.fixture
def browser(house: Provider, psc: HostilePsc) -> Browser:
    """Whose person Pro Santé Connect identified, with three exercices, and who chose none."""
    with house.database.begin() as connection:
        connection.execute(sa.delete(professional_contexts))
    psc.lie = told(*PLACES)
    browser = house.browser()
    by_psc(browser, psc, browser.follow(browser.authorize()))
    return browser


def ask(browser: Browser, hint: str | None = None, **more: str | None) -> TestResponse:
    return browser.follow(browser.authorize(scope=CONTEXT, structure_hint=hint, **more))


def offered(page: TestResponse) -> list[str]:
    assert page.status_code == 200, page.headers
    labels = BeautifulSoup(page.text, "html.parser").select(".choice label")
    return [label.get_text(" ").split()[0] for label in labels]


def choose(browser: Browser, page: TestResponse, name: str) -> TestResponse:
    keys = [str(one["value"]) for one in BeautifulSoup(page.text, "html.parser").select(".choice input")]
    return browser.submit(page, "/professional_context", practice=keys[offered(page).index(name)])


def tokens(house: Provider, left: TestResponse) -> str:
    return str(house.exchange(answer_of(left)["code"]).get_json()["access_token"])


def place_told(house: Provider, token: str) -> str | None:
    claims = house.userinfo(token).get_json()
    context = claims.get("professional_context")
    return None if context is None else str(context["structure"]["name"])


@pytest.mark.parametrize("prompt", [None, "none"])
@pytest.mark.parametrize(
    ("hint", "name"), [(HOSPITAL, "HOPITAL"), (HOSPICE, "HOSPICE"), (SIRET, "CABINET"), (SURGERY, "CABINET")]
)
def test_the_one_exercice_there_is_taken_without_a_page(
    house: Provider, browser: Browser, hint: str, name: str, prompt: str | None
) -> None:
    assert place_told(house, tokens(house, ask(browser, hint, prompt=prompt))) == name
    # Nobody chose it: without the hint the person is asked, as ever.
    assert offered(ask(browser)) == ["CABINET", "HOPITAL", "HOSPICE"]


def test_each_grant_keeps_its_own_structure(house: Provider, browser: Browser) -> None:
    chosen = tokens(house, choose(browser, ask(browser), "HOSPICE"))
    hospital, surgery = (tokens(house, ask(browser, hint)) for hint in (HOSPITAL, SIRET))
    assert [place_told(house, one) for one in (hospital, surgery, chosen)] == [
        "HOPITAL",
        "CABINET",
        "HOSPICE",
    ]
    # What the person chose is remembered, whatever was hinted since.
    assert place_told(house, tokens(house, ask(browser))) == "HOSPICE"


def test_of_several_exercices_there_the_person_chooses_among_them(house: Provider, browser: Browser) -> None:
    page = ask(browser, LEGAL)
    assert offered(page) == ["HOPITAL", "HOSPICE"]
    assert answer_of(ask(browser, LEGAL, prompt="none"))["error"] == "interaction_required"
    # One of another structure is none of them.
    form = BeautifulSoup(ask(browser).text, "html.parser").select_one(".choice input")
    assert form is not None
    refused = browser.submit(page, "/professional_context", practice=str(form["value"]))
    assert refused.status_code == 422
    assert place_told(house, tokens(house, choose(browser, page, "HOSPICE"))) == "HOSPICE"
    # Remembered, as it is one of them.
    token = tokens(house, ask(browser, LEGAL))
    assert place_told(house, token) == "HOSPICE"
    # And kept with the grant: what the person chooses elsewhere is of that request.
    page = ask(browser, prompt="consent")
    assert place_told(house, tokens(house, choose(browser, page, "CABINET"))) == "CABINET"
    assert place_told(house, token) == "HOSPICE"


@pytest.mark.parametrize("hint", [ELSEWHERE, "00000000000000", ""])
def test_a_structure_that_pro_sante_connect_did_not_tell_changes_nothing(
    house: Provider, browser: Browser, hint: str
) -> None:
    page = ask(browser, hint)
    assert offered(page) == ["CABINET", "HOPITAL", "HOSPICE"]
    choose(browser, page, "CABINET")
    assert place_told(house, tokens(house, ask(browser, hint))) == "CABINET"


def test_the_only_exercice_is_told_whatever_is_hinted(
    house: Provider, psc: HostilePsc, browser: Browser
) -> None:
    psc.lie = told(PLACES[0])
    again = house.browser()
    left = by_psc(again, psc, ask(again, HOSPITAL))
    assert place_told(house, tokens(house, left)) == "CABINET"


def test_what_pro_sante_connect_says_since_counts(house: Provider, psc: HostilePsc, browser: Browser) -> None:
    token = tokens(house, ask(browser, HOSPITAL))
    psc.lie = told(PLACES[0], PLACES[2])
    other = house.browser()
    by_psc(other, psc, other.follow(other.authorize()))
    # The hospital is gone: no other place is told in its name.
    assert place_told(house, token) is None
    assert offered(ask(other, HOSPITAL)) == ["CABINET", "HOSPICE"]
    # Nor is the last one left.
    psc.lie = told(PLACES[0])
    other = house.browser()
    by_psc(other, psc, other.follow(other.authorize()))
    assert place_told(house, token) is None
    assert place_told(house, tokens(house, ask(other, HOSPITAL))) == "CABINET"


def test_a_relying_party_that_wants_a_choice_does_not_make_it(house: Provider, browser: Browser) -> None:
    page = ask(browser, HOSPITAL, prompt="consent")
    assert offered(page) == ["CABINET", "HOPITAL", "HOSPICE"]
    assert place_told(house, tokens(house, choose(browser, page, "CABINET"))) == "CABINET"


def test_without_the_scope_it_does_nothing(house: Provider, browser: Browser) -> None:
    left = browser.follow(browser.authorize(structure_hint=HOSPITAL))
    assert place_told(house, tokens(house, left)) is None


@pytest.mark.parametrize(
    "hint",
    ["CHU", "75010012", "00000000016973", "0b0193488", "750 100 125", "9" * 400, "é", "<b>", "750100125 "],
)
def test_what_is_no_number_of_a_structure_is_refused(house: Provider, browser: Browser, hint: str) -> None:
    for prompt in (None, "none"):
        error = answer_of(ask(browser, hint, prompt=prompt))
        assert error["error"] == "invalid_request"
        assert error["error_description"].startswith("structure_hint must be a FINESS")
    form = authorization(scope=CONTEXT, structure_hint=hint)
    pushed = Client(house.app, TestResponse).post(
        "/par", base_url=ISSUER, data=form, headers=basic(RP, SECRETS[RP])
    )
    assert (pushed.status_code, pushed.get_json()["error"]) == (400, "invalid_request")


def test_it_is_given_once(browser: Browser) -> None:
    query = urlencode([*authorization().items(), ("structure_hint", HOSPITAL), ("structure_hint", HOSPITAL)])
    assert answer_of(browser.get(f"/authorize?{query}"))["error"] == "invalid_request"


def test_a_pushed_one_is_taken(house: Provider, browser: Browser) -> None:
    form = authorization(scope=CONTEXT, structure_hint=HOSPITAL)
    pushed = Client(house.app, TestResponse).post(
        "/par", base_url=ISSUER, data=form, headers=basic(RP, SECRETS[RP])
    )
    query = urlencode({"client_id": RP, "request_uri": pushed.get_json()["request_uri"]})
    assert place_told(house, tokens(house, browser.get(f"/authorize?{query}"))) == "HOPITAL"
