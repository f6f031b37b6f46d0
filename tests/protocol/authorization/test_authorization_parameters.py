"""`claims`, `id_token_hint`, `login_hint`: what a relying party may ask of a sign-in beyond its scopes."""

import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from bs4 import BeautifulSoup

from tests.provider import RPPS, Provider, answer_of

CPS, PSC, PWD = (f"urn:caducee:acr:{name}" for name in ("cps", "psc", "pwd-otp"))


@pytest.fixture(scope="module")
def open_resources(app_factory: Callable[..., Provider], every_door: dict[str, Any]) -> Provider:
    """With all three doors; `provider` has the password's alone."""
    return app_factory(**every_door)


def _claims(**places: Any) -> str:
    return json.dumps(places)


def _id_token(provider: Provider, code: str) -> dict[str, Any]:
    tokens = provider.exchange(code).get_json()
    return dict(jwt.decode(tokens["id_token"], options={"verify_signature": False}))


@pytest.mark.parametrize(
    "claims",
    ["{broken", "[]", "1", '"x"', '{"userinfo": []}', '{"id_token": {"acr": "x"}}',
     '{"id_token": {"acr": {"values": 1}}}',
     '{"id_token": {"sub": {"value": 7}}}', '{"id_token": {"sub": {"values": ["a", "b"]}}}',
     '{"userinfo": {"a": {"b": {"c": {"d": {}}}}}}', "[" * 5000,
     r'{"userinfo": {"\ud800": null}}', r'{"id_token": {"acr": {"value": "\udfff"}}}'],
)  # fmt: skip
def test_a_malformed_claims_parameter_is_an_invalid_request(provider: Provider, claims: str) -> None:
    answer = answer_of(provider.browser().authorize(claims=claims))
    assert (answer["error"], answer["state"]) == ("invalid_request", "st/a=te&+%")


def test_an_essential_acr_that_was_reached_is_given(provider: Provider) -> None:
    code = provider.browser().sign_in(claims=_claims(id_token={"acr": {"essential": True, "values": [PWD]}}))
    assert _id_token(provider, code)["acr"] == PWD


def test_an_essential_acr_is_a_condition_and_a_voluntary_one_is_not(open_resources: Provider) -> None:
    """facts/security AC2: never a lower token."""
    browser = open_resources.browser()
    browser.sign_in()
    wanted = {"values": [CPS]}
    silent = {"prompt": "none", "claims": _claims(id_token={"acr": {"essential": True, **wanted}})}
    assert answer_of(browser.authorize(**silent))["error"] == "login_required"
    assert "code" in answer_of(browser.authorize(prompt="none", claims=_claims(id_token={"acr": wanted})))


def test_under_an_essential_card_acr_the_password_door_is_not_shown(open_resources: Provider) -> None:
    browser = open_resources.browser()
    page = browser.follow(
        browser.authorize(claims=_claims(id_token={"acr": {"essential": True, "value": PSC}}))
    )
    assert "/password" not in page.text


def test_an_essential_acr_nobody_can_reach_is_said_at_once(provider: Provider) -> None:
    for value in ("eidas3", "urn:mace:incommon:iap:silver"):
        wanted = _claims(id_token={"acr": {"essential": True, "value": value}})
        answer = answer_of(provider.browser().authorize(claims=wanted))
        assert answer["error"] == "unmet_authentication_requirements"


@pytest.mark.parametrize("prompt", [None, "none", "login"])
def test_an_essential_acr_without_an_open_door_is_said_at_once(
    provider: Provider, prompt: str | None
) -> None:
    """facts/security AC2: the person is not shown a page without a door."""
    browser = provider.browser()
    browser.sign_in()
    for values in ([PSC], [CPS, PSC]):
        wanted = _claims(id_token={"acr": {"essential": True, "values": values}})
        answer = answer_of(browser.authorize(claims=wanted, prompt=prompt))
        assert answer["error"] == "unmet_authentication_requirements"
    reached = _claims(id_token={"acr": {"essential": True, "values": [PSC, PWD]}})
    assert "code" in answer_of(browser.authorize(claims=reached, acr_values=PSC))


