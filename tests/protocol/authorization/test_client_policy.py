"""What clients.yaml says of one client, in force: claims, scopes, lives, nonce, assurance."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from idp.accounts.refresh import grant_of
from idp.adapters.ephemeral_record import hashed
from idp.adapters.sql.refresh_tokens import SqlRefreshTokens
from idp.adapters.sql.schema import ephemeral
from idp.core.ephemeral import Kind
from tests.protocol.policed import CALLBACK, POLICED, PolicedParty, claims_in
from tests.provider import Provider, answer_of, authorization

EVERYTHING = '{"userinfo":{"email":null,"rpps":null,"name":null},"id_token":{"email":null,"given_name":null}}'


@pytest.fixture
def party(provider: Provider) -> Any:
    """The file is as before afterwards: the provider is the module's."""
    before = provider.settings.where.clients_file.read_text()
    yield PolicedParty(provider)
    provider.settings.where.clients_file.write_text(before)


# Claims and scopes.


@pytest.mark.parametrize(
    ("claims", "at_userinfo", "in_id_token"),
    [
        (
            None,
            {"sub", "name", "family_name", "given_name", "locale", "email", "email_verified"},
            {"email", "given_name"},
        ),
        (["given_name", "email_verified"], {"sub", "given_name", "email_verified"}, {"given_name"}),
        (["email"], {"sub", "email"}, {"email"}),
        (["sub"], {"sub"}, set()),
        ([], {"sub"}, set()),
    ],
)
def test_claims_cut_what_scopes_and_the_claims_parameter_release(
    party: PolicedParty, claims: list[str] | None, at_userinfo: set[str], in_id_token: set[str]
) -> None:
    party.govern(**({} if claims is None else {"claims": claims}))
    tokens = party.tokens(claims=EVERYTHING)
    assert set(party.userinfo(tokens["access_token"])) == at_userinfo
    personal = {"name", "family_name", "given_name", "locale", "email", "email_verified", "rpps"}
    assert set(claims_in(tokens["id_token"])) & personal == in_id_token
    # Who signed in, when and how is the protocol's, not the person's file.
    assert {"sub", "acr", "amr", "auth_time", "sid"} <= set(claims_in(tokens["id_token"]))


def test_signed_userinfo_is_cut_the_same(party: PolicedParty) -> None:
    party.govern(claims=["email"], userinfo_signed_response_alg="ES256")
    answer = party.house.userinfo(party.tokens(claims=EVERYTHING)["access_token"])
    assert set(claims_in(answer.text)) == {"sub", "email", "iss", "aud"}


def test_a_claim_taken_from_the_client_is_gone_from_tokens_already_issued(party: PolicedParty) -> None:
    tokens = party.tokens(claims=EVERYTHING)
    assert "email" in party.userinfo(tokens["access_token"])
    party.govern(claims=["name"])
    assert set(party.userinfo(tokens["access_token"])) == {"sub", "name"}
    renewed = party.refresh(tokens["refresh_token"]).get_json()
    assert set(party.userinfo(renewed["access_token"])) == {"sub", "name"}


def test_single_claims_asked_for_are_in_the_tokens_of_a_refresh_too(party: PolicedParty) -> None:
    """Core §12.2: the same rules as for the first ones."""
    asked = '{"userinfo":{"email":null},"id_token":{"given_name":null,"acr":null,"password_hash":null}}'
    tokens = party.tokens(scope="openid", claims=asked)
    for _ in range(2):
        assert set(party.userinfo(tokens["access_token"])) == {"sub", "email"}
        assert claims_in(tokens["id_token"])["given_name"] == party.house.account.identity.given_name
        assert "asked" not in claims_in(tokens["id_token"])
        tokens |= party.refresh(tokens["refresh_token"]).get_json()
    party.govern(claims=["name"])
    renewed = party.refresh(tokens["refresh_token"]).get_json()
    assert set(party.userinfo(renewed["access_token"])) == {"sub"}
    assert "given_name" not in claims_in(renewed["id_token"])


def test_a_scope_taken_from_the_client_is_gone_from_tokens_already_issued(party: PolicedParty) -> None:
    tokens = party.tokens(claims=EVERYTHING)
    party.govern(scopes=["openid", "profile"])
    assert "email" not in party.userinfo(tokens["access_token"])
    assert party.refresh(tokens["refresh_token"]).get_json()["scope"] == "openid profile"
    grown = party.refresh(tokens["refresh_token"], scope="openid email")
    assert (grown.status_code, grown.get_json()["error"]) == (400, "invalid_scope")


def test_a_scope_that_the_client_does_not_have_is_not_granted(party: PolicedParty) -> None:
    party.govern(scopes=["openid"])
    tokens = party.tokens(scope="openid profile email address", claims=EVERYTHING)
    assert tokens["scope"] == "openid"
    assert set(party.userinfo(tokens["access_token"])) == {"sub"}


def test_the_token_of_a_client_registered_no_more_opens_nothing(party: PolicedParty) -> None:
    token = party.tokens()["access_token"]
    party.house.settings.where.clients_file.write_text(party.others)
    answer = party.house.userinfo(token)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_client_without_the_refresh_grant_gets_no_refresh_token_and_may_not_use_one(
    party: PolicedParty,
) -> None:
    kept = party.tokens()["refresh_token"]
    party.govern(grant_types=["authorization_code"])
    assert "refresh_token" not in party.tokens()
    answer = party.refresh(kept)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "unauthorized_client")


