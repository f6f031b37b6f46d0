"""`GrantRepository` on SQL: a redeemed code stays so even if the ephemeral store is lost (facts/security §4.1)."""

import dataclasses
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Engine

from idp.accounts.account import AccountId
from idp.accounts.grants import EndedSession, Grant, GrantSpent, SessionEnded
from idp.adapters.sql.batches import AT_ONCE
from idp.adapters.sql.database import reading, writing
from idp.adapters.sql.logouts import queue_notices, record_ends
from idp.adapters.sql.schema import ended_sessions, grants, refresh_tokens
from idp.adapters.sql.session_schema import sessions
from idp.adapters.sql.statement import Insert, Statement, parameters_of
from idp.adapters.sql.work import fetch, write

_c = grants.c
_id = _c.id == sa.bindparam("id")


def _add(_: Insert) -> sa.Insert:
    values = parameters_of(grants)
    is_ended = sa.exists().where(ended_sessions.c.sid == values["sid"])
    return sa.insert(grants).from_select(list(values), sa.select(*values.values()).where(~is_ended))


def _redeem(_: Insert) -> sa.Update:
    # The session may have ended while the grant was written: that end did not see its row, so look here.
    is_ended = sa.exists().where(ended_sessions.c.sid == _c.sid)
    is_open = (_c.redeemed_at.is_(None), _c.revoked_at.is_(None), ~is_ended)
    return sa.update(grants).where(_id, *is_open).values(parameters_of(grants, "redeemed_at"))


_ADD, _REDEEM = Statement(_add, row=("id",)), Statement(_redeem, row=("id",))
_GET = Statement(lambda _: sa.select(grants).where(_id))
# The instant of the first revocation is kept.
_REVOKE = Statement(
    lambda _: (
        sa.update(grants).where(_id, _c.revoked_at.is_(None)).values(parameters_of(grants, "revoked_at"))
    ),
    row=("id",),
)


_NAMES = tuple(field.name for field in dataclasses.fields(Grant))


def _columns_of(grant: Grant) -> dict[str, Any]:
    return {name: getattr(grant, name) for name in _NAMES}


def read_grant(row: Any) -> Grant:
    """`row`: the columns of the table, by their names."""
    return Grant(
        id=row.id,
        account_id=AccountId(row.account_id),
        client_id=row.client_id,
        sid=row.sid,
        granted_at=row.granted_at,
        redeemed_at=row.redeemed_at,
        revoked_at=row.revoked_at,
        generation=row.generation,
        upstream_sid=row.upstream_sid,
        context_key=row.context_key,
    )


@dataclass(frozen=True, slots=True)
class SqlGrants:
    database: Engine

    def add(self, grant: Grant) -> None:
        write(self.database, _ADD, refusal=SessionEnded(), **_columns_of(grant))

    def get(self, grant_id: str) -> Grant | None:
        rows = fetch(self.database, _GET, id=grant_id)
        return read_grant(rows[0]) if rows else None

    def redeem(self, grant_id: str, now: datetime) -> None:
        write(self.database, _REDEEM, refusal=GrantSpent(), id=grant_id, redeemed_at=now)

    def revoke(self, grant_id: str, now: datetime) -> None:
        write(self.database, _REVOKE, id=grant_id, revoked_at=now)

    def end_session(self, sid: str, now: datetime, listeners: Collection[str]) -> EndedSession:
        of_it = _c.sid == sid
        with writing(self.database) as connection:
            is_first = bool(record_ends(connection, [sid], now))
            self._revoke_where(connection, of_it, now)
            clients = queue_notices(connection, of_it, now, listeners)
            owner = connection.execute(sa.select(_c.account_id).where(of_it).limit(1)).scalar()
        account_id = None if owner is None else AccountId(owner)
        return EndedSession(account_id=account_id, clients=clients, is_first=is_first)

    def sessions_from(self, upstream_sid: str) -> Collection[str]:
        named = sa.select(_c.sid).where(_c.upstream_sid == upstream_sid).distinct().order_by(_c.sid)
        with reading(self.database) as connection:
            return connection.execute(named).scalars().all()

    def end_sessions_of(
        self, account_id: AccountId, now: datetime, listeners: Collection[str], spared: str = ""
    ) -> Collection[str]:
        is_theirs = sa.and_(_c.account_id == account_id, _c.sid != spared)
        # One that was begun for no relying party has no grant, one of the version before no row among the sessions.
        known = sa.union(
            sa.select(_c.sid).where(is_theirs),
            sa.select(sessions.c.sid).where(
                sessions.c.account_id == account_id, sessions.c.sid != spared, sessions.c.ends_at > now
            ),
        )
        with writing(self.database) as connection:
            ended = record_ends(connection, connection.execute(known).scalars(), now)
            self._revoke_where(connection, is_theirs, now)
            queue_notices(connection, is_theirs, now, listeners)
        return ended

    @staticmethod
    def _revoke_where(connection: Connection, which: ColumnElement[bool], now: datetime) -> None:
        # The instant of the first revocation is kept.
        connection.execute(sa.update(grants).where(which, _c.revoked_at.is_(None)).values(revoked_at=now))

    def purge(self, granted_before: datetime) -> int:
        """Delete some grants so old that no code or token of theirs can be alive, with their refresh tokens.

        Returns how many: 0 when none is left.
        """
        old = (
            sa.select(_c.id)
            .where(_c.granted_at < granted_before)
            .order_by(_c.granted_at)
            .limit(AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        with writing(self.database) as connection:
            ids = connection.execute(old).scalars().all()
            connection.execute(sa.delete(refresh_tokens).where(refresh_tokens.c.grant_id.in_(ids)))
            connection.execute(sa.delete(grants).where(_c.id.in_(ids)))
        return len(ids)
