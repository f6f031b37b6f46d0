"""The connections after the first: every door, what the ID Token says of it, and what a relying party may ask."""

import base64
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from sandbox.demo.driver import Browser
from tests.demonstration import Demonstration
from tests.journeys import gestures as do
from tests.journeys.own_party import OwnParty
from tests.limits import within

Browse = Callable[..., Browser]
CPS, PSC, PWD_OTP = (f"urn:caducee:acr:{name}" for name in ("cps", "psc", "pwd-otp"))
EMAIL = "marie.lefebvre@cabinet.example"


@pytest.fixture(scope="module")
def lefebvre(demo: Demonstration) -> dict[str, Any]:
    """Her account: enrolled by her card, charter accepted."""
    with demo.browser("lefebvre") as browser:
        do.first_connection(browser, demo, EMAIL)
        assert do.is_at_home(browser.page, demo), browser.page.title
        subject = do.session(browser, demo)["id_token"]["sub"]
    rpps = demo.card("lefebvre")["rpps"]
    return {"rpps": rpps, "email": EMAIL, "password": do.PASSWORD, "subject": subject}


def card_door(card: str) -> Callable[[Browser, Demonstration, dict[str, Any]], None]:
    def enter(browser: Browser, demo: Demonstration, account: dict[str, Any]) -> None:
        inserted = demo.browser(card)
        browser.card = inserted.card
        inserted.close()
        do.by_card(browser)

    return enter


def psc_card_door(browser: Browser, demo: Demonstration, account: dict[str, Any]) -> None:
    do.by_psc_card(browser, "lefebvre")


def ecps_door(browser: Browser, demo: Demonstration, account: dict[str, Any]) -> None:
    do.by_ecps(browser, f"8{account['rpps']}")


def password_door(browser: Browser, demo: Demonstration, account: dict[str, Any]) -> None:
    do.by_password(browser, demo, account)


# docs/adr/0005: what each door may say of itself; Pro Santé Connect asserts no amr and none is invented.
DOORS = {
    "card": (card_door("lefebvre"), {"acr": CPS, "amr": ["sc", "pin", "hwk", "mfa"]}),
    "renewed card": (card_door("lefebvre-renewed"), {"acr": CPS, "amr": ["sc", "pin", "hwk", "mfa"]}),
    "PSC card": (
        psc_card_door,
        {"acr": PSC, "idp": "psc", "upstream_acr": "eidas1", "psc_auth_mode": "CARD"},
    ),
    "e-CPS": (ecps_door, {"acr": PSC, "idp": "psc", "upstream_acr": "eidas1", "psc_auth_mode": "MOBILE"}),
    "password": (password_door, {"acr": PWD_OTP, "amr": ["pwd", "otp"]}),
}
_ABOUT_LOGIN = {"acr", "amr", "idp", "upstream_acr", "psc_auth_mode"}


@pytest.mark.parametrize("door", DOORS)
def test_each_door_reaches_the_same_sub_and_says_what_it_is(
    demo: Demonstration, browse: Browse, lefebvre: dict[str, Any], door: str
) -> None:
    enter, expected = DOORS[door]
    browser, party = browse(), OwnParty.of(demo)
    before = int(time.time())
    party.ask(browser)
    enter(browser, demo, lefebvre)
    received = party.tokens(browser.page)
    claims = party.verified(received["id_token"])
    assert claims["sub"] == lefebvre["subject"]
    assert {name: claims[name] for name in _ABOUT_LOGIN & claims.keys()} == expected
    assert before - 1 <= claims["auth_time"] <= time.time()
    assert claims["exp"] - claims["iat"] == 300
    assert isinstance(claims["sid"], str)
    assert not set(claims) & {"rpps", "email", "family_name", "name", "SubjectNameID"}
    told = party.userinfo(received["access_token"]).json()
    assert (told["sub"], told["rpps"], told["email"]) == (claims["sub"], lefebvre["rpps"], EMAIL)


