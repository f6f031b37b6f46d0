"""`RefreshTokens` on SQL.

Contains rotation as one conditional UPDATE, so that a reused token never wins (facts/security TK5). The binding is
stored among the claims as `cnf` (RFC 7800 §3.1), the single claims requested as `asked`. Not here: when a token is
valid.
"""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.refresh import RefreshToken
from idp.adapters.sql.database import reading, writing
from idp.adapters.sql.schema import refresh_tokens

_c = refresh_tokens.c


def _values(token: RefreshToken) -> dict[str, object]:
    return {
        "grant_id": token.grant_id,
        "token_sha256": token.token_sha256,
        "scope": token.scope,
        "claims": {**token.claims, "cnf": dict(token.binding), "asked": dict(token.asked)},
        "idle_until": token.idle_until,
        "ends_at": token.ends_at,
    }


@dataclass(frozen=True, slots=True)
class SqlRefreshTokens:
    database: Engine

    def add(self, token: RefreshToken) -> None:
        with writing(self.database) as connection:
            connection.execute(sa.insert(refresh_tokens).values(**_values(token)))

    def get(self, grant_id: str) -> RefreshToken | None:
        with reading(self.database) as connection:
            row = connection.execute(sa.select(refresh_tokens).where(_c.grant_id == grant_id)).one_or_none()
        if row is None:
            return None
        claims = dict(row.claims)
        # Rows written by an earlier version have none.
        binding, asked = claims.pop("cnf", {}), claims.pop("asked", {})
        return RefreshToken(**{**row._mapping, "claims": claims, "binding": binding, "asked": asked})

    def swap(self, presented_sha256: str, following: RefreshToken) -> bool:
        # The WHERE is the whole race: the second of two concurrent swaps finds another digest, and changes no row.
        swapped = (
            sa.update(refresh_tokens)
            .where(_c.grant_id == following.grant_id, _c.token_sha256 == presented_sha256)
            .values(**_values(following))
        )
        with writing(self.database) as connection:
            return connection.execute(swapped).rowcount == 1
