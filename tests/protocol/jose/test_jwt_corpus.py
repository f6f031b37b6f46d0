"""The corpus of hostile JWTs at every door that reads one: the registered refusal, nothing repeated, nothing done."""

import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from werkzeug.test import Client, TestResponse

from idp.adapters.software_signer import load_signer
from tests.protocol.jwt_corpus import FORGERIES, OF_ALGORITHMS, UNTIMELY, Specimen
from tests.protocol.keyed import REDIRECT as KEYED_REDIRECT
from tests.protocol.keyed import assertion, claims_of, ec_key, form, register_keyed, rsa_key
from tests.provider import (
    AFTER_LOGOUT,
    ISSUER,
    REDIRECT,
    RP,
    Browser,
    Provider,
    answer_of,
    authorization,
)


@pytest.fixture(scope="module")
def keyed(app_factory: Callable[..., Provider]) -> Provider:
    provider = app_factory()
    register_keyed(provider.settings.where.clients_file)
    return provider


@pytest.fixture(scope="module")
def visitor(keyed: Provider) -> tuple[Browser, Specimen]:
    """A person signed in, and the ID Token that the relying party could hand back."""
    browser = keyed.browser()
    tokens = keyed.exchange(browser.sign_in()).get_json()
    claims = _unverified(tokens["id_token"])
    signers = {
        signer.alg: signer
        for signer in map(load_signer, sorted(keyed.settings.keys.directory.glob("sign-*.pem")))
    }
    keys: dict[str, Any] = {alg: signer.key for alg, signer in signers.items()}
    return browser, Specimen("RS256", signers["RS256"].kid, claims, keys, {"typ": "JWT"})


def _unverified(token: str) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return found


def repeats(response: TestResponse, token: str) -> bool:
    """Whether a part of the token comes back; what has few letters stands in any page."""
    told = response.text + "".join(value for _name, value in response.headers)
    return any(len(part) > 12 and part in told for part in (token, *token.split(".")))


_A_LIST = "aud a list of strangers too"

# The hint at /authorize.


def test_the_honest_hint_passes_at_authorize(visitor: tuple[Browser, Specimen]) -> None:
    browser, specimen = visitor
    assert "code" in answer_of(browser.authorize(id_token_hint=specimen.honest(), prompt="none"))


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_hint_is_an_invalid_request_at_authorize(
    visitor: tuple[Browser, Specimen], name: str
) -> None:
    browser, specimen = visitor
    token = FORGERIES[name](specimen)
    response = browser.authorize(id_token_hint=token, prompt="none")
    assert response.status_code == 303
    assert response.headers["Location"].startswith(f"{REDIRECT}?")
    assert answer_of(response)["error"] == "invalid_request"
    assert not repeats(response, token)


# The hint at /end_session.


def leave(browser: Browser, token: str) -> TestResponse:
    query = {"id_token_hint": token, "post_logout_redirect_uri": AFTER_LOGOUT, "state": "s"}
    return browser.get("/end_session", query_string=query)


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forged_hint_ends_no_session_and_leads_nowhere(
    visitor: tuple[Browser, Specimen], name: str
) -> None:
    browser, specimen = visitor
    token = FORGERIES[name](specimen)
    response = leave(browser, token)
    assert response.status_code in {200, 400}
    assert "Location" not in response.headers
    assert AFTER_LOGOUT not in response.text
    assert not repeats(response, token)
    assert "code" in answer_of(browser.authorize(prompt="none")), "the session lives on"


def test_an_expired_hint_is_good_enough_to_leave_and_the_honest_one_does_end_the_session(
    keyed: Provider, visitor: tuple[Browser, Specimen]
) -> None:
    _browser, specimen = visitor
    browser = keyed.browser()
    tokens = keyed.exchange(browser.sign_in()).get_json()
    own = Specimen(
        specimen.alg, specimen.kid, _unverified(tokens["id_token"]), specimen.keys, specimen.header
    )
    response = leave(browser, UNTIMELY["expired"](own))
    assert response.headers["Location"].startswith(AFTER_LOGOUT)
    assert "error" in answer_of(browser.authorize(prompt="none"))


# Where several algorithms pass: the whole corpus under one of them, what depends on the algorithm under each.

ALGS = ("ES256", "RS256", "PS256")
WHOLE = (*FORGERIES, *UNTIMELY)
CROSSED = [("ES256", name) for name in WHOLE] + [(alg, name) for alg in ALGS[1:] for name in OF_ALGORITHMS]