# Lives.


def test_lives_of_its_own_are_those_of_its_tokens(party: PolicedParty) -> None:
    party.govern(access_token_life=40, id_token_life=50, refresh_token_idle=60)
    first = party.tokens()
    for tokens in (first, party.refresh(first["refresh_token"]).get_json()):
        assert tokens["expires_in"] == 40
        described = party.introspect(tokens["access_token"])
        assert described["exp"] - described["iat"] == 40
        id_token = claims_in(tokens["id_token"])
        assert id_token["exp"] - id_token["iat"] == 50
        idle = party.introspect(first["refresh_token"])["exp"] - datetime.now(UTC).timestamp()
        assert 30 < idle <= 60


def test_without_lives_of_its_own_the_settings_hold(party: PolicedParty) -> None:
    tokens, settings = party.tokens(), party.house.settings
    assert tokens["expires_in"] == settings.lives.access_token_life.total_seconds()
    id_token = claims_in(tokens["id_token"])
    assert id_token["exp"] - id_token["iat"] == settings.lives.id_token_life.total_seconds()
    idle = party.introspect(tokens["refresh_token"])["exp"] - datetime.now(UTC).timestamp()
    assert abs(idle - settings.lives.refresh_token_idle.total_seconds()) < 30


def test_a_life_changed_since_holds_from_the_next_refresh(party: PolicedParty) -> None:
    tokens = party.tokens()
    party.govern(access_token_life=33, refresh_token_idle=61)
    assert party.refresh(tokens["refresh_token"]).get_json()["expires_in"] == 33
    assert party.introspect(tokens["refresh_token"])["exp"] <= datetime.now(UTC).timestamp() + 61


def test_an_access_token_ends_after_the_life_of_its_client(party: PolicedParty) -> None:
    party.govern(access_token_life=30)
    token = party.tokens()["access_token"]
    row = sa.select(ephemeral.c.expires_at).where(
        ephemeral.c.kind == Kind.ACCESS_TOKEN.value, ephemeral.c.key_hash == hashed(token)
    )
    with party.house.database.connect() as connection:
        end = connection.execute(row).scalar_one()
    assert abs(end.timestamp() - party.introspect(token)["exp"]) <= 1


def test_the_idle_time_never_reaches_beyond_the_session(app_factory: Any) -> None:
    house = app_factory(session_life=timedelta(seconds=90))
    party = PolicedParty(house)
    party.govern(refresh_token_idle=1800)
    tokens = party.tokens()
    end = claims_in(tokens["id_token"])["auth_time"] + 90
    for _ in range(2):
        kept = SqlRefreshTokens(house.database).get(grant_of(tokens["refresh_token"]))
        assert kept is not None
        assert kept.idle_until.timestamp() == kept.ends_at.timestamp() == end
        assert party.introspect(tokens["refresh_token"])["exp"] == end
        assert party.refresh(tokens["refresh_token"]).status_code == 200


# The request.


@pytest.mark.parametrize("nonce", [None, ""])
def test_a_client_that_must_send_a_nonce_hears_so(party: PolicedParty, nonce: str | None) -> None:
    party.govern(nonce="required")
    answer = answer_of(party.ask(party.house.browser(), nonce=nonce))
    assert answer["error"] == "invalid_request"
    assert answer["state"] == "st/a=te&+%"
    assert claims_in(party.tokens(nonce="n-1")["id_token"])["nonce"] == "n-1"


def test_a_pushed_request_without_the_nonce_is_refused_at_once(party: PolicedParty) -> None:
    party.govern(nonce="required")
    asked = {"client_id": POLICED, "redirect_uri": CALLBACK}
    refused = party.post("/par", **authorization(**asked, nonce=None))
    assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_request")
    assert party.post("/par", **authorization(**asked)).status_code == 201


def test_a_client_that_need_not_send_a_nonce_gets_a_token_without(party: PolicedParty) -> None:
    assert "nonce" not in claims_in(party.tokens(nonce=None)["id_token"])


# Assurance raised after the fact.


def test_assurance_raised_since_stops_redemption_and_refreshing(party: PolicedParty) -> None:
    browser = party.house.browser()
    code = party.code(browser)
    tokens = party.redeem(party.code(browser)).get_json()
    party.govern(minimum_acr="cps")
    for refused in (party.redeem(code), party.refresh(tokens["refresh_token"])):
        assert (refused.status_code, refused.get_json()["error"]) == (400, "invalid_grant")
    assert answer_of(party.ask(browser, prompt="none"))["error"] == "login_required"
    party.govern()
    assert party.refresh(tokens["refresh_token"]).status_code == 200


def test_assurance_raised_while_the_person_signs_in_is_asked_before_the_code(party: PolicedParty) -> None:
    browser = party.house.browser()
    page = party.ask(browser)
    party.govern(minimum_acr="cps")
    answer = answer_of(browser.prove(page))
    assert answer["error"] == "login_required"
    assert "code" not in answer
