"""Refresh tokens, revocation and introspection: each bound to its client, its grant and its session."""

import base64
from datetime import timedelta
from typing import Any

import jwt
import pytest
from werkzeug.test import Client, TestResponse

from idp.accounts.charter import CharterRevision
from idp.accounts.refresh import grant_of
from idp.adapters.sql.refresh_tokens import SqlRefreshTokens
from tests.provider import ISSUER, PASSWORD, RPPS, SECRETS, VERIFIER, authorization, basic
from tests.servers import redis_server

REFRESHER, PUBLIC = "refresher", "mobile"
CALLBACKS = {REFRESHER: "https://refresher.example/callback", PUBLIC: "http://127.0.0.1:9998/callback"}
_MORE_CLIENTS = f"""\
  - client_id: {REFRESHER}
    client_name: Refresher
    client_uri: https://refresher.example/
    client_secret: {{file: viatrajectoire}}
    redirect_uris: ["{CALLBACKS[REFRESHER]}"]
    scopes: [openid, profile, email]
    grant_types: [authorization_code, refresh_token]
  - client_id: {PUBLIC}
    client_name: Mobile
    client_uri: http://127.0.0.1:9998/
    redirect_uris: ["{CALLBACKS[PUBLIC]}"]
    scopes: [openid, profile]
    token_endpoint_auth_method: none
    grant_types: [authorization_code, refresh_token]
"""
SECRET = SECRETS["viatrajectoire"]


@pytest.fixture
def house(app_factory: Any) -> Any:
    provider = app_factory()
    file = provider.settings.where.clients_file
    file.write_text(file.read_text() + _MORE_CLIENTS)
    return provider


def _post(house: Any, path: str, client_id: str, **form: str) -> TestResponse:
    is_public = client_id == PUBLIC
    headers = {} if is_public else basic(client_id, SECRETS.get(client_id, SECRET))
    data = {**form, "client_id": client_id} if is_public else form
    return Client(house.app, TestResponse).post(path, base_url=ISSUER, data=data, headers=headers)


