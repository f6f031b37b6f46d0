"""Authlib (PyPI) as a relying party: code flow with PKCE, userinfo, refresh, revocation, logout."""

import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

from sandbox.demo.driver import Browser
from tests.limits import within
from tests.third_party.conftest import AFTER_LOGOUT, CALLBACK, SCOPES, SECRET, TlsDemo

CLIENT = "of-authlib"


@pytest.fixture(scope="module")
def metadata(tls_demo: TlsDemo) -> dict[str, Any]:
    tls_demo.add_client(CLIENT)
    found = requests.get(
        f"{tls_demo.issuer}/.well-known/openid-configuration", verify=tls_demo.ca_bundle, timeout=within(20)
    )
    return dict(found.json())


@pytest.fixture
def session(tls_demo: TlsDemo, metadata: dict[str, Any]) -> Iterator[OAuth2Session]:
    with OAuth2Session(
        CLIENT,
        SECRET,
        scope=SCOPES,
        redirect_uri=CALLBACK,
        token_endpoint=metadata["token_endpoint"],
        code_challenge_method="S256",
    ) as made:
        made.verify = tls_demo.ca_bundle
        made.trust_env = False
        yield made


def sign_in(
    tls_demo: TlsDemo, browser: Browser, session: OAuth2Session, metadata: dict[str, Any]
) -> dict[str, Any]:
    verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
    url, state = session.create_authorization_url(
        metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce
    )
    answer = tls_demo.visit(browser, url)
    token = session.fetch_token(authorization_response=answer, code_verifier=verifier, state=state)
    keys = KeySet.import_key_set(session.get(metadata["jwks_uri"], withhold_token=True).json())
    claims = jwt.decode(token["id_token"], keys, algorithms=["RS256"]).claims
    jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": tls_demo.issuer},
        aud={"essential": True, "value": CLIENT},
        nonce={"essential": True, "value": nonce},
    ).validate(claims)
    return {**token, "claims": claims}


def test_code_flow_userinfo_refresh_revocation_and_logout(
    tls_demo: TlsDemo, browser: Browser, session: OAuth2Session, metadata: dict[str, Any]
) -> None:
    token = sign_in(tls_demo, browser, session, metadata)
    userinfo = session.get(metadata["userinfo_endpoint"]).json()
    assert userinfo["sub"] == token["claims"]["sub"]
    assert userinfo["rpps"] == tls_demo.person["login"]

    renewed = session.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
    assert renewed["access_token"] != token["access_token"]
    assert session.get(metadata["userinfo_endpoint"]).json() == userinfo

    assert session.introspect_token(metadata["introspection_endpoint"], renewed["access_token"]).json()[
        "active"
    ]
    revoked = session.revoke_token(metadata["revocation_endpoint"], token=renewed["access_token"])
    assert revoked.status_code == 200
    assert session.get(metadata["userinfo_endpoint"]).status_code == 401

    asked = {"id_token_hint": token["id_token"], "post_logout_redirect_uri": AFTER_LOGOUT, "state": "bye"}
    assert (
        tls_demo.visit(browser, f"{metadata['end_session_endpoint']}?{urlencode(asked)}")
        == f"{AFTER_LOGOUT}?state=bye"
    )
    with pytest.raises(OAuthError, match="invalid_grant"):
        session.refresh_token(metadata["token_endpoint"], refresh_token=token["refresh_token"])
