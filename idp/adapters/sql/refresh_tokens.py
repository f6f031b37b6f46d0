"""`RefreshTokens` on SQL.

Contains rotation as one conditional UPDATE, so that a reused token never wins (facts/security TK5). The binding is
stored among the claims as `cnf` (RFC 7800 §3.1), the single claims requested as `asked`. Not here: when a token is
valid, or may be shown again.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.refresh import RefreshToken, Rotation, TokenReplayed
from idp.adapters.sql.schema import refresh_tokens
from idp.adapters.sql.statement import Statement, parameters_of
from idp.adapters.sql.work import fetch, write

_c = refresh_tokens.c
_ADD = Statement(
    lambda insert: insert(refresh_tokens).values(parameters_of(refresh_tokens)), row=("grant_id",)
)
_GET = Statement(lambda _: sa.select(refresh_tokens).where(_c.grant_id == sa.bindparam("grant_id")))
_SWAP = Statement(
    lambda _: (
        sa.update(refresh_tokens)
        .where(_c.grant_id == sa.bindparam("grant_id"), _c.token_sha256 == sa.bindparam("presented"))
        .values({name: value for name, value in parameters_of(refresh_tokens).items() if name != "grant_id"})
    ),
    row=("grant_id",),
)


def read_token(row: Any) -> RefreshToken:
    """`row`: the columns of the table, by their names."""
    claims = dict(row.claims)
    # Rows written by an earlier version have none.
    binding, asked = claims.pop("cnf", {}), claims.pop("asked", {})
    return RefreshToken(
        grant_id=row.grant_id,
        token_sha256=row.token_sha256,
        scope=row.scope,
        claims=claims,
        idle_until=row.idle_until,
        ends_at=row.ends_at,
        binding=binding,
        asked=asked,
        rotation=_read_rotation(row),
    )


def _read_rotation(row: Any) -> Rotation | None:
    # An earlier version, on another node, leaves the column as it was: then it is not of this token.
    if not row.rotation or row.rotation["to"] != row.token_sha256:
        return None
    return Rotation(row.rotation["from"], datetime.fromisoformat(row.rotation["at"]))


def _rotation(token: RefreshToken) -> dict[str, str] | None:
    rotation = token.rotation
    if rotation is None:
        return None
    return {
        "from": rotation.former_sha256,
        "to": token.token_sha256,
        "at": rotation.at.isoformat(),
    }


def _values(token: RefreshToken) -> dict[str, Any]:
    return {
        "grant_id": token.grant_id,
        "token_sha256": token.token_sha256,
        "scope": token.scope,
        "claims": {**token.claims, "cnf": dict(token.binding), "asked": dict(token.asked)},
        "idle_until": token.idle_until,
        "ends_at": token.ends_at,
        "rotation": _rotation(token),
    }


@dataclass(frozen=True, slots=True)
class SqlRefreshTokens:
    database: Engine

    def add(self, token: RefreshToken) -> None:
        write(self.database, _ADD, **_values(token))

    def get(self, grant_id: str) -> RefreshToken | None:
        rows = fetch(self.database, _GET, grant_id=grant_id)
        return read_token(rows[0]) if rows else None

    def swap(self, presented_sha256: str, following: RefreshToken) -> None:
        # The WHERE is the whole race: the second of two concurrent swaps finds another digest, and changes no row.
        write(
            self.database,
            _SWAP,
            refusal=TokenReplayed(),
            presented=presented_sha256,
            **_values(following),
        )