def test_id_token_binds_the_access_token_and_has_no_key_of_another(
    demo: Demonstration, browse: Browse, lefebvre: dict[str, Any]
) -> None:
    for client_id, alg in ((do.VIA, "RS256"), (do.SIBLING, "ES256")):
        browser, party = browse("lefebvre"), OwnParty.of(demo, client_id)
        party.ask(browser)
        do.by_card(browser)
        received = party.tokens(browser.page)
        claims = party.verified(received["id_token"])  # PyJWT refuses any alg but the registered one
        digest = hashlib.new("sha256", received["access_token"].encode()).digest()[:16]
        assert claims["at_hash"] == b64u(digest), alg
        assert (received["token_type"], received["expires_in"]) == ("Bearer", 300)
        assert received["scope"].split() == ["openid", "profile", "email", "professional"]


def b64u(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def test_second_profession_of_a_person_reaches_the_same_account(demo: Demonstration, browse: Browse) -> None:
    subjects = set()
    for card, profession in (("martin", "10"), ("martin-pharmacist", "21"), ("martin", "10")):
        browser = browse(card)
        do.arrive(browser, demo)
        do.by_card(browser)
        known = do.session(browser, demo)
        subjects.add(known["id_token"]["sub"])
        assert known["userinfo"]["profession"]["code"] == profession
    assert len(subjects) == 1


def test_sibling_gets_in_without_a_page_and_with_the_same_sid(
    demo: Demonstration, browse: Browse, lefebvre: dict[str, Any]
) -> None:
    browser = browse("lefebvre")
    do.arrive(browser, demo)
    do.by_card(browser)
    page = do.arrive(browser, demo, do.SIBLING)
    assert do.is_at_home(page, demo, do.SIBLING)
    assert not [hop for hop in page.hops if "/interaction/" in hop]
    here, there = do.session(browser, demo)["id_token"], do.session(browser, demo, do.SIBLING)["id_token"]
    shared = ("sub", "sid", "acr", "amr", "auth_time")
    assert {name: here[name] for name in shared} == {name: there[name] for name in shared}
    assert (here["aud"], there["aud"]) == (do.VIA, do.SIBLING)


@pytest.fixture(scope="module")
def strong_room(demo: Demonstration) -> Iterator[OwnParty]:
    """A client that wants the card at least, added to clients.yaml while the provider runs."""
    place = demo.state / "clients.yaml"
    kept, secret = place.read_text(), "a secret of the strong room, of some length"
    added = f"""\
  - client_id: strong-room
    client_name: Salle forte
    client_uri: http://localhost:1/
    client_secret: {{sha256: {hashlib.sha256(secret.encode()).hexdigest()}}}
    redirect_uris: ["http://localhost:1/callback"]
    scopes: [openid, profile, email, professional]
    minimum_acr: cps
"""
    replace(place, kept + added)
    yield OwnParty(demo.issuer, "strong-room", secret, "http://localhost:1/callback")
    replace(place, kept)


def replace(place: Any, text: str) -> None:
    new = place.with_suffix(".new")
    new.write_text(text)
    os.replace(new, place)


def test_client_that_wants_more_steps_the_session_up_in_place(
    demo: Demonstration, browse: Browse, lefebvre: dict[str, Any], strong_room: OwnParty
) -> None:
    browser, party = browse("lefebvre"), OwnParty.of(demo)
    party.ask(browser)
    do.by_password(browser, demo, lefebvre)
    low = party.verified(party.tokens(browser.page)["id_token"])
    page = strong_room.ask(browser)
    assert page.says("Salle forte demande un moyen d'identification plus sûr")
    assert page.field("current_password") is None
    do.by_card(browser)
    high = strong_room.verified(strong_room.tokens(browser.page)["id_token"])
    assert (low["acr"], high["acr"]) == (PWD_OTP, CPS)
    assert (high["sid"], high["sub"]) == (low["sid"], low["sub"])
    again = party.verified(party.tokens(party.ask(browser))["id_token"])
    assert (again["acr"], again["sid"]) == (CPS, low["sid"])


def test_password_door_is_shut_where_it_cannot_lead_anywhere(
    demo: Demonstration, browse: Browse, lefebvre: dict[str, Any], strong_room: OwnParty
) -> None:
    """The form posted by hand counts for nothing."""
    browser = browse()
    page = strong_room.ask(browser)
    csrf = page.field("csrf")
    assert csrf is not None
    typed = {"csrf": csrf.value or "", "rpps": lefebvre["rpps"], "password": lefebvre["password"]}
    after = browser.post(f"{do.interaction_path(page)}/password", typed)
    assert after.says("Identifiez-vous")
    assert after.url.endswith("/choice")


def test_acr_values_raise_what_is_asked_and_unknown_ones_are_ignored(
    demo: Demonstration, browse: Browse, lefebvre: dict[str, Any]
) -> None:
    browser, party = browse("lefebvre"), OwnParty.of(demo)
    party.ask(browser, acr_values="eidas3 urn:nobody:knows")
    do.by_password(browser, demo, lefebvre)
    assert party.verified(party.tokens(browser.page)["id_token"])["acr"] == PWD_OTP
    assert party.ask(browser, acr_values=CPS).says("plus sûr que celui déjà utilisé")
    do.by_card(browser)
    assert party.verified(party.tokens(browser.page)["id_token"])["acr"] == CPS
    satisfied = party.verified(party.tokens(party.ask(browser, acr_values=PSC))["id_token"])
    assert satisfied["acr"] == CPS  # a wish, and of the same rank


def test_prompt_login_asks_again_and_gives_a_new_auth_time_in_the_same_session(
    demo: Demonstration, browse: Browse, lefebvre: dict[str, Any]
) -> None:
    browser, party = browse("lefebvre"), OwnParty.of(demo)
    party.ask(browser)
    do.by_card(browser)
    first = party.verified(party.tokens(browser.page)["id_token"])
    time.sleep(1.1)  # auth_time counts whole seconds
    page = party.ask(browser, prompt="login")
    assert page.says("ViaTrajectoire demande de confirmer à nouveau votre identité")
    do.by_card(browser)
    second = party.verified(party.tokens(browser.page)["id_token"])
    assert second["auth_time"] > first["auth_time"]
    assert (second["sid"], second["sub"]) == (first["sid"], first["sub"])


def test_prompt_login_by_psc_asks_psc_to_sign_in_anew(
    demo: Demonstration, browse: Browse, lefebvre: dict[str, Any]
) -> None:
    browser, party = browse(), OwnParty.of(demo)
    party.ask(browser)
    do.by_psc_card(browser, "lefebvre")
    first = party.verified(party.tokens(browser.page)["id_token"])
    time.sleep(1.1)
    party.ask(browser, prompt="login")
    do.by_psc_card(browser, "lefebvre")  # its own session alone would not do: the card page is shown
    second = party.verified(party.tokens(browser.page)["id_token"])
    assert second["auth_time"] > first["auth_time"]
    assert second["acr"] == PSC


def test_max_age_counts_from_the_authentication(
    demo: Demonstration, browse: Browse, lefebvre: dict[str, Any]
) -> None:
    browser, party = browse("lefebvre"), OwnParty.of(demo)
    party.ask(browser, max_age="0")
    do.by_card(browser)
    first = party.verified(party.tokens(browser.page)["id_token"])
    assert party.answer(party.ask(browser, max_age="3600"))["code"]
    time.sleep(1.1)
    assert party.ask(browser, max_age="1").says("confirmer à nouveau votre identité")
    do.by_card(browser)
    assert party.verified(party.tokens(browser.page)["id_token"])["auth_time"] > first["auth_time"]
    assert party.ask(browser, max_age="0").says("confirmer à nouveau votre identité")


def test_prompt_none_answers_in_every_state_without_a_page(
    demo: Demonstration, browse: Browse, lefebvre: dict[str, Any]
) -> None:
    browser, party = browse("lefebvre"), OwnParty.of(demo)

    def silently(**asked: str) -> dict[str, str]:
        page = party.ask(browser, prompt="none", **asked)
        assert not [hop for hop in page.hops if "/interaction/" in hop]
        return party.answer(page)

    assert silently()["error"] == "login_required"
    party.ask(browser)
    do.by_card(browser)
    hint = party.tokens(browser.page)["id_token"]
    party.tokens(party.ask(browser, prompt="none"))
    assert silently(acr_values=CPS)["code"]
    time.sleep(1.1)
    assert silently(max_age="1")["error"] == "login_required"
    assert silently(max_age="0")["error"] == "login_required"
    browser.get(f"{demo.issuer}/end_session?id_token_hint={hint}")
    assert silently()["error"] == "login_required"


def test_prompt_none_never_lifts_a_low_session(
    demo: Demonstration, browse: Browse, lefebvre: dict[str, Any], strong_room: OwnParty
) -> None:
    browser, party = browse(), OwnParty.of(demo)
    party.ask(browser)
    do.by_password(browser, demo, lefebvre)
    party.tokens(browser.page)
    assert strong_room.answer(strong_room.ask(browser, prompt="none"))["error"] == "login_required"


def test_prompt_none_with_the_charter_due_is_interaction_required(
    demo: Demonstration, browse: Browse
) -> None:
    browser, party = browse("benali"), OwnParty.of(demo)
    party.ask(browser)
    do.by_card(browser)
    assert browser.page.says("Charte d'utilisation")
    # Nobody has a session before the code: there is nothing to be silent about.
    assert party.answer(party.ask(browser, prompt="none"))["error"] == "login_required"


def test_code_is_worth_one_redemption_by_its_own_client_with_its_own_verifier(
    demo: Demonstration, browse: Browse, lefebvre: dict[str, Any]
) -> None:
    browser, party = browse("lefebvre"), OwnParty.of(demo)
    party.ask(browser)
    do.by_card(browser)
    code = party.answer(browser.page)["code"]
    thief = OwnParty.of(demo, do.SIBLING)
    thief.verifier = party.verifier
    assert thief.redeem(code, redirect_uri=party.redirect_uri).json()["error"] == "invalid_grant"
    wrong = party.answer(party.ask(browser))["code"]
    assert party.redeem(wrong, code_verifier="x" * 64).json()["error"] == "invalid_grant"
    elsewhere = party.answer(party.ask(browser))["code"]
    refused = party.redeem(elsewhere, redirect_uri=thief.redirect_uri)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    good = party.answer(party.ask(browser))["code"]
    access = party.redeem(good).json()["access_token"]
    assert party.userinfo(access).status_code == 200
    assert party.redeem(good).json()["error"] == "invalid_grant"
    assert party.userinfo(access).status_code == 401


def test_somebody_else_at_the_same_browser_takes_the_session_over_and_ends_the_first(
    demo: Demonstration, browse: Browse, lefebvre: dict[str, Any]
) -> None:
    browser, party = browse("lefebvre"), OwnParty.of(demo)
    party.ask(browser)
    do.by_card(browser)
    first = party.tokens(browser.page)
    party.ask(browser, prompt="login")
    other = browse("martin")
    browser.card = other.card
    do.by_card(browser)
    second = party.verified(party.tokens(browser.page)["id_token"])
    assert second["sub"] != lefebvre["subject"]
    assert second["sid"] != json_claims(first["id_token"])["sid"]
    assert party.userinfo(first["access_token"]).status_code == 401


def json_claims(token: str) -> dict[str, Any]:
    body = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def test_published_keys_are_public_and_carry_no_private_member(demo: Demonstration) -> None:
    keys = requests.get(f"{demo.issuer}/jwks", timeout=within(10)).json()["keys"]
    assert {key["kty"] for key in keys} == {"RSA", "EC"}
    assert not [key for key in keys if set(key) & {"d", "p", "q", "dp", "dq", "qi", "k"}]