def test_consent_is_the_operators_and_nobody_is_asked_again(provider: Provider) -> None:
    """Core §3.1.2.4. `test_psc_scopes.py` has the one choice that `prompt=consent` brings back."""
    browser = provider.browser()
    browser.sign_in()
    assert "code" in answer_of(browser.authorize(prompt="consent"))
    assert browser.follow(browser.authorize(prompt="consent login")).status_code == 200


def test_any_of_several_acr_values_will_do(open_resources: Provider) -> None:
    """Core §3.1.2.1: values in the order of preference, each of them asked for."""
    browser = open_resources.browser()
    browser.sign_in()
    for values in (f"{PSC} {PWD}", f"{PWD} {PSC}", f"{CPS} eidas3 {PWD}"):
        assert "code" in answer_of(browser.authorize(prompt="none", acr_values=values)), values
    for values in (PSC, f"{PSC} {CPS}", f"eidas3 {CPS}"):
        answer = answer_of(browser.authorize(prompt="none", acr_values=values))
        assert answer["error"] == "login_required", values


def test_acr_values_without_an_open_door_are_let_go(provider: Provider) -> None:
    """A wish: the person is not shown a page without a door."""
    browser = provider.browser()
    page = browser.follow(browser.authorize(acr_values=PSC))
    code = answer_of(browser.prove(page))["code"]
    assert _id_token(provider, code)["acr"] == PWD
    assert "code" in answer_of(browser.authorize(prompt="none", acr_values=f"{CPS} {PSC}"))


def test_a_hint_of_the_person_signed_in_gets_the_code(provider: Provider) -> None:
    browser = provider.browser()
    hint = provider.exchange(browser.sign_in()).get_json()["id_token"]
    assert "code" in answer_of(browser.authorize(prompt="none", id_token_hint=hint))


def test_another_person_than_the_hinted_one_gets_no_code(provider: Provider) -> None:
    """Core §3.1.2.2, for `id_token_hint` and for `claims` alike."""
    browser = provider.browser()
    browser.sign_in()
    for place in ("id_token", "userinfo"):
        other = _claims(**{place: {"sub": {"value": "somebody-else"}}})
        assert answer_of(browser.authorize(prompt="none", claims=other))["error"] == "login_required"
        page = browser.follow(browser.authorize(claims=other))
        assert page.status_code == 200  # Whoever is expected may still sign in…
        assert answer_of(browser.prove(page))["error"] == "login_required"  # … but only that person.


def test_the_hinted_person_may_sign_in_now(provider: Provider) -> None:
    hint = provider.exchange(provider.browser().sign_in()).get_json()["id_token"]
    code = provider.browser().sign_in(id_token_hint=hint)
    assert _id_token(provider, code)["sub"] == provider.account.subject


def test_a_hint_that_is_no_id_token_of_ours_for_this_client_is_refused(provider: Provider) -> None:
    own = provider.exchange(provider.browser().sign_in()).get_json()["id_token"]
    foreign = {"client_id": "grand-age", "redirect_uri": "https://grand-age.example/callback"}
    for changes in (
        {"id_token_hint": "junk"},
        {"id_token_hint": own[:-6] + "AAAAAA"},
        {"id_token_hint": own, **foreign},
        # A hint of one person and a `sub` of another: nobody is both.
        {"id_token_hint": own, "claims": _claims(id_token={"sub": {"value": "somebody-else"}})},
    ):
        assert answer_of(provider.browser().authorize(**changes))["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("hint", "shown"),
    [
        (RPPS, RPPS),
        (f"8{RPPS}", RPPS),
        ("marie@cabinet.example", ""),
        ('"><script>alert(1)</script>', ""),
        ("", ""),
    ],
)
def test_a_login_hint_fills_the_form_when_it_is_an_rpps_and_is_not_shown_otherwise(
    provider: Provider, hint: str, shown: str
) -> None:
    browser = provider.browser()
    page = browser.follow(browser.authorize(login_hint=hint))
    field = BeautifulSoup(page.text, "html.parser").find("input", attrs={"name": "rpps"})
    assert field is not None
    assert field.get("value", "") == shown
    assert "<script>" not in page.text
