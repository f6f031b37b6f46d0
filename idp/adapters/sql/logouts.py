"""Ends of sessions and `LogoutNotices` on SQL."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Engine, Row, Select

from idp.accounts.account import AccountId
from idp.accounts.logouts import LogoutNotice, NoticeState
from idp.adapters.sql.batches import delete_some
from idp.adapters.sql.database import insert_into, reading
from idp.adapters.sql.leased_queue import LeasedQueue
from idp.adapters.sql.schema import ended_sessions, grants, logout_notices

_c = logout_notices.c

# Longer than the slowest delivery: 5 s of HTTP and a signature.
_LEASE = timedelta(seconds=30)


def _clients_due() -> "Select[tuple[str]]":
    """Which clients wait, asked one after the other of the index: `distinct` would read every notice that waits."""
    is_waiting = _c.state == NoticeState.WAITING
    named = (
        sa.select(sa.func.min(_c.client_id).label("client_id")).where(is_waiting).cte("named", recursive=True)
    )
    following = sa.select(sa.func.min(_c.client_id)).where(is_waiting, _c.client_id > named.c.client_id)
    named = named.union_all(sa.select(following.scalar_subquery()).where(named.c.client_id.is_not(None)))
    now = sa.bindparam("now", type_=_c.not_before.type)
    is_free = sa.or_(_c.leased_until.is_(None), _c.leased_until <= now)
    is_due = sa.exists().where(is_waiting, _c.client_id == named.c.client_id, _c.not_before <= now, is_free)
    return sa.select(named.c.client_id).where(is_due)


_CLIENTS_DUE = _clients_due()


def record_ends(connection: Connection, sids: Iterable[str], now: datetime) -> Sequence[str]:
    """Write the ends; an end already written stays. Returns those that are new.

    On PostgreSQL the second of two concurrent calls waits here for the first. Sorted: they cannot wait for each other.
    """
    rows = [{"sid": sid, "ended_at": now} for sid in sorted(sids)]
    if not rows:
        return ()
    written = insert_into(connection, ended_sessions).values(rows).on_conflict_do_nothing()
    return connection.execute(written.returning(ended_sessions.c.sid)).scalars().all()


def queue_notices(
    connection: Connection, which: ColumnElement[bool], now: datetime, listeners: Collection[str]
) -> frozenset[str]:
    """Queue a notice per session and listener that redeemed a grant of `which`.

    Returns every client that redeemed one.
    """
    found = connection.execute(
        sa.select(grants.c.sid, grants.c.client_id, grants.c.account_id)
        .where(which, grants.c.redeemed_at.is_not(None))
        .distinct()
    ).all()
    due = {"ended_at": now, "not_before": now, "state": NoticeState.WAITING, "deliveries": 0, "attempts": 0}
    # One row per session and client: a notice already queued, or already delivered, stays as it is.
    rows = [{**row._mapping, **due} for row in found if row.client_id in listeners]
    if rows:
        connection.execute(insert_into(connection, logout_notices).values(rows).on_conflict_do_nothing())
    return frozenset(row.client_id for row in found)


def _notice(row: Row[Any]) -> LogoutNotice:
    return LogoutNotice(
        id=row.id,
        sid=row.sid,
        client_id=row.client_id,
        account_id=AccountId(row.account_id),
        ended_at=row.ended_at,
        state=NoticeState(row.state),
        deliveries=row.deliveries,
        outcome=row.outcome,
        attempt=row.attempts,
    )


@dataclass(frozen=True, slots=True)
class SqlLogoutNotices:
    database: Engine

    @property
    def _queue(self) -> LeasedQueue:
        return LeasedQueue(self.database, logout_notices, _LEASE)

    def clients_due(self, now: datetime) -> Sequence[str]:
        with reading(self.database) as connection:
            return connection.execute(_CLIENTS_DUE, {"now": now}).scalars().all()

    def lease_next(self, client_id: str, now: datetime) -> LogoutNotice | None:
        row = self._queue.lease_next(now, _c.state == NoticeState.WAITING, _c.client_id == client_id)
        return None if row is None else _notice(row)

    def postpone(self, held: LogoutNotice, until: datetime, outcome: str, deliveries: int) -> bool:
        changed = {"not_before": until, "outcome": outcome, "deliveries": deliveries}
        return self._queue.give_back(held.id, held.attempt, **changed)

    def settle(self, held: LogoutNotice, state: NoticeState, outcome: str, deliveries: int) -> bool:
        changed = {"state": state, "outcome": outcome, "deliveries": deliveries}
        return self._queue.give_back(held.id, held.attempt, **changed)

    def newest(self, most: int, *, client_id: str | None, state: NoticeState | None) -> list[LogoutNotice]:
        """Returns notices for the operator, of the latest ends first."""
        wanted = sa.select(logout_notices).order_by(_c.ended_at.desc(), _c.id.desc()).limit(most)
        if client_id is not None:
            wanted = wanted.where(_c.client_id == client_id)
        if state is not None:
            wanted = wanted.where(_c.state == state)
        with reading(self.database) as connection:
            return [_notice(row) for row in connection.execute(wanted)]

    def purge(self, ended_before: datetime) -> int:
        """Delete some old notices in any state, and some old ends. Returns how many: 0 when none is left."""
        ends = delete_some(self.database, ended_sessions.c.ended_at, ended_before)
        return ends + delete_some(self.database, _c.ended_at, ended_before)
