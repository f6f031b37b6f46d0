"""`GrantRepository` on SQL: a redeemed code stays so when the ephemeral store forgets (security §4.1)."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Engine

from idp.accounts.account import AccountId
from idp.accounts.grants import Grant
from idp.adapters.schema import grants, refresh_tokens
from idp.adapters.sql_engine import reading, writing

_c = grants.c


@dataclass(frozen=True, slots=True)
class SqlGrants:
    engine: Engine

    def add(self, grant: Grant) -> None:
        """The account must exist."""
        added = sa.insert(grants).values(
            id=grant.id,
            account_id=grant.account_id,
            client_id=grant.client_id,
            sid=grant.sid,
            granted_at=grant.granted_at,
            redeemed_at=grant.redeemed_at,
            revoked_at=grant.revoked_at,
        )
        with writing(self.engine) as connection:
            connection.execute(added)

    def get(self, grant_id: str) -> Grant | None:
        with reading(self.engine) as connection:
            row = connection.execute(sa.select(grants).where(_c.id == grant_id)).one_or_none()
        if row is None:
            return None
        return Grant(
            id=row.id,
            account_id=AccountId(row.account_id),
            client_id=row.client_id,
            sid=row.sid,
            granted_at=row.granted_at,
            redeemed_at=row.redeemed_at,
            revoked_at=row.revoked_at,
        )

    def redeem(self, grant_id: str, now: datetime) -> bool:
        redeemed = (
            sa.update(grants)
            .where(_c.id == grant_id, _c.redeemed_at.is_(None), _c.revoked_at.is_(None))
            .values(redeemed_at=now)
        )
        with writing(self.engine) as connection:
            return connection.execute(redeemed).rowcount == 1

    def revoke(self, grant_id: str, now: datetime) -> None:
        self._revoke_where(_c.id == grant_id, now)

    def revoke_session(self, sid: str, now: datetime) -> None:
        self._revoke_where(_c.sid == sid, now)

    def _revoke_where(self, which: ColumnElement[bool], now: datetime) -> None:
        # The first revocation is the one that counts: its instant is kept.
        revoked = sa.update(grants).where(which, _c.revoked_at.is_(None)).values(revoked_at=now)
        with writing(self.engine) as connection:
            connection.execute(revoked)

    def purge(self, granted_before: datetime) -> int:
        """Grants so old that no code and no token of theirs can live, with their refresh tokens; gives how many."""
        old = sa.select(_c.id).where(_c.granted_at < granted_before)
        with writing(self.engine) as connection:
            connection.execute(sa.delete(refresh_tokens).where(refresh_tokens.c.grant_id.in_(old)))
            return connection.execute(sa.delete(grants).where(_c.granted_at < granted_before)).rowcount
