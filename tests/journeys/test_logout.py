"""Leaving: what ends, what asks first, where it leads; and where it never leads."""

import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest

from sandbox.demo.driver import Browser, Page
from tests.demonstration import Demonstration
from tests.journeys import gestures as do
from tests.journeys.own_party import OwnParty
from tests.made_once import rsa_key

Browse = Callable[..., Browser]
CONFIRM, DONE = "Se déconnecter ?", "Votre session est fermée"


@pytest.fixture
def party(demo: Demonstration) -> OwnParty:
    return OwnParty.of(demo)


@pytest.fixture
def signed_in(demo: Demonstration, browse: Browse, party: OwnParty) -> tuple[Browser, dict[str, Any]]:
    browser = browse("martin")
    party.ask(browser)
    do.by_card(browser)
    return browser, party.tokens(browser.page)


def end_session(browser: Browser, demo: Demonstration, **sent: str) -> Page:
    return browser.get(f"{demo.issuer}/end_session?{urlencode(sent)}")


def return_address(demo: Demonstration, client_id: str = do.VIA) -> str:
    return f"{do.home(demo, client_id)}signed-out"


def is_over(browser: Browser, party: OwnParty) -> bool:
    return party.answer(party.ask(browser, prompt="none")).get("error") == "login_required"


def test_application_signs_out_everywhere_and_the_sibling_needs_a_login(
    demo: Demonstration, browse: Browse
) -> None:
    browser = browse("martin")
    do.arrive(browser, demo)
    do.by_card(browser)
    do.arrive(browser, demo, do.SIBLING)
    page = do.sign_out(browser, demo)
    assert page.url.startswith(return_address(demo))
    assert f"{demo.issuer}/end_session" in " ".join(page.hops)
    assert not do.is_signed_in(browser, demo)
    assert do.arrive(browser, demo, do.SIBLING).says("Identifiez-vous")


def test_hint_of_this_session_ends_it_and_its_tokens(
    demo: Demonstration, signed_in: tuple[Browser, dict[str, Any]], party: OwnParty
) -> None:
    browser, received = signed_in
    assert party.userinfo(received["access_token"]).status_code == 200
    browser.stop_at = (return_address(demo),)
    page = end_session(
        browser,
        demo,
        id_token_hint=received["id_token"],
        post_logout_redirect_uri=return_address(demo),
        state="a state",
    )
    assert page.url == f"{return_address(demo)}?state=a+state"
    refused = party.userinfo(received["access_token"])
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]
    assert is_over(browser, party)


def test_code_not_yet_redeemed_is_worth_nothing_after_signing_out(
    demo: Demonstration, signed_in: tuple[Browser, dict[str, Any]], party: OwnParty
) -> None:
    browser, received = signed_in
    code = party.answer(party.ask(browser))["code"]
    end_session(browser, demo, id_token_hint=received["id_token"])
    answer = party.redeem(code)
    # Either the code is refused, or what it gives opens nothing.
    assert answer.status_code == 400 or party.userinfo(answer.json()["access_token"]).status_code == 401


def test_without_a_hint_the_person_is_asked_and_a_get_changes_nothing(
    demo: Demonstration, signed_in: tuple[Browser, dict[str, Any]], party: OwnParty
) -> None:
    browser, received = signed_in
    for _ in range(2):
        page = end_session(browser, demo)
        assert page.says(CONFIRM)
        # The name as the card or Pro Santé Connect writes it.
        assert "session : paul martin" in page.text.casefold()
    assert party.userinfo(received["access_token"]).status_code == 200
    assert party.answer(party.ask(browser, prompt="none"))["code"]
    end_session(browser, demo)
    assert browser.submit("Me déconnecter").says(DONE)
    assert is_over(browser, party)


