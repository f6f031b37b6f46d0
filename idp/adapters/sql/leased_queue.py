"""A table as a queue for any number of workers, of which one at a time holds a row.

Contains leases and their fence. Not here: what a row means, when it is tried again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Engine, Row

from idp.adapters.sql.database import writing


@dataclass(frozen=True, slots=True)
class LeasedQueue:
    """`table` has `id`, `not_before`, `leased_until`, `attempts`.

    `life` of a lease is longer than the slowest work on a row: no other worker takes it meanwhile, and the row of a
    worker that died goes to the next. `attempts` is the fence: a worker whose lease is over cannot change the row.
    """

    database: Engine
    table: sa.Table
    life: timedelta

    def lease_next(
        self, now: datetime, *which: ColumnElement[bool], ahead: ColumnElement[bool] | None = None
    ) -> Row[Any] | None:
        """Lease the row due for the longest time, among `which`. Returns None when none is free.

        `ahead`: those come first, whatever else waits.
        """
        c = self.table.c
        due = self._due(now, *which) if ahead is None else self._in_turn(now, ahead, *which)
        leased = (
            sa.update(self.table)
            .where(c.id == due)
            .values(leased_until=now + self.life, attempts=c.attempts + 1)
            .returning(*c)
        )
        with writing(self.database) as connection:
            return connection.execute(leased).one_or_none()

    def _in_turn(self, now: datetime, ahead: ColumnElement[bool], *which: ColumnElement[bool]) -> Any:
        # Each by an index of its own; the second is only looked for when there is none of the first.
        return sa.func.coalesce(self._due(now, ahead, *which), self._due(now, ~ahead, *which))

    def _due(self, now: datetime, *which: ColumnElement[bool]) -> Any:
        c = self.table.c
        # SKIP LOCKED: on PostgreSQL a second worker takes the next row instead of waiting for this one.
        return (
            sa.select(c.id)
            .where(c.not_before <= now, *which)
            .where(sa.or_(c.leased_until.is_(None), c.leased_until <= now))
            .order_by(c.not_before, c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )

    def give_back(self, row_id: int, attempt: int, **changed: Any) -> bool:
        """Change these columns and end the lease.

        Returns False, and changes nothing, when another worker holds the row.
        """
        given_back = sa.update(self.table).where(self._is_held(row_id, attempt))
        with writing(self.database) as connection:
            return connection.execute(given_back.values(leased_until=None, **changed)).rowcount == 1

    def forget(self, row_id: int, attempt: int) -> None:
        """Delete the row, unless another worker holds it."""
        with writing(self.database) as connection:
            connection.execute(sa.delete(self.table).where(self._is_held(row_id, attempt)))

    def _is_held(self, row_id: int, attempt: int) -> ColumnElement[bool]:
        # Each lease increments `attempts`: an older number means that another worker has leased the row since.
        return sa.and_(self.table.c.id == row_id, self.table.c.attempts == attempt)
