"""`Heartbeats` on SQL, and what one process at a time does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine

from idp.adapters.sql.batches import delete_some
from idp.adapters.sql.database import insert_into, reading, writing
from idp.adapters.sql.worker_schema import heartbeats, leases
from idp.core.heartbeats import Heartbeat, LaneState, Waiting

_c, _l = heartbeats.c, leases.c
_KEY = (_c.node, _c.process, _c.lane)


@dataclass(frozen=True, slots=True)
class SqlHeartbeats:
    database: Engine

    def beat(self, beats: Sequence[Heartbeat]) -> None:
        rows = [_row_of(beat) for beat in beats]
        if not rows:
            return
        with writing(self.database) as connection:
            put = insert_into(connection, heartbeats)
            renewed = {
                column.name: put.excluded[column.name] for column in heartbeats.c if column not in set(_KEY)
            }
            connection.execute(put.on_conflict_do_update(index_elements=list(_KEY), set_=renewed), rows)

    def leave(self, node: str, process: str) -> None:
        with writing(self.database) as connection:
            connection.execute(sa.delete(heartbeats).where(_c.node == node, _c.process == process))

    def all(self) -> Sequence[Heartbeat]:
        with reading(self.database) as connection:
            return [_beat_of(row) for row in connection.execute(sa.select(heartbeats).order_by(*_KEY))]

    def purge(self, silent_since: datetime) -> int:
        """Delete some of processes that died before then. Returns how many."""
        return delete_some(self.database, _c.at, silent_since)


@dataclass(frozen=True, slots=True)
class SqlLeases:
    database: Engine

    def hold(self, name: str, holder: str, now: datetime, life: timedelta) -> bool:
        """Whether the holder does it from now on, for so long or until the next call. Raises StoreUnavailable."""
        with writing(self.database) as connection:
            put = insert_into(connection, leases).values(name=name, holder=holder, until=now + life)
            is_free = sa.or_(_l.holder == put.excluded.holder, _l.until <= now)
            held = put.on_conflict_do_update(
                index_elements=[_l.name],
                set_={"holder": put.excluded.holder, "until": put.excluded.until},
                where=is_free,
            )
            return connection.execute(held.returning(_l.name)).first() is not None

    def release(self, name: str, holder: str) -> None:
        """Let another take it at once. Raises StoreUnavailable."""
        with writing(self.database) as connection:
            connection.execute(sa.delete(leases).where(_l.name == name, _l.holder == holder))


def _row_of(beat: Heartbeat) -> dict[str, Any]:
    waiting = beat.waiting
    return {
        "node": beat.node,
        "process": beat.process,
        "lane": beat.lane,
        "at": beat.at,
        "state": beat.state,
        "since": beat.since,
        "due_by": beat.due_by,
        "fault": beat.fault,
        "waiting": None if waiting is None else waiting.number,
        "oldest_at": None if waiting is None else waiting.oldest_at,
    }


def _beat_of(row: Any) -> Heartbeat:
    return Heartbeat(
        node=row.node,
        process=row.process,
        lane=row.lane,
        at=row.at,
        state=LaneState(row.state),
        since=row.since,
        due_by=row.due_by,
        fault=row.fault,
        waiting=None if row.waiting is None else Waiting(number=row.waiting, oldest_at=row.oldest_at),
    )
