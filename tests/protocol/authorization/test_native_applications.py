"""Applications on a person's own device: answered on loopback at any port, or at a scheme of their own (RFC 8252)."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from werkzeug.test import TestResponse

from tests.protocol.keyed import with_clients
from tests.protocol.policed import signed_in_by
from tests.provider import Browser, Provider, answer_of

NATIVE, SCHEME = "on-a-device", "com.example.app:/callback"
CLAIMED = "https://app.example/callback"
_ENTRY: dict[str, Any] = {
    "client_name": "Sur un appareil",
    "client_uri": "https://app.example/",
    "token_endpoint_auth_method": "none",
    "redirect_uris": ["http://127.0.0.1/callback", "http://[::1]/callback"],
    "post_logout_redirect_uris": ["http://127.0.0.1/bye"],
}


@pytest.fixture(scope="module")
def house(app_factory: Callable[..., Provider]) -> Provider:
    made = app_factory()
    native = {
        **_ENTRY,
        "client_id": NATIVE,
        "application_type": "native",
        "redirect_uris": [*_ENTRY["redirect_uris"], SCHEME, CLAIMED],
        "post_logout_redirect_uris": ["http://127.0.0.1/bye", "com.example.app:/bye"],
    }
    with_clients(
        made.settings.where.clients_file,
        f"  - {json.dumps(native)}\n",
        f"  - {json.dumps({**_ENTRY, 'client_id': 'in-a-browser'})}\n",
    )
    return made


def asked(house: Provider, redirect_uri: str, client: str = NATIVE, **changes: str) -> TestResponse:
    return house.browser().authorize(client_id=client, redirect_uri=redirect_uri, **changes)


def answered(house: Provider, redirect_uri: str) -> tuple[Browser, TestResponse]:
    """The browser in which a person signed in for the application, and its answer."""
    browser = house.browser()
    page = browser.follow(browser.authorize(client_id=NATIVE, redirect_uri=redirect_uri))
    return browser, browser.prove(page)


def redeemed(house: Provider, answer: TestResponse, redirect_uri: str) -> TestResponse:
    (code,) = parse_qs(urlsplit(answer.headers["Location"]).query)["code"]
    return house.exchange(code, headers={}, client_id=NATIVE, redirect_uri=redirect_uri)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_a_native_application_signs_in_at_whatever_port_it_listens(house: Provider, host: str) -> None:
    redirect_uri = f"http://{host}:51004/callback"
    _, answer = answered(house, redirect_uri)
    assert answer.headers["Location"].partition("?")[0] == redirect_uri
    assert redeemed(house, answer, redirect_uri).status_code == 200


def test_its_code_is_good_at_the_port_that_it_was_asked_for_alone(house: Provider) -> None:
    """RFC 6749 §4.1.3: another program on the device listens at another port."""
    _, answer = answered(house, "http://127.0.0.1:51004/callback")
    assert redeemed(house, answer, "http://127.0.0.1:51005/callback").get_json()["error"] == "invalid_grant"


def test_a_scheme_of_its_own_is_answered_with_code_and_iss(house: Provider) -> None:
    _, answer = answered(house, SCHEME)
    address, _, query = answer.headers["Location"].partition("?")
    assert (answer.status_code, address) == (303, SCHEME)
    assert parse_qs(query)["iss"] == [house.settings.where.issuer]
    assert redeemed(house, answer, SCHEME).status_code == 200


def test_it_must_prove_its_code_by_pkce(house: Provider) -> None:
    answer = asked(house, SCHEME, code_challenge="", code_challenge_method="")
    assert "error=invalid_request" in answer.headers["Location"]


@pytest.mark.parametrize(
    ("client", "redirect_uri"),
    [
        (NATIVE, "http://localhost:51004/callback"),
        (NATIVE, "http://127.0.0.1:51004/other"),
        (NATIVE, "com.example.app:/callback2"),
        ("in-a-browser", "http://127.0.0.1:51004/callback"),
    ],
)
def test_any_other_address_is_a_page_here(house: Provider, client: str, redirect_uri: str) -> None:
    answer = asked(house, redirect_uri, client)
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


def test_a_person_comes_back_from_signing_out(house: Provider) -> None:
    redirect_uri = "http://127.0.0.1:51004/callback"
    browser, answer = answered(house, redirect_uri)
    hint = redeemed(house, answer, redirect_uri).get_json()["id_token"]
    for address, is_followed in (
        ("http://127.0.0.1:51004/other", False),
        ("http://localhost:51004/bye", False),
        ("http://127.0.0.1:51004/bye", True),
        ("com.example.app:/bye", True),
    ):
        told = {"id_token_hint": hint, "post_logout_redirect_uri": address}
        left = browser.get(f"/end_session?{urlencode(told)}")
        assert (left.headers.get("Location") == address) == is_followed, address


@pytest.mark.parametrize("redirect_uri", ["http://127.0.0.1:51004/callback", SCHEME])
def test_no_program_is_answered_by_a_session_alone(house: Provider, redirect_uri: str) -> None:
    """RFC 8252 §8.6: another program of the device may pretend to be the application."""
    silent = signed_in_by(house, "password", "email_otp")
    told = answer_of(silent.authorize(client_id=NATIVE, redirect_uri=redirect_uri, prompt="none"))
    assert told["error"] == "login_required"
    assert "mot de passe" in silent.follow(silent.authorize(client_id=NATIVE, redirect_uri=redirect_uri)).text


def test_at_an_https_address_that_it_claims_the_session_counts(house: Provider) -> None:
    answer = signed_in_by(house, "password", "email_otp").authorize(client_id=NATIVE, redirect_uri=CLAIMED)
    assert answer.headers["Location"].startswith(f"{CLAIMED}?code=")
