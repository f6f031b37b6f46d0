"""/userinfo: the claims of the granted scopes, to the bearer of a living token in the header."""

import io
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest
from werkzeug.test import Client, TestResponse

from tests.provider import ISSUER, RPPS, Provider


@pytest.fixture(scope="module")
def token(provider: Provider) -> str:
    scope = "openid profile email address professional"
    found: str = provider.exchange(provider.browser().sign_in(scope=scope)).get_json()["access_token"]
    return found


def ask(provider: Provider, method: str = "GET", **options: Any) -> TestResponse:
    return Client(provider.app, TestResponse).open("/userinfo", method=method, base_url=ISSUER, **options)


def test_all_scopes_give_all_claims(provider: Provider, token: str) -> None:
    assert provider.userinfo(token).get_json() == {
        "sub": provider.account.subject,
        "name": "Aïcha DUPONT-NŒL",
        "family_name": "DUPONT-NŒL",
        "given_name": "Aïcha",
        "locale": "fr",
        "email": "aicha.dupont@hopital.example",
        "email_verified": True,
        "address": {
            "formatted": "1 rue de l'Église\n75001 Paris",
            "street_address": "1 rue de l'Église",
            "postal_code": "75001",
            "locality": "Paris",
            "country": "FR",
        },
        "rpps": RPPS,
        "preferred_username": RPPS,
        "SubjectNameID": f"8{RPPS}",
        "profession": {"code": "10", "label": "Médecin"},
        "specialities": [{"code": "SM26", "label": "Qualifié en médecine générale"}],
        "identity_source": "cps",
        "identity_verified_at": "2026-11-23T12:00:00Z",
    }


@pytest.mark.parametrize(
    ("scope", "names"),
    [
        ("openid", {"sub"}),
        ("openid profile", {"sub", "name", "family_name", "given_name", "locale"}),
        ("openid email", {"sub", "email", "email_verified"}),
        ("openid address", {"sub", "address"}),
        (
            "openid professional",
            {
                "sub",
                "rpps",
                "preferred_username",
                "SubjectNameID",
                "profession",
                "specialities",
                "identity_source",
                "identity_verified_at",
            },
        ),
    ],
)
def test_each_scope_gives_its_claims_and_no_other(provider: Provider, scope: str, names: set[str]) -> None:
    tokens = provider.exchange(provider.browser().sign_in(scope=scope)).get_json()
    assert set(provider.userinfo(tokens["access_token"]).get_json()) == names


def test_the_claims_parameter_reaches_released_claims_and_no_other_attribute(provider: Provider) -> None:
    wanted = (
        '{"userinfo":{"password_hash":null,"email":null,"rpps":{"essential":true},"is_admin":null,"id":null},'
        '"id_token":{"given_name":null,"password_hash":null,"evidence":null}}'
    )
    tokens = provider.exchange(provider.browser().sign_in(claims=wanted)).get_json()
    assert set(provider.userinfo(tokens["access_token"]).get_json()) == {"sub", "email", "rpps"}
    id_token = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    assert id_token["given_name"] == provider.account.identity.given_name
    assert not {"password_hash", "evidence", "email"} & set(id_token)


def test_a_post_with_the_header_is_served_too(provider: Provider, token: str) -> None:
    response = ask(provider, "POST", headers={"Authorization": f"Bearer {token}"})
    assert response.get_json()["sub"] == provider.account.subject
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_read_in_any_case(provider: Provider, token: str, scheme: str) -> None:
    assert ask(provider, headers={"Authorization": f"{scheme} {token}"}).status_code == 200


def test_without_a_token_the_challenge_is_bare(provider: Provider) -> None:
    response = ask(provider)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="userinfo", DPoP algs="RS256 PS256 ES256"'


def test_a_token_in_the_form_of_a_post_is_read(provider: Provider, token: str) -> None:
    response = ask(provider, "POST", data={"access_token": token})
    assert response.get_json()["sub"] == provider.account.subject
    with_more = ask(provider, "POST", data={"access_token": token, "other": ["a", "b"]})
    assert with_more.status_code == 200


