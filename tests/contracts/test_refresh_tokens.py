"""`RefreshTokens` on SQLite and PostgreSQL: what binds a token comes back with it, and stays out of its claims."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.grants import Grant
from idp.accounts.refresh import RefreshToken, digest
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.engine import open_engine
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.refresh_tokens import SqlRefreshTokens
from idp.adapters.sql.schema import refresh_tokens
from tests.contracts.races import CALLERS, race
from tests.fakes import NOON
from tests.people import an_account

_BINDING = {"jkt": "thumbprint", "x5t#S256": "other"}
_CLAIMS = {"acr": "urn:caducee:acr:cps", "amr": ["sc"], "auth_time": 1}


def _token(engine: Engine, **changes: object) -> RefreshToken:
    account = an_account()
    SqlAccounts(engine).add(account)
    SqlGrants(engine).add(Grant("g" * 43, account.id, "rp", "sid", NOON))
    end = NOON + timedelta(hours=1)
    return RefreshToken("g" * 43, digest("first"), "openid", _CLAIMS, end, end, **changes)  # type: ignore[arg-type]


def test_a_binding_comes_back_and_survives_rotation(engine: Engine) -> None:
    tokens = SqlRefreshTokens(engine)
    token = _token(engine, binding=_BINDING)
    tokens.add(token)
    assert tokens.get(token.grant_id) == token
    following = RefreshToken(
        token.grant_id, digest("second"), "openid", _CLAIMS, token.idle_until, token.ends_at, _BINDING
    )
    assert tokens.swap(digest("first"), following)
    found = tokens.get(token.grant_id)
    assert found == following
    assert "cnf" not in found.claims


def test_what_was_asked_for_comes_back_and_stays_out_of_the_claims(engine: Engine) -> None:
    token = _token(engine, asked={"id_token": ["name"], "userinfo": []})
    SqlRefreshTokens(engine).add(token)
    found = SqlRefreshTokens(engine).get(token.grant_id)
    assert found == token
    assert found.claims == _CLAIMS


def test_a_token_without_a_binding_has_none(engine: Engine) -> None:
    token = _token(engine)
    SqlRefreshTokens(engine).add(token)
    found = SqlRefreshTokens(engine).get(token.grant_id)
    assert found == token
    assert found.binding == {}


def test_a_row_of_the_version_before_is_read_as_bound_to_nothing(engine: Engine) -> None:
    token = _token(engine)
    SqlRefreshTokens(engine).add(token)
    with engine.begin() as connection:
        connection.execute(sa.update(refresh_tokens).values(claims=_CLAIMS))
    assert SqlRefreshTokens(engine).get(token.grant_id) == token


def _rotate(engine: Engine) -> bool:
    end = NOON + timedelta(hours=1)
    following = RefreshToken("g" * 43, digest("second"), "openid", _CLAIMS, end, end)
    return SqlRefreshTokens(engine).swap(digest("first"), following)


def test_one_of_fifty_rotations_succeeds(database_url: str, engine: Engine) -> None:
    """facts/security TK5: check and use are one act."""
    SqlRefreshTokens(engine).add(_token(engine))
    assert race(_rotate, open_engine, database_url) == {True: 1, False: CALLERS - 1}
