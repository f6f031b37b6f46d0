"""The end of a session as relying parties are told: by a call, in a frame; and what they do not believe."""

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import requests
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from tests.limits import within
from tests.sandbox.openid_double import OpenIdDouble
from tests.sandbox.relying_parties import Parties, is_signed_in, sign_in

EVENT = "http://schemas.openid.net/event/backchannel-logout"
_numbers = iter(range(10**6))


def token(provider: OpenIdDouble, *, header: dict[str, Any] | None = None, **changes: Any) -> str:
    """A good Logout Token for ViaTrajectoire; None takes a claim away."""
    now = int(time.time())
    good: dict[str, Any] = {
        "iss": provider.issuer,
        "aud": "viatrajectoire",
        "iat": now,
        "exp": now + 120,
        "jti": f"jti-{next(_numbers)}",
        "events": {EVENT: {}},
        "sub": "p-1",
        "sid": "sid-1",
        **changes,
    }
    claims = {name: value for name, value in good.items() if value is not None}
    head = {"alg": "RS256", "kid": provider.rsa.kid, "typ": "logout+jwt", **(header or {})}
    key: RSAKey | ECKey = provider.ec if head["alg"] == "ES256" else provider.rsa
    return jwt.encode(head, claims, key, algorithms=["RS256", "ES256"])


@pytest.fixture
def home(parties: Parties, provider: OpenIdDouble, browser: requests.Session) -> str:
    """ViaTrajectoire, where the browser is signed in by session sid-1."""
    provider.token_claims = {"sid": "sid-1"}
    sign_in(browser, parties.via)
    assert is_signed_in(browser, parties.via)
    return parties.via


def call(home: str, logout_token: str) -> requests.Response:
    return requests.post(f"{home}/backchannel-logout", {"logout_token": logout_token}, timeout=within(10))


def test_call_signs_out_and_the_page_says_why(
    home: str, provider: OpenIdDouble, browser: requests.Session
) -> None:
    answer = call(home, token(provider))
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    assert not is_signed_in(browser, home)
    assert "a été fermée ailleurs" in browser.get(f"{home}/").text
    sign_in(browser, home)
    assert is_signed_in(browser, home)
    browser.get(f"{home}/logout", allow_redirects=False)
    assert "a été fermée ailleurs" not in browser.get(f"{home}/").text


def test_session_alone_or_person_alone_is_enough(
    home: str, provider: OpenIdDouble, browser: requests.Session
) -> None:
    for left_out in ("sub", "sid"):
        call(home, token(provider, **{left_out: None}))
        assert not is_signed_in(browser, home)
        sign_in(browser, home)


def test_other_sessions_and_persons_stay(
    home: str, provider: OpenIdDouble, browser: requests.Session
) -> None:
    assert call(home, token(provider, sid="sid-2")).status_code == 200
    assert call(home, token(provider, sub="p-2", sid=None)).status_code == 200
    assert is_signed_in(browser, home)


def test_token_is_good_once(home: str, provider: OpenIdDouble, browser: requests.Session) -> None:
    first = token(provider)
    assert call(home, first).status_code == 200
    sign_in(browser, home)
    refused = call(home, first)
    assert (refused.status_code, refused.json()["error_description"]) == (400, "replay")
    assert is_signed_in(browser, home)


@pytest.mark.parametrize(
    ("changes", "check"),
    [
        ({"iss": "https://other.example"}, "iss"),
        ({"aud": "grand-age"}, "aud"),
        ({"events": None}, "events"),
        ({"events": {}}, "events"),
        ({"events": {EVENT: 1}}, "events"),
        ({"nonce": "n"}, "nonce"),
        ({"sub": None, "sid": None}, "sub"),
        ({"jti": None}, "jti"),
        ({"iat": None}, "iat"),
        ({"iat": timedelta(minutes=10)}, "iat"),
        ({"exp": None}, "exp"),
        ({"exp": timedelta(minutes=-1)}, "exp"),
        ({"exp": timedelta(days=1)}, "exp"),
        ({"header": {"typ": "JWT"}}, "typ"),
        ({"header": {"alg": "ES256", "kid": "ec"}}, "signature"),
    ],
)
def test_what_a_token_must_be(
    home: str, provider: OpenIdDouble, browser: requests.Session, changes: dict[str, Any], check: str
) -> None:
    # Counted from the call: the tests before it may have taken their time.
    now = int(time.time())
    made = {
        name: now + int(value.total_seconds()) if isinstance(value, timedelta) else value
        for name, value in changes.items()
    }
    refused = call(home, token(provider, **made))
    assert (refused.status_code, refused.json()["error_description"]) == (400, check)
    assert is_signed_in(browser, home)


def _unsigned(provider: OpenIdDouble) -> str:
    head = "eyJhbGciOiJub25lIiwidHlwIjoibG9nb3V0K2p3dCJ9"
    return f"{head}.{token(provider).split('.')[1]}."


@pytest.mark.parametrize(
    "forged",
    [lambda _provider: "", lambda _provider: "a.b.c", lambda p: token(p)[:-10] + "A" * 10, _unsigned],
)
def test_what_nobody_signed_is_not_believed(
    home: str, provider: OpenIdDouble, browser: requests.Session, forged: Callable[[OpenIdDouble], str]
) -> None:
    assert call(home, forged(provider)).status_code == 400
    assert is_signed_in(browser, home)


def test_frame_signs_out_by_the_sid_without_any_cookie(
    home: str, provider: OpenIdDouble, browser: requests.Session
) -> None:
    told = {"iss": provider.issuer, "sid": "sid-1"}
    answer = requests.get(f"{home}/frontchannel-logout", told, timeout=within(10))
    assert (answer.status_code, answer.text) == (200, "")
    assert answer.headers["Content-Security-Policy"].endswith(f"frame-ancestors {provider.issuer}")
    assert "Set-Cookie" not in answer.headers
    assert not is_signed_in(browser, home)


@pytest.mark.parametrize(
    "told",
    [{}, {"sid": "sid-1"}, {"iss": "https://other.example", "sid": "sid-1"}, {"iss": "{issuer}"},
     {"iss": "{issuer}", "sid": "sid-2"}],
)  # fmt: skip
def test_frame_of_somebody_else_signs_nobody_out(
    home: str, provider: OpenIdDouble, browser: requests.Session, told: dict[str, str]
) -> None:
    said = {name: value.format(issuer=provider.issuer) for name, value in told.items()}
    assert browser.get(f"{home}/frontchannel-logout", params=said).status_code == 200
    assert is_signed_in(browser, home)


def test_call_by_get_is_not_one(home: str) -> None:
    assert requests.get(f"{home}/backchannel-logout", timeout=within(10)).status_code == 405