def test_a_token_in_the_query_is_not_read(provider: Provider, token: str) -> None:
    for method in ("GET", "POST"):
        assert ask(provider, method, query_string={"access_token": token}).status_code == 401


def test_a_form_that_is_none_is_not_read(provider: Provider, token: str) -> None:
    assert ask(provider, "GET", data={"access_token": token}).status_code == 401
    assert ask(provider, "POST", json={"access_token": token}).status_code == 401
    several_parts = {"access_token": token, "file": (io.BytesIO(b"x"), "x.txt")}
    assert ask(provider, "POST", data=several_parts).status_code == 401


def test_a_token_in_two_places_is_400(provider: Provider, token: str) -> None:
    header, form = {"Authorization": f"Bearer {token}"}, {"access_token": token}
    for options in (
        {"headers": header, "data": form},
        {"headers": header, "query_string": form},
        {"query_string": form, "data": form},
        {"data": {"access_token": [token, token]}},
    ):
        response = ask(provider, "POST", **options)
        assert response.status_code == 400
        assert 'error="invalid_request"' in response.headers["WWW-Authenticate"]


def test_a_form_too_large_is_refused(provider: Provider, token: str) -> None:
    assert ask(provider, "POST", data={"access_token": token, "a": "b" * 70_000}).status_code == 413
    assert ask(provider, "POST", data={"access_token": "a" * 201}).status_code == 400


def test_a_dpop_header_beside_an_ordinary_token_changes_nothing(provider: Provider, token: str) -> None:
    response = ask(provider, headers={"Authorization": f"Bearer {token}", "DPoP": "junk"})
    assert response.status_code == 200


@pytest.mark.parametrize("value", ["x", "x" * 43, "a" * 200, "abc=", "~._-/+"])
def test_an_unknown_token_is_401_invalid_token(provider: Provider, value: str) -> None:
    response = ask(provider, headers={"Authorization": f"Bearer {value}"})
    assert response.status_code == 401
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Bearer é",
        "Bearer a,b",
        "Bearer " + "a" * 201,
    ],
)
def test_what_is_no_bearer_header_is_400(provider: Provider, header: str) -> None:
    response = ask(provider, headers={"Authorization": header})
    assert response.status_code == 400
    assert 'error="invalid_request"' in response.headers["WWW-Authenticate"]


@pytest.mark.parametrize("header", ["", " ", "Basic abc", "Token x", "Negotiate", "bearer-like x", "DPo x"])
def test_another_scheme_is_401_and_is_told_which_ones_do(provider: Provider, token: str, header: str) -> None:
    """RFC 6750 §3.1: without an error code, as if there were no token at all; there is none of ours."""
    response = ask(provider, headers={"Authorization": header})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="userinfo", DPoP algs="RS256 PS256 ES256"'
    # What a proxy adds beside the token of a form is no second token.
    beside = ask(provider, "POST", data={"access_token": token}, headers={"Authorization": header})
    assert beside.status_code == 200


def test_an_ordinary_token_sent_as_dpop_is_told_which_schemes_do(provider: Provider, token: str) -> None:
    response = ask(provider, headers={"Authorization": f"DPoP {token}"})
    assert response.status_code == 401
    challenge = 'DPoP algs="RS256 PS256 ES256", error="invalid_token", Bearer realm="userinfo"'
    assert response.headers["WWW-Authenticate"] == challenge


def test_a_code_and_an_id_token_are_no_access_tokens(provider: Provider) -> None:
    code = provider.browser().sign_in()
    assert provider.userinfo(code).status_code == 401
    tokens = provider.exchange(code).get_json()
    assert provider.userinfo(tokens["id_token"]).status_code == 400
    assert provider.userinfo(tokens["access_token"][:-1]).status_code == 401


def test_an_expired_token_is_refused(app_factory: Callable[..., Provider]) -> None:
    provider = app_factory(access_token_life=timedelta(milliseconds=1))
    tokens = provider.exchange(provider.browser().sign_in()).get_json()
    time.sleep(0.002)
    assert provider.userinfo(tokens["access_token"]).status_code == 401


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS"])
def test_other_methods_are_not_allowed(provider: Provider, method: str) -> None:
    assert ask(provider, method).status_code == 405