def test_confirmation_leads_back_to_the_application_that_asked(
    demo: Demonstration, signed_in: tuple[Browser, dict[str, Any]], party: OwnParty
) -> None:
    browser, _received = signed_in
    browser.stop_at = (return_address(demo),)
    asked = {"client_id": do.VIA, "post_logout_redirect_uri": return_address(demo), "state": "s"}
    page = end_session(browser, demo, **asked)
    assert page.says(CONFIRM)
    assert page.document.link("Rester connecté et revenir à ViaTrajectoire") == do.home(demo)
    assert browser.submit("Me déconnecter").url == f"{return_address(demo)}?state=s"


@pytest.mark.parametrize(
    "address",
    [
        "https://attaquant.example/",
        "http://localhost:1/signed-out",
        "//attaquant.example",
        "javascript:alert(1)",
        "{registered}/",
        "{registered}?x=y",
        "{registered}#x",
        "{sibling}",
        "",
    ],
)
def test_address_not_registered_for_this_client_is_never_followed(
    demo: Demonstration, signed_in: tuple[Browser, dict[str, Any]], address: str
) -> None:
    browser, received = signed_in
    wished = address.format(registered=return_address(demo), sibling=return_address(demo, do.SIBLING))
    page = end_session(
        browser, demo, id_token_hint=received["id_token"], post_logout_redirect_uri=wished, state="s"
    )
    assert page.says(DONE)
    assert page.origin == demo.issuer
    assert page.document.link("Revenir à ViaTrajectoire") == do.home(demo)


def test_address_without_a_client_is_never_followed(demo: Demonstration, browse: Browse) -> None:
    page = end_session(browse(), demo, post_logout_redirect_uri=return_address(demo))
    assert (page.origin, page.says(DONE)) == (demo.issuer, True)


def forged(token: str) -> dict[str, str]:
    """Hints that name the living session and prove nothing."""
    head, body, signature = token.split(".")
    claims = json.loads(urlsafe_b64decode(body + "=="))
    other = rsa_key("stranger")
    kid = jwt.get_unverified_header(token)["kid"]

    def b64u(text: str) -> str:
        return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()

    changed = b64u(json.dumps({**claims, "aud": do.SIBLING}))
    return {
        "alg none": f"{b64u(json.dumps({'alg': 'none'}))}.{body}.",
        "another key": jwt.encode(claims, other, "RS256", {"kid": kid}),
        "HS256": jwt.encode(claims, "x" * 64, "HS256", {"kid": kid}),
        "claims changed": f"{head}.{changed}.{signature}",
        "no signature": f"{head}.{body}.",
        "cut": token[:-20],
        "garbage": "a.b.c",
        "five parts": "a.b.c.d.e",
        "null": "\0.\0.\0",
        "huge": "x" * 15_000,
    }


def test_forged_hints_ask_first_and_lead_nowhere(
    demo: Demonstration, signed_in: tuple[Browser, dict[str, Any]], party: OwnParty
) -> None:
    browser, received = signed_in
    for name, hint in forged(received["id_token"]).items():
        page = end_session(browser, demo, id_token_hint=hint, post_logout_redirect_uri=return_address(demo))
        assert page.says(CONFIRM), name
        assert page.origin == demo.issuer, name
    assert party.userinfo(received["access_token"]).status_code == 200


def test_hint_of_another_session_ends_that_one_and_asks_about_this(
    demo: Demonstration, signed_in: tuple[Browser, dict[str, Any]], browse: Browse, party: OwnParty
) -> None:
    """A hint stolen from, or left by, somebody else must not end this one."""
    browser, received = signed_in
    other_party, other = OwnParty.of(demo), browse("martin")
    other_party.ask(other)
    do.by_card(other)
    theirs = other_party.tokens(other.page)
    assert end_session(browser, demo, id_token_hint=theirs["id_token"]).says(CONFIRM)
    assert other_party.userinfo(theirs["access_token"]).status_code == 401
    assert party.userinfo(received["access_token"]).status_code == 200