def test_the_crossing_leaves_nothing_out() -> None:
    assert {name for _alg, name in CROSSED} == set(WHOLE)
    assert {(alg, name) for alg in ALGS for name in OF_ALGORITHMS} <= set(CROSSED)


# The client assertion.


def specimen_of_a_client(alg: str, claims: dict[str, Any]) -> Specimen:
    keys: dict[str, Any] = {
        "ES256": ec_key().private_key,
        "RS256": rsa_key().private_key,
        "PS256": rsa_key().private_key,
    }
    kid = str((ec_key() if alg == "ES256" else rsa_key()).kid)
    return Specimen(alg, kid, claims, keys, {})


def assertion_specimen(alg: str) -> Specimen:
    return specimen_of_a_client(alg, claims_of("keyed"))


def shown(provider: Provider, token: str, **more: str) -> TestResponse:
    data = form(token, token="x", **more)
    return Client(provider.app, TestResponse).post("/introspect", base_url=ISSUER, data=data)


@pytest.mark.parametrize("alg", ALGS)
def test_the_honest_assertion_passes(keyed: Provider, alg: str) -> None:
    assert shown(keyed, assertion_specimen(alg).honest()).status_code == 200


@pytest.mark.parametrize(("alg", "name"), CROSSED)
def test_a_forged_assertion_proves_nobody(keyed: Provider, name: str, alg: str) -> None:
    token = {**FORGERIES, **UNTIMELY}[name](assertion_specimen(alg))
    for more in ({}, {"client_id": "keyed"}):
        response = shown(keyed, token, **more)
        # Above its bound, a parameter is refused before anybody asks what it is.
        is_long = len(token) > keyed.settings.bounds.parameter_bytes
        expected = (400, "invalid_request") if is_long else (401, "invalid_client")
        assert (response.status_code, response.get_json()["error"]) == expected
        assert not repeats(response, token)


# The request object.


def request_specimen(alg: str) -> Specimen:
    client = f"keyed-requests-{alg.lower()}"
    asked = authorization(client_id=client, redirect_uri=KEYED_REDIRECT, prompt="none", state="signed")
    now = int(time.time())
    envelope = {"iss": client, "aud": ISSUER, "iat": now, "nbf": now, "exp": now + 60}
    return specimen_of_a_client(alg, {**asked, **envelope})


def asked_by(provider: Provider, alg: str, token: str) -> TestResponse:
    beside = {"client_id": f"keyed-requests-{alg.lower()}", "redirect_uri": KEYED_REDIRECT, "state": "beside"}
    return provider.browser().get("/authorize", query_string={**beside, "request": token})


@pytest.mark.parametrize("alg", ALGS)
def test_the_honest_request_object_passes(keyed: Provider, alg: str) -> None:
    answer = answer_of(asked_by(keyed, alg, request_specimen(alg).honest()))
    assert (answer["error"], answer["state"]) == ("login_required", "signed")


@pytest.mark.parametrize(("alg", "name"), [(alg, name) for alg, name in CROSSED if name != _A_LIST])
def test_a_forged_request_object_is_refused_as_such(keyed: Provider, name: str, alg: str) -> None:
    """A list with us in it is an audience here: RFC 9101 §4 leaves that open, and the object opens nothing."""
    token = {**FORGERIES, **UNTIMELY}[name](request_specimen(alg))
    response = asked_by(keyed, alg, token)
    assert response.status_code == 303
    assert response.headers["Location"].startswith(f"{KEYED_REDIRECT}?")
    assert answer_of(response)["error"] == "invalid_request_object"
    assert not repeats(response, token)
    # Pushed, it is a parameter of a form, which has a bound of its own.
    pushed = Client(keyed.app, TestResponse).post(
        "/par",
        base_url=ISSUER,
        data=form(assertion(f"keyed-requests-{alg.lower()}"), request=token),
    )
    expected = (
        "invalid_request" if len(token) > keyed.settings.bounds.parameter_bytes else "invalid_request_object"
    )
    assert (pushed.status_code, pushed.get_json()["error"]) == (400, expected)
    assert not repeats(pushed, token)


def test_every_forgery_differs_from_the_honest_token(visitor: tuple[Browser, Specimen]) -> None:
    _browser, specimen = visitor
    honest = specimen.honest()
    assert all(forge(specimen) != honest for forge in {**FORGERIES, **UNTIMELY}.values())
    assert specimen.claims["aud"] == RP
