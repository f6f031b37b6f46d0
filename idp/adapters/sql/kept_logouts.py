"""`KeptLogouts` on SQL.

A token names a person, by their RPPS or nearly: it is sealed while it waits (facts/security OT1).
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy import Engine

from idp.adapters.sql.database import insert_into, reading, writing
from idp.adapters.sql.kept_logout_schema import kept_logouts
from idp.adapters.sql.leased_queue import LeasedQueue
from idp.core.sealing import Sealer
from idp.interaction.kept_logouts import MOST, KeptLogout

_c = kept_logouts.c
log = structlog.get_logger()

# Longer than the slowest judgement: two calls to Pro Santé Connect of 10 s, and the ends of some sessions.
_LEASE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SqlKeptLogouts:
    database: Engine
    sealer: Sealer

    @property
    def _queue(self) -> LeasedQueue:
        return LeasedQueue(self.database, kept_logouts, _LEASE)

    def keep(self, token: str, now: datetime) -> bool:
        row = {
            "token_sha256": hashlib.sha256(token.encode()).hexdigest(),
            "sealed": self.sealer.seal(token),
            "received_at": now,
            "not_before": now,
            "attempts": 0,
        }
        with writing(self.database) as connection:
            # Several at once may pass the bound by their own number.
            kept = connection.execute(sa.select(sa.func.count()).select_from(kept_logouts)).scalar_one()
            if kept >= MOST:
                return False
            # Sent again meanwhile: the first one is kept already.
            connection.execute(insert_into(connection, kept_logouts).values(row).on_conflict_do_nothing())
        return True

    def lease_next(self, now: datetime) -> KeptLogout | None:
        # A read first, not a write: an idle worker must not commit every second.
        if not self._has_due(now):
            return None
        row = self._queue.lease_next(now)
        if row is None:
            return None
        token = self.sealer.open(row.sealed)
        if token is None:
            log.error("psc_logout_unreadable", reason="sealed under another application key")
            self._queue.forget(row.id, row.attempts)
            return None
        return KeptLogout(id=row.id, token=token, received_at=row.received_at, attempt=row.attempts)

    def postpone(self, held: KeptLogout, until: datetime) -> None:
        self._queue.give_back(held.id, held.attempt, not_before=until)

    def forget(self, held: KeptLogout) -> None:
        self._queue.forget(held.id, held.attempt)

    def _has_due(self, now: datetime) -> bool:
        with reading(self.database) as connection:
            return (
                connection.execute(sa.select(_c.id).where(_c.not_before <= now).limit(1)).first() is not None
            )
