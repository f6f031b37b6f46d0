"""Codes, tokens, userinfo, introspection and revocation checked with a third-party library."""

import base64
import hashlib
import time

import pytest
import requests

from tests.sandbox.psc.driver import (
    CALLBACK,
    CLIENT_ID,
    SECRET,
    SIGNED_OUT,
    TIMEOUT,
    Browser,
    Psc,
    assert_refused,
    basic,
    published,
    s256,
    tokens,
)

FEDERATED = "f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:"


def test_discovery_is_only_at_the_wallet_path(psc: Psc) -> None:
    assert requests.get(f"{psc.issuer}/.well-known/openid-configuration", timeout=TIMEOUT).status_code == 404
    metadata = psc.metadata
    assert metadata["issuer"] == psc.issuer
    assert metadata["authorization_endpoint"].endswith("/auth")
    assert not metadata["authorization_endpoint"].startswith(psc.issuer.split("/auth/realms")[0])
    assert metadata["token_endpoint"] == f"{psc.issuer}/protocol/openid-connect/token"
    assert metadata["mtls_endpoint_aliases"]["token_endpoint"] == metadata["token_endpoint"]
    assert metadata["acr_values_supported"] == ["0", "0"]
    assert {"eidas1", "scope_all"} <= set(metadata["scopes_supported"])


def test_card_journey_gives_the_published_tokens_and_userinfo(psc: Psc, browser: Browser) -> None:
    verifier = "v" * 64
    browser.ask(state="é&=", nonce="n-1", code_challenge=s256(verifier), code_challenge_method="S256")
    answer = browser.by_card("kit")
    assert answer.keys() == {"from", "state", "session_state", "iss", "code"}
    assert (answer["state"], answer["iss"]) == ("é&=", psc.issuer)
    received = psc.redeem(answer, verifier).json()
    assert {name: received[name] for name in ("expires_in", "token_type", "not-before-policy", "scope")} == {
        "expires_in": 120,
        "token_type": "Bearer",
        "not-before-policy": 0,
        "scope": "openid profile scope_all identity",
    }
    assert received["refresh_expires_in"] == 1800
    assert received["session_state"] == answer["session_state"]
    header, claims = psc.verified(received["id_token"])
    assert (header["alg"], header["typ"]) == ("RS256", "JWT")
    assert claims == {
        **{name: claims[name] for name in ("exp", "iat", "auth_time", "jti", "at_hash")},
        "iss": psc.issuer,
        "aud": CLIENT_ID,
        "sub": f"{FEDERATED}899700427885",
        "typ": "ID",
        "azp": CLIENT_ID,
        "nonce": "n-1",
        "session_state": answer["session_state"],
        "sid": answer["session_state"],
        "authMode": "CARD",
        "acr": "eidas1",
        "SubjectNameID": "899700427885",
        "preferred_username": "899700427885",
        "given_name": "KIT",
        "family_name": "DOC0042788",
    }
    assert claims["exp"] - claims["iat"] == 120
    assert abs(claims["auth_time"] - time.time()) < 30
    assert claims["at_hash"] == s256_half(received["access_token"])
    assert psc.userinfo(received["access_token"]).json() == published("P2")


def s256_half(access: str) -> str:
    """OpenID Connect Core §3.1.3.6, written otherwise than in the simulator."""
    return base64.urlsafe_b64encode(hashlib.sha256(access.encode()).digest()[:16]).decode().rstrip("=")


def test_access_token_is_like_the_published_one_without_audience(psc: Psc, browser: Browser) -> None:
    _, claims = psc.verified(tokens(psc, browser)["access_token"])
    assert "aud" not in claims
    assert (claims["typ"], claims["nonce"], claims["azp"]) == ("Bearer", "", CLIENT_ID)
    assert claims["otherIds"] == [{"identifiant": "899700427885", "origine": "RPPS", "qualite": 1}]


@pytest.mark.parametrize(
    ("verifier", "description"),
    [("w" * 64, "PKCE verification failed"), ("", "PKCE code verifier not specified")],
)
def test_wrong_verifier_is_refused_and_spends_the_code(
    psc: Psc, browser: Browser, verifier: str, description: str
) -> None:
    browser.ask(code_challenge=s256("v" * 64), code_challenge_method="S256")
    answer = browser.by_card()
    assert_refused(psc.redeem(answer, verifier), 400, "invalid_grant", description)
    assert_refused(psc.redeem(answer, "v" * 64), 400, "invalid_grant", "Code not valid")


def test_code_is_refused_the_second_time_and_its_tokens_die(psc: Psc, browser: Browser) -> None:
    browser.ask()
    answer = browser.by_card()
    access = psc.redeem(answer).json()["access_token"]
    assert psc.userinfo(access).status_code == 200
    assert_refused(psc.redeem(answer), 400, "invalid_grant", "Code not valid")
    assert psc.userinfo(access).status_code == 401


