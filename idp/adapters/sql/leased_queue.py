"""A table as a queue that any number of workers empty: each row is held by one of them at a time.

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

    `life` of a lease is longer than the slowest work on a row: nobody else takes it meanwhile, and the row of a
    worker that died goes to the next one. `attempts` fences: who outlived its lease can no longer touch the row.
    """

    database: Engine
    table: sa.Table
    life: timedelta

    def lease_next(self, now: datetime, *which: ColumnElement[bool]) -> Row[Any] | None:
        """The row due for the longest time, among `which`; None when none is free."""
        c = self.table.c
        due = (
            sa.select(c.id)
            .where(c.not_before <= now, *which)
            .where(sa.or_(c.leased_until.is_(None), c.leased_until <= now))
            .order_by(c.not_before, c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        leased = (
            sa.update(self.table)
            .where(c.id == due.scalar_subquery())
            .values(leased_until=now + self.life, attempts=c.attempts + 1)
            .returning(*c)
        )
        with writing(self.database) as connection:
            return connection.execute(leased).one_or_none()

    def give_back(self, row_id: int, attempt: int, **changed: Any) -> bool:
        """End the lease, with these columns changed. False when it was another's already: nothing happened."""
        given_back = sa.update(self.table).where(self._is_held(row_id, attempt))
        with writing(self.database) as connection:
            return connection.execute(given_back.values(leased_until=None, **changed)).rowcount == 1

    def forget(self, row_id: int, attempt: int) -> None:
        """Delete the row, unless it is another's by now."""
        with writing(self.database) as connection:
            connection.execute(sa.delete(self.table).where(self._is_held(row_id, attempt)))

    def _is_held(self, row_id: int, attempt: int) -> ColumnElement[bool]:
        return sa.and_(self.table.c.id == row_id, self.table.c.attempts == attempt)
