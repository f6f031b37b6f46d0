"""Contains how far this node's clock is from the database's, which all nodes share. Not here: what leans on a clock."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy import Engine

from idp.adapters.sql.database import reading
from idp.core.clock import Clock
from idp.core.ephemeral import StoreUnavailable

_log: Any = structlog.get_logger(__name__)

#: Between two measurements, however often it is asked.
_EVERY = timedelta(minutes=1)
_REMEDY = "keep the clocks of this machine and of the database's by NTP (docs/operate.md, Clocks)"


@dataclass(slots=True, kw_only=True)
class ClockWatch:
    """One for each process; measures when it is asked, and logs what is wrong each time it measures.

    `allowed`: how far apart the clocks may be before it warns.
    """

    database: Engine
    clock: Clock
    allowed: timedelta
    _measured_at: datetime | None = field(default=None, init=False)
    _ahead: timedelta | None = field(default=None, init=False)

    def ahead(self) -> timedelta | None:
        """Returns how far our clock is ahead of the database's (negative: behind), as measured lately.

        None: SQLite, which has our own clock, or a database that did not answer.
        """
        if self._is_due():
            self._measure()
        return self._ahead

    def is_off(self) -> bool:
        """Whether the clocks are further apart than allowed."""
        ahead = self.ahead()
        return ahead is not None and abs(ahead) > self.allowed

    def _is_due(self) -> bool:
        # Also when our clock was set back since.
        known = self._measured_at
        return known is None or not timedelta() <= self.clock.now() - known < _EVERY

    def _measure(self) -> None:
        was_off, dialect = self._ahead is not None and abs(self._ahead) > self.allowed, self.database.dialect
        self._ahead = self._difference() if dialect.name == "postgresql" else None
        self._measured_at = self.clock.now()
        if self._ahead is None:
            return
        seconds = round(self._ahead.total_seconds(), 3)
        if abs(self._ahead) > self.allowed:
            _log.error(
                "clock_apart",
                seconds_ahead=seconds,
                allowed_seconds=self.allowed.total_seconds(),
                remedy=_REMEDY,
            )
        elif was_off:
            _log.info("clock_together", seconds_ahead=seconds)

    def _difference(self) -> timedelta | None:
        try:
            with reading(self.database) as connection:
                before = self.clock.now()
                theirs: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
                after = self.clock.now()
        except StoreUnavailable:
            return None
        # It answered somewhere between the two: no slow answer passes for a wrong clock.
        if before <= theirs <= after:
            return timedelta()
        return before - theirs if before > theirs else after - theirs