def test_code_is_refused_after_a_minute_or_to_another_client(psc: Psc, browser: Browser) -> None:
    browser.ask()
    answer = browser.by_card()
    psc.switch(clock_offset_seconds=61)
    assert_refused(psc.redeem(answer), 400, "invalid_grant", "Code not valid")
    browser.ask()
    refused = psc.redeem(browser.answer(), auth=basic("autre", "other"))
    assert_refused(refused, 400, "invalid_grant", "Code not valid")


def test_code_is_refused_with_another_redirect_uri(psc: Psc, browser: Browser) -> None:
    browser.ask()
    form = {"grant_type": "authorization_code", "code": browser.by_card()["code"], "redirect_uri": SIGNED_OUT}
    assert_refused(psc.post("token_endpoint", form), 400, "invalid_grant", "Incorrect redirect_uri")


def test_client_signs_in_by_basic_or_post_and_in_no_other_way(psc: Psc, browser: Browser) -> None:
    browser.ask()
    browser.by_card()

    def redeem(auth: dict[str, str], **form: str) -> requests.Response:
        browser.ask()
        asked = {"grant_type": "authorization_code", "code": browser.answer()["code"]}
        return psc.post("token_endpoint", {**asked, "redirect_uri": CALLBACK, **form}, auth=auth)

    assert redeem(basic(CLIENT_ID, SECRET)).status_code == 200
    assert redeem({}, client_id=CLIENT_ID, client_secret=SECRET).status_code == 200
    for refused, error in (
        (redeem(basic(CLIENT_ID, "faux")), "unauthorized_client"),
        (redeem(basic("inconnu", SECRET)), "invalid_client"),
        (redeem({}, client_id=CLIENT_ID), "unauthorized_client"),
        (redeem({}, client_id=CLIENT_ID, client_assertion="a.b.c"), "invalid_client"),
    ):
        assert (refused.status_code, refused.json()["error"]) == (401, error)
    assert redeem(basic(CLIENT_ID, "faux")).headers["WWW-Authenticate"].startswith("Basic ")


def test_userinfo_refuses_unknown_and_expired_tokens(psc: Psc, browser: Browser) -> None:
    access = tokens(psc, browser)["access_token"]
    assert psc.userinfo(access).status_code == 200
    psc.switch(clock_offset_seconds=121)
    for token in (access, "inconnu"):
        refused = psc.userinfo(token)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"].startswith("Bearer ")
        assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]
    assert requests.get(psc.metadata["userinfo_endpoint"], timeout=TIMEOUT).status_code == 401


def test_refresh_gives_new_tokens_until_half_an_hour(psc: Psc, browser: Browser) -> None:
    received = tokens(psc, browser)
    psc.switch(clock_offset_seconds=1790)
    renewed = psc.refresh(received["refresh_token"]).json()
    _, claims = psc.verified(renewed["id_token"])
    assert claims["sid"] == received["session_state"]
    assert "nonce" not in claims
    assert psc.userinfo(renewed["access_token"]).json()["SubjectNameID"] == "899700427885"
    psc.switch(clock_offset_seconds=1801)
    assert_refused(psc.refresh(received["refresh_token"]), 400, "invalid_grant", "Token is not active")
    assert psc.refresh(renewed["refresh_token"]).status_code == 200


def test_introspection_tells_the_identifier_for_an_access_token_only(psc: Psc, browser: Browser) -> None:
    received = tokens(psc, browser)
    told = psc.post("introspection_endpoint", {"token": received["access_token"]}).json()
    assert (told["active"], told["client_id"], told["username"]) == (True, CLIENT_ID, "899700427885")
    assert told["SubjectNameID"] == "899700427885"
    assert told["acr"] == "eidas1"
    told = psc.post("introspection_endpoint", {"token": received["refresh_token"]}).json()
    assert told["active"] is True
    assert "SubjectNameID" not in told
    assert psc.post("introspection_endpoint", {"token": "inconnu"}).json() == {"active": False}
    assert psc.post("introspection_endpoint", {"token": "x"}, auth={}).status_code == 401


def test_revoked_refresh_token_takes_its_family_along(psc: Psc, browser: Browser) -> None:
    received = tokens(psc, browser)
    theirs = {"auth": basic("autre", "other")}
    assert psc.post("revocation_endpoint", {"token": received["refresh_token"]}, **theirs).status_code == 200
    assert psc.userinfo(received["access_token"]).status_code == 200
    assert psc.post("revocation_endpoint", {"token": received["refresh_token"]}).status_code == 200
    assert psc.userinfo(received["access_token"]).status_code == 401
    assert psc.refresh(received["refresh_token"]).status_code == 400
