"""Deleting what may be millions of rows: some at a time, each time in a transaction of its own.

One statement for all of them would be cancelled by the statement timeout, at each try anew, and on SQLite would keep
every sign-in from writing meanwhile. Contains one batch. Not here: how long one goes on (`cli/worker`).
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Engine

from idp.adapters.sql.database import writing

#: Rows of one transaction: well within the statement timeout on a slow disk, and short for whoever waits to write.
AT_ONCE = 500
#: After each batch as long as it took, up to this (seconds).
_LONGEST_REST = 0.5


def rest_of(began: float) -> float:
    """Returns how long to rest after a batch that began then (monotonic): whoever signs in has at least half of the
    database. SQLite gives the lock to whoever asks at the right instant, and another process seldom does."""
    return min(_LONGEST_REST, time.monotonic() - began)


@contextmanager
def resting() -> Iterator[None]:
    """Around a batch: rests after it."""
    began = time.monotonic()
    yield
    time.sleep(rest_of(began))


def delete_some(
    database: Engine,
    column: "sa.Column[datetime]",
    before: datetime,
    *which: ColumnElement[bool],
    most: int = AT_ONCE,
) -> int:
    """Delete up to `most` rows whose `column` is before, the oldest first. Returns how many: 0 when none is left.

    `column`: the first of an index. Raises StoreUnavailable.
    """
    table = column.table
    key = list(table.primary_key)
    oldest = sa.select(*key).where(column < before, *which).order_by(column).limit(most)
    # SKIP LOCKED: two workers delete different rows instead of waiting for each other (SQLite has one writer).
    # A common table expression with a lock is evaluated once.
    chosen = oldest.with_for_update(skip_locked=True).cte("chosen")
    whose = key[0] if len(key) == 1 else sa.tuple_(*key)
    gone = sa.delete(table).where(whose.in_(sa.select(chosen))).returning(key[0])
    with writing(database) as connection:
        return len(connection.execute(gone).all())  # sqlite3 counts no row of a statement that begins WITH
