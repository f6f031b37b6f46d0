"""A door that a client or the house closes: not offered, not opened by hand, and nothing that came by it counts."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.app import create
from idp.interaction.authenticator import Acr, AuthenticatorId
from tests.configured import changed
from tests.protocol.policed import PolicedParty, claims_in, signed_in_by, signed_in_since
from tests.provider import PASSWORD, RPPS, Provider, answer_of

EVERY = ("psc", "cps", "password")
#: What a session holds after each door, and the acr it earned.
PROOFS: dict[str, tuple[AuthenticatorId, ...]] = {
    "psc": ("psc",),
    "cps": ("cps",),
    "password": ("password", "email_otp"),
}
EARNED = {"psc": Acr.PSC, "cps": Acr.CPS, "password": Acr.PWD_OTP}


@pytest.fixture(scope="module")
def house(app_factory: Callable[..., Provider], every_door: dict[str, Any]) -> Provider:
    return app_factory(**every_door)


@pytest.fixture
def party(house: Provider) -> Iterator[PolicedParty]:
    before = house.settings.where.clients_file.read_text()
    yield PolicedParty(house)
    house.settings.where.clients_file.write_text(before)


def doors_on(page: TestResponse) -> set[str]:
    assert page.status_code == 200
    forms = BeautifulSoup(page.text, "html.parser").find_all("form")
    return {str(form["action"]).rpartition("/")[2] for form in forms} & set(EVERY)


def says(page: TestResponse, words: str) -> bool:
    return words in unescape(page.text)


def is_asked_who(page: TestResponse) -> bool:
    return page.status_code == 200 and "Identifiez-vous" in page.text


# The page.


@pytest.mark.parametrize("closed", EVERY)
def test_a_closed_door_is_not_on_the_page(party: PolicedParty, closed: str) -> None:
    allowed = [door for door in EVERY if door != closed]
    party.govern(authenticators=allowed)
    assert doors_on(party.ask(party.house.browser())) == set(allowed)


@pytest.mark.parametrize("door", EVERY)
def test_one_open_door_is_the_only_one_on_the_page(party: PolicedParty, door: str) -> None:
    party.govern(authenticators=[door])
    assert doors_on(party.ask(party.house.browser())) == {door}


@pytest.mark.parametrize("closed", EVERY)
def test_a_closed_door_is_not_opened_by_a_form_made_by_hand(party: PolicedParty, closed: str) -> None:
    party.govern(authenticators=[door for door in EVERY if door != closed])
    browser = party.house.browser()
    page = party.ask(browser)
    form = BeautifulSoup(page.text, "html.parser").find("form")
    assert form is not None
    path = str(form["action"]).rpartition("/")[0]
    csrf = {str(i["name"]): str(i["value"]) for i in form.find_all("input", type="hidden")}
    answer = browser.post(f"{path}/{closed}", data={**csrf, "rpps": RPPS, "password": PASSWORD})
    # Back to the hub, not on to the code, the card host or Pro Santé Connect.
    assert (answer.status_code, answer.headers["Location"]) == (303, path)
    assert is_asked_who(browser.follow(answer))


def test_a_door_closed_while_the_person_is_in_it_leads_nowhere(party: PolicedParty) -> None:
    browser = party.house.browser()
    page = browser.submit(party.ask(browser), "/password", rpps=RPPS, password=PASSWORD)
    code = party.house.last_code()
    party.govern(authenticators=["psc", "cps"])
    assert is_asked_who(browser.submit(page, "/email_otp", code=code))
    assert browser.client.get_cookie("caducee_session", domain="localhost") is None


# The SSO session.


@pytest.mark.parametrize(
    ("enrols", "allowed", "line"),
    [
        (False, ["psc", "cps"], "Utilisez votre carte CPS."),
        (True, ["psc", "cps"], "Utilisez votre carte CPS ou Pro Santé Connect."),
        (True, ["psc", "password"], "Utilisez Pro Santé Connect."),
        (True, ["cps", "password"], "Utilisez votre carte CPS."),
        (False, ["psc", "password"], ""),
        (True, ["password"], ""),
    ],
)
def test_first_connection_is_told_by_the_doors_that_open_an_account(
    party: PolicedParty, enrols: bool, allowed: list[str], line: str
) -> None:
    party.govern(authenticators=allowed)
    house, settings = party.house, changed(party.house.settings, enrolment_from_psc=enrols)
    told = Provider(
        app=create(settings), settings=settings, database=house.database, account=house.account
    ).browser()
    lines = BeautifulSoup(party.ask(told).text, "html.parser").select(".first-time")
    assert [one.text.partition("?")[2].strip() for one in lines] == ([line] if line else [])


@pytest.mark.parametrize("door", EVERY)
@pytest.mark.parametrize("allowed", [["psc"], ["cps"], ["password"], ["psc", "cps"], ["cps", "password"]])
def test_a_session_counts_only_for_a_client_that_allows_its_door(
    party: PolicedParty, door: str, allowed: list[str]
) -> None:
    party.govern(authenticators=allowed)
    browser = signed_in_by(party.house, *PROOFS[door])
    if door in allowed:
        claims = claims_in(party.tokens(browser)["id_token"])
        assert claims["acr"] == EARNED[door]
    else:
        assert answer_of(party.ask(browser, prompt="none"))["error"] == "login_required"
        page = party.ask(browser)
        assert is_asked_who(page)
        assert doors_on(page) == set(allowed)
        # Not that it is too weak: it may be the strongest there is.
        assert says(page, "Policed n'accepte pas le moyen d'identification déjà utilisé")


@pytest.mark.parametrize("first", EVERY)
@pytest.mark.parametrize("second", EVERY)
@pytest.mark.parametrize("allowed", EVERY)
def test_of_several_proofs_only_one_by_an_allowed_door_is_told(
    party: PolicedParty, first: str, second: str, allowed: str
) -> None:
    party.govern(authenticators=[allowed])
    browser = signed_in_by(party.house, *PROOFS[first], *PROOFS[second])
    if allowed not in (first, second):
        assert answer_of(party.ask(browser, prompt="none"))["error"] == "login_required"
        return
    claims = claims_in(party.tokens(browser)["id_token"])
    assert claims["acr"] == EARNED[allowed]
    assert ("idp" in claims) == (allowed == "psc")


def test_a_proof_older_than_a_session_may_be_is_not_kept_alive_by_a_newer_one(party: PolicedParty) -> None:
    life, second = party.house.settings.lives.session_life, timedelta(seconds=1)
    weak = (("password", second), ("email_otp", second))
    for age, acr in ((life + second, Acr.PWD_OTP), (life - 60 * second, Acr.CPS)):
        browser = signed_in_since(party.house, ("cps", age), *weak)
        assert claims_in(party.tokens(browser)["id_token"])["acr"] == acr


def test_a_step_up_is_by_an_allowed_door(party: PolicedParty) -> None:
    """Signed in by password, and the application wants more: only its own doors are strong enough for it."""
    for allowed in (["psc"], ["cps"]):
        party.govern(authenticators=[*allowed, "password"], minimum_acr="cps")
        page = party.ask(signed_in_by(party.house, "password", "email_otp"))
        assert doors_on(page) == set(allowed)
        assert says(page, "Policed demande un moyen d'identification plus sûr")
        other = {"psc": "cps", "cps": "psc"}[allowed[0]]
        raised = signed_in_by(party.house, "password", "email_otp", *PROOFS[other])
        assert answer_of(party.ask(raised, prompt="none"))["error"] == "login_required"


@pytest.mark.parametrize("allowed", ["psc", "cps"])
def test_an_essential_acr_of_a_closed_door_is_never_met(party: PolicedParty, allowed: str) -> None:
    party.govern(authenticators=[allowed])
    other = {"psc": "cps", "cps": "psc"}[allowed]
    claims = f'{{"id_token":{{"acr":{{"essential":true,"values":["{EARNED[other]}"]}}}}}}'
    browser = signed_in_by(party.house, *PROOFS[allowed], *PROOFS[other])
    for prompt in ("none", None):
        answer = answer_of(party.ask(browser, prompt=prompt, claims=claims))
        assert answer["error"] == "unmet_authentication_requirements"


def test_a_wish_for_the_acr_of_a_closed_door_keeps_nobody_out(party: PolicedParty) -> None:
    party.govern(authenticators=["password"])
    browser = party.house.browser()
    assert doors_on(party.ask(browser, acr_values=str(Acr.PSC))) == {"password"}
    party.govern(authenticators=["cps", "password"])
    # Of the same rank, and open: still what is asked.
    assert doors_on(party.ask(browser, acr_values=str(Acr.PSC))) == {"cps"}


# What was issued before the door was closed.


@pytest.mark.parametrize("door", EVERY)
def test_what_came_by_a_door_closed_since_is_redeemed_and_refreshed_no_more(
    party: PolicedParty, door: str
) -> None:
    browser = signed_in_by(party.house, *PROOFS[door])
    code = party.code(browser)
    tokens = party.redeem(party.code(browser)).get_json()
    party.govern(authenticators=[other for other in EVERY if other != door])
    for refused in (party.redeem(code), party.refresh(tokens["refresh_token"])):
        assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_grant")
    party.govern(authenticators=[door])
    assert party.refresh(tokens["refresh_token"]).status_code == 200


# The password door of the whole house.


def test_the_password_door_closed_by_the_house_is_closed_to_every_client(
    app_factory: Callable[..., Provider], every_door: dict[str, Any]
) -> None:
    house = app_factory(**every_door, password_door=False)
    party = PolicedParty(house)
    assert doors_on(party.ask(house.browser())) == {"psc", "cps"}
    browser = signed_in_by(house, "password", "email_otp")
    assert answer_of(party.ask(browser, prompt="none"))["error"] == "login_required"
    both = signed_in_by(house, "psc", "password", "email_otp")
    assert claims_in(party.tokens(both)["id_token"])["acr"] == Acr.PSC
    party.govern(authenticators=["password"])
    page = party.ask(house.browser())
    assert doors_on(page) == set()
    assert "Aucun moyen de connexion" in page.text


def test_tokens_of_the_password_door_end_when_the_house_closes_it(
    app_factory: Callable[..., Provider], every_door: dict[str, Any]
) -> None:
    house = app_factory(**every_door)
    party = PolicedParty(house)
    by_password, by_card = signed_in_by(house, "password", "email_otp"), signed_in_by(house, "cps")
    code = party.code(by_password)
    weak, strong = party.tokens(by_password), party.tokens(by_card)
    house.app = create(changed(house.settings, password_door=False))
    assert party.redeem(code).get_json()["error"] == "invalid_grant"
    assert party.refresh(weak["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert party.refresh(strong["refresh_token"]).status_code == 200


# The order.


def first_door(page: TestResponse) -> str:
    button = BeautifulSoup(page.text, "html.parser").select_one(".doors .primary")
    assert button is not None
    form = button.find_parent("form")
    assert form is not None
    return str(form["action"]).rpartition("/")[2]


def test_the_door_by_which_this_browser_signed_in_last_comes_first(party: PolicedParty) -> None:
    party.govern(authenticators=["cps", "password"])
    browser = party.house.browser()
    assert first_door(party.ask(browser)) == "cps"
    browser.sign_in()
    page = party.ask(browser, prompt="login")
    assert first_door(page) == "password"
    assert BeautifulSoup(page.text, "html.parser").select_one("details.door[open] #password")
    # It says nothing of who that was.
    assert RPPS not in page.text


def test_a_password_without_its_code_was_no_sign_in(party: PolicedParty) -> None:
    party.govern(authenticators=["cps", "password"])
    browser = party.house.browser()
    browser.submit(party.ask(browser), "/password", rpps=RPPS, password=PASSWORD)
    assert first_door(party.ask(browser)) == "cps"


def test_a_shared_station_does_not_tell_how_the_person_before_signed_in(party: PolicedParty) -> None:
    party.govern(authenticators=["cps", "password"])
    browser = party.house.browser()
    browser.submit(browser.get("/"), "/station")
    browser.sign_in()
    assert first_door(browser.submit(party.ask(browser), "/same_person/leave")) == "cps"


def test_a_phone_is_offered_the_card_last(party: PolicedParty) -> None:
    party.govern(authenticators=["cps", "password"])
    browser = party.house.browser()
    page = party.ask(browser)
    assert doors_in_order(page) == ["cps", "password"]
    on_phone = browser.get(page.request.path, headers={"Sec-CH-UA-Mobile": "?1"})
    assert doors_in_order(on_phone) == ["password", "cps"]


def doors_in_order(page: TestResponse) -> list[str]:
    forms = BeautifulSoup(page.text, "html.parser").select(".doors form")
    return [str(form["action"]).rpartition("/")[2] for form in forms]