def test_hint_ends_its_session_without_the_browser_too(
    demo: Demonstration, signed_in: tuple[Browser, dict[str, Any]], browse: Browse, party: OwnParty
) -> None:
    """A Keycloak in front of us calls from server to server, and takes any answer for success."""
    browser, received = signed_in
    assert end_session(browse(), demo, id_token_hint=received["id_token"]).says(DONE)
    assert party.userinfo(received["access_token"]).status_code == 401
    assert is_over(browser, party)


def test_expired_hint_of_this_session_still_ends_it(short_lives: Demonstration, browse: Browse) -> None:
    """RP-Initiated Logout §2: the hint is seldom fresh."""
    party, browser = OwnParty.of(short_lives), browse("martin", at=short_lives)
    party.ask(browser)
    do.by_card(browser)
    hint = party.tokens(browser.page)["id_token"]
    claims = jwt.decode(hint, options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 1
    time.sleep(1.2)
    with pytest.raises(jwt.ExpiredSignatureError):
        party.verified(hint)
    assert end_session(browser, short_lives, id_token_hint=hint).says(DONE)
    assert is_over(browser, party)


def test_confirmation_needs_the_form_of_this_browser(
    demo: Demonstration, signed_in: tuple[Browser, dict[str, Any]], browse: Browse, party: OwnParty
) -> None:
    browser, received = signed_in
    foreign = end_session(browse(), demo).field("csrf")
    for csrf in ("", "0" * 64, foreign.value if foreign else "x"):
        page = browser.post(f"{demo.issuer}/end_session/confirm", {"csrf": csrf or "", "request": ""})
        assert page.status == 403
    assert party.userinfo(received["access_token"]).status_code == 200


def test_signing_out_twice_says_it_is_done(
    demo: Demonstration, signed_in: tuple[Browser, dict[str, Any]]
) -> None:
    browser, received = signed_in
    for _ in range(2):
        assert end_session(browser, demo, id_token_hint=received["id_token"]).says(DONE)


def test_page_of_the_account_offers_to_sign_out(
    demo: Demonstration, signed_in: tuple[Browser, dict[str, Any]], party: OwnParty
) -> None:
    browser, _received = signed_in
    page = browser.get(f"{demo.issuer}/")
    assert page.says("Session ouverte depuis")
    assert page.says("MARTIN")
    assert browser.submit("Se déconnecter").says(DONE)
    assert is_over(browser, party)
    assert browser.get(f"{demo.issuer}/").says("Aucune session ouverte")


def test_psc_session_is_over_too_after_a_login_by_psc(demo: Demonstration, browse: Browse) -> None:
    browser = browse()
    do.arrive(browser, demo)
    do.by_psc_card(browser, "martin")
    assert do.is_at_home(browser.page, demo)
    # Its own session would let anybody in by one click: here it still does.
    do.arrive(browser, demo, prompt="login")
    page = do.sign_out(browser, demo)
    assert any("/protocol/openid-connect/logout" in hop for hop in page.hops), page.hops
    assert page.url.startswith(return_address(demo))
    do.arrive(browser, demo)
    browser.submit("S'identifier avec Pro Santé Connect")
    assert browser.page.says("Choisissez votre moyen de connexion")


def test_psc_session_lets_in_by_one_click_until_then(demo: Demonstration, browse: Browse) -> None:
    """What the test before relies on."""
    browser = browse()
    do.arrive(browser, demo)
    do.by_psc_card(browser, "martin")
    browser.cookies.clear("localhost.local", "/", "caducee_session")
    do.arrive(browser, demo)
    assert do.is_at_home(browser.submit("S'identifier avec Pro Santé Connect"), demo)


def test_sign_out_leads_home_while_psc_is_silent_about_the_state(demo: Demonstration, browse: Browse) -> None:
    """PSC gives `state` back or not (facts/psc §6): without it, the page that says it is done."""
    page = browse().get(f"{demo.issuer}/end_session/psc")
    assert page.says(DONE)
