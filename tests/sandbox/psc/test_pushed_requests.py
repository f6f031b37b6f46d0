"""Requests pushed beforehand (RFC 9126), and what a Keycloak would keep of those that are refused."""

from typing import Any

import pytest
import requests

from tests.sandbox.psc.driver import CALLBACK, CLIENT_ID, TIMEOUT, Browser, Psc, assert_refused, basic

PUSH = "pushed_authorization_request_endpoint"


def ordinary(**changes: str) -> dict[str, str]:
    return {
        "response_type": "code",
        "redirect_uri": CALLBACK,
        "scope": "openid scope_all",
        "acr_values": "eidas1",
        "state": "s-1",
        **changes,
    }


def pushed(psc: Psc) -> str:
    answer = psc.post(PUSH, ordinary())
    assert (answer.status_code, answer.json()["expires_in"]) == (201, 60)
    return str(answer.json()["request_uri"])


def go(browser: Browser, **sent: str) -> None:
    browser.visit(browser.psc.metadata["authorization_endpoint"], params=sent)


def events(psc: Psc) -> list[Any]:
    told: list[Any] = requests.get(f"{psc.control}/api/events", timeout=TIMEOUT).json()
    return told


def test_pushed_request_signs_in_once(psc: Psc, browser: Browser) -> None:
    request_uri = pushed(psc)
    go(browser, client_id=CLIENT_ID, request_uri=request_uri)
    assert browser.by_card()["state"] == "s-1"
    go(browser, client_id=CLIENT_ID, request_uri=request_uri)
    assert browser.page.status_code == 400
    assert "n’a pas été déposée" in browser.text


def test_pushed_request_of_another_client_opens_nothing(psc: Psc, browser: Browser) -> None:
    go(browser, client_id="autre", request_uri=pushed(psc))
    assert browser.page.status_code == 400


def test_request_in_the_address_is_refused_where_it_must_be_pushed(psc: Psc, browser: Browser) -> None:
    assert psc.metadata["require_pushed_authorization_requests"] is False
    psc.switch(par_required=True)
    document = requests.get(f"{psc.issuer}/.well-known/wallet-openid-configuration", timeout=TIMEOUT).json()
    assert document["require_pushed_authorization_requests"] is True
    browser.ask()
    assert browser.answer()["error"] == "invalid_request"
    go(browser, client_id=CLIENT_ID, request_uri=pushed(psc))
    assert browser.is_at_sign_in


def test_bad_request_is_refused_when_it_is_pushed(psc: Psc) -> None:
    assert_refused(psc.post(PUSH, ordinary(scope="openid x")), 400, "invalid_scope", "Invalid scopes")
    other = psc.post(PUSH, ordinary(redirect_uri=f"{CALLBACK}/"))
    assert (other.status_code, other.json()["error"]) == (400, "invalid_request")
    unknown = psc.post(PUSH, ordinary(), auth=basic(CLIENT_ID, "wrong"))
    assert (unknown.status_code, unknown.json()["error"]) == (401, "unauthorized_client")


@pytest.mark.parametrize(
    ("method", "left"), [("GET", 1), ("HEAD", 1), ("OPTIONS", 0)], ids=["GET", "HEAD", "OPTIONS"]
)
def test_question_without_a_client_is_kept_as_a_failed_sign_in(psc: Psc, method: str, left: int) -> None:
    requests.request(method, psc.metadata["authorization_endpoint"], timeout=TIMEOUT)
    assert events(psc) == [{"type": "LOGIN_ERROR", "error": "unknown_client"}] * left


def test_refusal_at_the_clients_address_is_kept_too(psc: Psc, browser: Browser) -> None:
    psc.switch(max_age_refused=True)
    browser.ask(max_age="0")
    assert browser.answer()["error"] == "invalid_request"
    assert events(psc) == [{"type": "LOGIN_ERROR", "error": "invalid_request"}]
    psc.reset()
    assert events(psc) == []


@pytest.mark.parametrize(
    ("switch", "max_age", "is_told"),
    [
        ("told", None, True),
        ("with_max_age", None, False),
        ("with_max_age", "60", True),
        ("absent", "60", False),
    ],
)
def test_moment_is_told_as_the_switch_says(
    psc: Psc, browser: Browser, switch: str, max_age: str | None, is_told: bool
) -> None:
    psc.switch(auth_time=switch)
    browser.ask(max_age=max_age)
    tokens = psc.redeem(browser.by_card()).json()
    assert ("auth_time" in psc.verified(tokens["id_token"])[1]) is is_told
