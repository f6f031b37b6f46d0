"""Contains a transaction that reads for so long at most, on either database. Not here: what is read."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from idp.adapters.sql.backends import allow_time
from idp.adapters.sql.database import reading
from idp.core.day_counts import TookTooLong

#: Steps of SQLite's machine between two looks at the time: some hundredths of a millisecond.
_STEPS = 10_000
#: PostgreSQL's `query_canceled`.
_CANCELLED = "57014"


@contextmanager
def reading_for(database: Engine, seconds: int) -> Iterator[Connection]:
    """One transaction that takes no write lock, and of which no statement takes longer. Raises StoreUnavailable,
    TookTooLong."""
    with reading(database) as connection:
        end = time.monotonic() + seconds
        if connection.dialect.name == "postgresql":
            allow_time(connection, seconds)
            try:
                yield connection
            except DBAPIError as error:
                raise _named(error) from error
            return
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)  # noqa: S101 the other dialect
        driver.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
        try:
            yield connection
        except DBAPIError as error:
            raise _named(error) from error
        finally:
            driver.set_progress_handler(None, 0)


def _named(error: DBAPIError) -> Exception:
    """Returns what to raise in its place: a limit of ours is no outage."""
    is_ours = (
        getattr(error.orig, "sqlstate", None) == _CANCELLED
        or getattr(error.orig, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT
    )
    return TookTooLong() if is_ours else error