def _tokens(
    house: Any, client_id: str = REFRESHER, browser: Any = None, scope: str = "openid profile"
) -> dict[str, Any]:
    browser = browser or house.browser()
    code = browser.sign_in(client_id=client_id, redirect_uri=CALLBACKS[client_id], scope=scope)
    answer = _post(
        house,
        "/token",
        client_id,
        grant_type="authorization_code",
        code=code,
        redirect_uri=CALLBACKS[client_id],
        code_verifier=VERIFIER,
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def _refresh(house: Any, token: str, client_id: str = REFRESHER, **more: str) -> TestResponse:
    return _post(house, "/token", client_id, grant_type="refresh_token", refresh_token=token, **more)


def _claims(id_token: str) -> dict[str, Any]:
    return dict(jwt.decode(id_token, options={"verify_signature": False}))


def test_a_client_that_did_not_ask_gets_no_refresh_token(house):
    tokens = house.exchange(house.browser().sign_in()).get_json()
    assert "refresh_token" not in tokens


def test_refreshing_gives_a_new_access_token_and_the_same_authentication(house):
    tokens = _tokens(house)
    answer = _refresh(house, tokens["refresh_token"])
    assert answer.status_code == 200
    renewed = answer.get_json()
    assert house.userinfo(renewed["access_token"]).status_code == 200
    before, after = _claims(tokens["id_token"]), _claims(renewed["id_token"])
    assert {name: before[name] for name in ("iss", "sub", "aud", "auth_time", "acr", "amr", "sid")} == {
        name: after[name] for name in ("iss", "sub", "aud", "auth_time", "acr", "amr", "sid")
    }
    assert "nonce" not in after
    assert answer.headers["Cache-Control"] == "no-store"


def test_session_state_is_the_sid_for_a_client_registered_for_it_and_absent_for_others(house):
    """A Keycloak in front of us compares it, and never the `sid` of the ID Token, with that of our logout token."""
    plain = _tokens(house)
    assert "session_state" not in {**plain, **_refresh(house, plain["refresh_token"]).get_json()}
    file = house.settings.where.clients_file
    line = f"  - client_id: {REFRESHER}\n"
    file.write_text(file.read_text().replace(line, f"{line}    session_state_in_token_response: true\n"))
    tokens = _tokens(house)
    for answer in (tokens, _refresh(house, tokens["refresh_token"]).get_json()):
        assert answer["session_state"] == _claims(answer["id_token"])["sid"]


def test_a_confidential_client_keeps_its_token_and_a_public_one_gets_another(house):
    kept, rotated = _tokens(house), _tokens(house, PUBLIC)
    assert "refresh_token" not in _refresh(house, kept["refresh_token"]).get_json()
    assert _refresh(house, kept["refresh_token"]).status_code == 200
    following = _refresh(house, rotated["refresh_token"], PUBLIC).get_json()["refresh_token"]
    assert following != rotated["refresh_token"]
    assert _refresh(house, following, PUBLIC).status_code == 200


def test_a_rotated_token_used_again_revokes_the_family(house):
    """Within the seconds in which an answer may have been lost: tests/protocol/tokens/test_lost_answer.py."""
    house.register(PUBLIC, refresh_grace="0")
    first = _tokens(house, PUBLIC)
    second = _refresh(house, first["refresh_token"], PUBLIC).get_json()
    assert _refresh(house, first["refresh_token"], PUBLIC).get_json()["error"] == "invalid_grant"
    assert _refresh(house, second["refresh_token"], PUBLIC).get_json()["error"] == "invalid_grant"
    assert house.userinfo(second["access_token"]).status_code == 401


def test_another_client_cannot_refresh_and_does_no_harm(house):
    tokens = _tokens(house)
    assert _refresh(house, tokens["refresh_token"], "viatrajectoire").get_json()["error"] == "invalid_grant"
    assert _refresh(house, tokens["refresh_token"]).status_code == 200


def test_scope_may_shrink_and_never_grow(house):
    tokens = _tokens(house)
    assert _refresh(house, tokens["refresh_token"], scope="openid").get_json()["scope"] == "openid"
    # Without `openid` there would be no ID Token to give (Core §3.1.2.1).
    for scope in ("openid email", "profile", "email"):
        refused = _refresh(house, tokens["refresh_token"], scope=scope)
        assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_scope")


@pytest.mark.parametrize("token", ["", "x", "unknown.secret", "a.b.c", "é.è", "." * 300])
def test_a_token_that_is_none_is_refused(house, token):
    answer = _refresh(house, token)
    assert answer.status_code == 400
    assert answer.get_json()["error"] in {"invalid_grant", "invalid_request"}


def test_refreshing_ends_idle_and_with_the_session(house):
    tokens = _tokens(house)
    kept = SqlRefreshTokens(house.database).get(grant_of(tokens["refresh_token"]))
    auth_time = _claims(tokens["id_token"])["auth_time"]
    assert kept.ends_at.timestamp() == auth_time + house.settings.lives.session_life.total_seconds()
    granted = house.grants.get(kept.grant_id).granted_at
    assert abs(kept.idle_until - granted - timedelta(minutes=30)) < timedelta(seconds=30)
    for ended in ({"idle_until": granted}, {"ends_at": granted}):
        tokens = _tokens(house)
        kept = SqlRefreshTokens(house.database).get(grant_of(tokens["refresh_token"]))
        _write(house, kept, **ended)
        assert _refresh(house, tokens["refresh_token"]).get_json()["error"] == "invalid_grant"


def _write(house: Any, token: Any, **changes: Any) -> None:
    from dataclasses import replace

    SqlRefreshTokens(house.database).swap(token.token_sha256, replace(token, **changes))


def test_signing_out_stops_refreshing(house):
    browser = house.browser()
    tokens = _tokens(house, browser=browser)
    browser.get(f"/end_session?id_token_hint={tokens['id_token']}")
    assert _refresh(house, tokens["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert house.userinfo(tokens["access_token"]).status_code == 401


def test_a_new_charter_revision_stops_refreshing_until_it_is_accepted(house):
    tokens = _tokens(house)
    from datetime import UTC, datetime

    house.charters.publish(
        CharterRevision(revision="2027-1", published_at=datetime.now(UTC), texts={"fr": "Nouvelle charte"})
    )
    assert _refresh(house, tokens["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_a_disabled_account_stops_refreshing(house):
    from dataclasses import replace

    tokens = _tokens(house)
    account = house.accounts.get(house.account.id)
    house.accounts.save(replace(account, enabled=False))
    assert _refresh(house, tokens["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_what_voids_the_past_of_an_account_stops_refreshing(house):
    """A new password, a lost card: the account stays enabled, and nothing that began before goes on."""
    tokens = _tokens(house)
    house.accounts.save(house.accounts.get(house.account.id).next_generation())
    assert _refresh(house, tokens["refresh_token"]).get_json()["error"] == "invalid_grant"
    assert house.userinfo(tokens["access_token"]).status_code == 401


def test_a_refresh_token_shown_while_the_store_is_out_is_good_afterwards(app_factory):
    """facts/security §4.2: 503 while it is out. A second use for want of an answer is no theft."""
    with redis_server() as server:
        house = app_factory(redis=server.url)
        house.settings.where.clients_file.write_text(
            house.settings.where.clients_file.read_text() + _MORE_CLIENTS
        )
        for client_id in (PUBLIC, REFRESHER):
            tokens = _tokens(house, client_id)
            server.stop()
            assert _refresh(house, tokens["refresh_token"], client_id).status_code == 503
            server.start()
            assert _refresh(house, tokens["refresh_token"], client_id).status_code == 200


# Revocation (RFC 7009).


def test_revoking_an_access_token_leaves_the_refresh_token(house):
    tokens = _tokens(house)
    assert _post(house, "/revoke", REFRESHER, token=tokens["access_token"]).status_code == 200
    assert house.userinfo(tokens["access_token"]).status_code == 401
    assert _refresh(house, tokens["refresh_token"]).status_code == 200


def test_revoking_a_refresh_token_takes_the_access_tokens_along(house):
    tokens = _tokens(house)
    assert _post(house, "/revoke", REFRESHER, token=tokens["refresh_token"]).status_code == 200
    assert house.userinfo(tokens["access_token"]).status_code == 401
    assert _refresh(house, tokens["refresh_token"]).get_json()["error"] == "invalid_grant"


def test_revoking_with_an_older_token_of_the_family_ends_nothing(house):
    """A thief may hold one, and has lost it already: the family ends when it is used, not when it is given back."""
    first = _tokens(house, PUBLIC)
    second = _refresh(house, first["refresh_token"], PUBLIC).get_json()
    assert _post(house, "/revoke", PUBLIC, token=first["refresh_token"]).status_code == 200
    assert house.userinfo(second["access_token"]).status_code == 200
    assert _refresh(house, second["refresh_token"], PUBLIC).status_code == 200


def test_an_unknown_token_is_revoked_gladly_and_another_clients_not_at_all(house):
    tokens = _tokens(house)
    assert _post(house, "/revoke", REFRESHER, token="unknown").status_code == 200
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert _post(house, "/revoke", "viatrajectoire", token=token).status_code == 200
    assert house.userinfo(tokens["access_token"]).status_code == 200
    assert _refresh(house, tokens["refresh_token"]).status_code == 200


@pytest.mark.parametrize("path", ["/revoke", "/introspect"])
def test_an_unauthenticated_caller_hears_nothing(house, path):
    tokens = _tokens(house)
    bare = Client(house.app, TestResponse)
    refused = bare.post(path, base_url=ISSUER, data={"token": tokens["access_token"]})
    assert (refused.status_code, refused.get_json()["error"]) == (401, "invalid_client")
    wrong = bare.post(path, base_url=ISSUER, data={"token": "x"}, headers=basic(REFRESHER, "wrong"))
    assert wrong.status_code == 401
    assert wrong.headers["WWW-Authenticate"].startswith("Basic")
    missing = _post(house, path, REFRESHER)
    assert (missing.status_code, missing.get_json()["error"]) == (400, "invalid_request")


# Introspection (RFC 7662).


def test_introspection_describes_a_living_token_of_the_caller(house):
    tokens = _tokens(house)
    access = _post(house, "/introspect", REFRESHER, token=tokens["access_token"]).get_json()
    assert access["active"] is True
    assert access["scope"] == "openid profile"
    assert access["exp"] - access["iat"] == 300
    assert access["sub"] == _claims(tokens["id_token"])["sub"]
    refresh = _post(house, "/introspect", REFRESHER, token=tokens["refresh_token"]).get_json()
    assert refresh["active"] is True
    assert refresh["token_type"] == "refresh_token"
    assert RPPS not in str(access) + str(refresh)
    assert PASSWORD not in str(access)


def test_introspection_says_inactive_and_nothing_else_of_any_other(house):
    tokens = _tokens(house)
    for client_id, token in (
        ("viatrajectoire", tokens["access_token"]),
        ("viatrajectoire", tokens["refresh_token"]),
        (REFRESHER, "unknown"),
        (REFRESHER, tokens["refresh_token"] + "x"),
    ):
        assert _post(house, "/introspect", client_id, token=token).get_json() == {"active": False}
    _post(house, "/revoke", REFRESHER, token=tokens["refresh_token"])
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert _post(house, "/introspect", REFRESHER, token=token).get_json() == {"active": False}


def test_a_public_client_may_not_introspect(house):
    tokens = _tokens(house, PUBLIC)
    assert _post(house, "/introspect", PUBLIC, token=tokens["access_token"]).status_code == 401


def test_every_secret_given_out_has_256_bits(house):
    """facts/security TK11: 43 letters of base64url from the system's generator, and no UUID."""
    seen = set()
    for _ in range(8):
        browser = house.browser()
        code = browser.sign_in(client_id=REFRESHER, redirect_uri=CALLBACKS[REFRESHER])
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACKS[REFRESHER]}
        tokens = _post(house, "/token", REFRESHER, **form, code_verifier=VERIFIER).get_json()
        asked = authorization(client_id=None, redirect_uri=CALLBACKS[REFRESHER])
        reference = _post(house, "/par", REFRESHER, **asked).get_json()["request_uri"]
        cookie = browser.client.get_cookie("caducee_session", domain="localhost").value
        secrets = (
            code,
            tokens["access_token"],
            tokens["refresh_token"].rpartition(".")[2],
            reference.rpartition(":")[2],
            cookie.rpartition(".")[2],
        )
        for secret in secrets:
            assert len(base64.urlsafe_b64decode(secret + "=")) == 32
        seen.update(secrets)
    assert len(seen) == 40
    # The first letter of a drawn one may be any of 64; of a counter, a time or a UUID it would be one or two.
    assert len({secret[0] for secret in seen}) > 15
