"""`RefreshTokens` on SQLite and PostgreSQL: what binds a token comes back with it, and stays out of its claims."""

import dataclasses
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.grants import Grant
from idp.accounts.refresh import RefreshToken, Rotation, TokenReplayed, digest
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.database import open_database
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.refresh_tokens import SqlRefreshTokens
from idp.adapters.sql.schema import refresh_tokens
from tests.contracts.races import CALLERS, race
from tests.fakes import NOON
from tests.people import an_account

_BINDING = {"jkt": "thumbprint", "x5t#S256": "other"}
_CLAIMS = {"acr": "urn:caducee:acr:cps", "amr": ["sc"], "auth_time": 1}


def _token(database: Engine, **changes: object) -> RefreshToken:
    account = an_account()
    SqlAccounts(database).add(account)
    SqlGrants(database).add(
        Grant(id="g" * 43, account_id=account.id, client_id="rp", sid="sid", granted_at=NOON)
    )
    end = NOON + timedelta(hours=1)
    return RefreshToken(
        grant_id="g" * 43,
        token_sha256=digest("first"),
        scope="openid",
        claims=_CLAIMS,
        idle_until=end,
        ends_at=end,
        **changes,
    )  # type: ignore[arg-type]


def test_a_binding_comes_back_and_survives_rotation(database: Engine) -> None:
    tokens = SqlRefreshTokens(database)
    token = _token(database, binding=_BINDING)
    tokens.add(token)
    assert tokens.get(token.grant_id) == token
    following = RefreshToken(
        grant_id=token.grant_id,
        token_sha256=digest("second"),
        scope="openid",
        claims=_CLAIMS,
        idle_until=token.idle_until,
        ends_at=token.ends_at,
        binding=_BINDING,
    )
    tokens.swap(digest("first"), following)
    found = tokens.get(token.grant_id)
    assert found == following
    assert "cnf" not in found.claims


def test_what_was_asked_for_comes_back_and_stays_out_of_the_claims(database: Engine) -> None:
    token = _token(database, asked={"id_token": ["name"], "userinfo": []})
    SqlRefreshTokens(database).add(token)
    found = SqlRefreshTokens(database).get(token.grant_id)
    assert found == token
    assert found.claims == _CLAIMS


def test_a_token_without_a_binding_has_none(database: Engine) -> None:
    token = _token(database)
    SqlRefreshTokens(database).add(token)
    found = SqlRefreshTokens(database).get(token.grant_id)
    assert found == token
    assert found.binding == {}


def test_a_row_of_the_version_before_is_read_as_bound_to_nothing(database: Engine) -> None:
    token = _token(database)
    SqlRefreshTokens(database).add(token)
    with database.begin() as connection:
        connection.execute(sa.update(refresh_tokens).values(claims=_CLAIMS))
    assert SqlRefreshTokens(database).get(token.grant_id) == token


def test_what_a_token_took_the_place_of_comes_back_with_it_alone(database: Engine) -> None:
    """A node of the version before leaves the column as it was: then it says nothing of the token in force."""
    tokens, token = SqlRefreshTokens(database), _token(database)
    tokens.add(token)
    second = dataclasses.replace(
        token, token_sha256=digest("second"), rotation=Rotation(digest("first"), NOON + timedelta(seconds=1))
    )
    tokens.swap(digest("first"), second)
    assert tokens.get(token.grant_id) == second
    with database.begin() as connection:
        connection.execute(sa.update(refresh_tokens).values(token_sha256=digest("third")))
    found = tokens.get(token.grant_id)
    assert found is not None
    assert found.rotation is None


def test_a_token_took_the_place_of_one_for_the_time_of_the_grace(database: Engine) -> None:
    grace, second = timedelta(seconds=10), timedelta(seconds=1)
    token = _token(database, rotation=Rotation(digest("before"), NOON))
    of_former = [
        token.took_place_of(digest("before"), NOON + passed, grace)
        for passed in (-second, 0 * second, 9 * second, grace)
    ]
    assert of_former == [True, True, True, False]
    assert not token.took_place_of(digest("other"), NOON, grace)
    assert not token.took_place_of(digest("before"), NOON - second, timedelta())
    assert not dataclasses.replace(token, rotation=None).took_place_of(digest("before"), NOON, grace)


def _rotate(database: Engine) -> bool:
    end = NOON + timedelta(hours=1)
    following = RefreshToken(
        grant_id="g" * 43,
        token_sha256=digest("second"),
        scope="openid",
        claims=_CLAIMS,
        idle_until=end,
        ends_at=end,
    )
    try:
        SqlRefreshTokens(database).swap(digest("first"), following)
    except TokenReplayed:
        return False
    return True


def test_one_of_fifty_rotations_succeeds(database_url: str, database: Engine) -> None:
    """facts/security TK5: check and use are one act."""
    SqlRefreshTokens(database).add(_token(database))
    assert race(_rotate, open_database, database_url) == {True: 1, False: CALLERS - 1}
