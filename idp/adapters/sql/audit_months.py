"""The audit trail by months, where PostgreSQL keeps it (docs/adr/0052).

Contains making the months ahead, dropping those that are over, and dividing a table of before while others go on
writing. What happens then is written in the functions of migration 0028, which act for the owner of the tables. Not
here: which rows are over (`audit_keeping`).
"""

import time
from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, IntegrityError

from idp.adapters.sql.backends import allow_time
from idp.adapters.sql.columns import microseconds_of
from idp.adapters.sql.database import reading, writing
from idp.adapters.sql.schema_state import DatabaseUnusable
from idp.core.ephemeral import StoreUnavailable

log = structlog.get_logger()

#: Beyond the present month: a worker that is away for so long loses nothing but speed.
_AHEAD = 2
#: How often a lock is waited for, 2 s each time: whoever comes meanwhile waits behind it.
_TRIES = 30
_PAUSE = 1.0
_BOUND = "audit_events_bound"
_UNBOUND = f"ALTER TABLE audit_events DROP CONSTRAINT IF EXISTS {_BOUND}"
_IS_BY_MONTHS = sa.text("SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass('audit_events')")


def month_of(instant: datetime, later: int = 0) -> datetime:
    """Returns where the month (UTC) of this instant begins, or one so many months later."""
    years, month = divmod(instant.month - 1 + later, 12)
    first = instant.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first.replace(year=instant.year + years, month=month + 1)


def add_months(database: Engine, now: datetime) -> int:
    """Make this month and the next ones, where the trail is kept by months. Returns how many were missing."""
    if not _is_by_months(database):
        return 0
    added = 0
    for later in range(_AHEAD + 1):
        added += bool(_called(database, "audit_events_add_month", month_of(now, later)))
    if added:
        log.info("audit_months_made", months=added)
    return added


def drop_months(database: Engine, before: datetime) -> int:
    """Drop every partition whose rows are all from before this instant, and sealed. Returns how many."""
    dropped = _called(database, "audit_events_drop_before", before) if _is_by_months(database) else 0
    if dropped:
        log.info("audit_months_dropped", months=dropped)
    return dropped


def divide(database: Engine, now: datetime) -> bool:
    """Divide a table of before. Returns False: it was done already. Raises StoreUnavailable, DatabaseUnusable (a row of
    a month to come), and nothing is divided.

    Three steps of their own, of which only the second is long: others read and write meanwhile.
    """
    if _is_by_months(database):
        return False
    # Every row must be before it until all is done: far enough for a look at each.
    until = month_of(now, 2)
    end = microseconds_of(until)
    _alter(
        database, _UNBOUND, f"ALTER TABLE audit_events ADD CONSTRAINT {_BOUND} CHECK (at < {end}) NOT VALID"
    )
    try:
        with writing(database) as connection:
            allow_time(connection, None)
            connection.exec_driver_sql(f"ALTER TABLE audit_events VALIDATE CONSTRAINT {_BOUND}")
        # As a partition the table has that bound anyway.
        _alter(
            database, f"SELECT audit_events_partition({end})", _UNBOUND.replace("_events ", "_events_before ")
        )
    except BaseException as error:
        _alter(database, _UNBOUND)
        if isinstance(error, IntegrityError):
            raise DatabaseUnusable(
                f"the audit trail has rows of {until:%Y-%m} or later: a clock was ahead, and it cannot be divided yet"
            ) from error
        raise
    add_months(database, until)
    return True


def _alter(database: Engine, *statements: str) -> None:
    """Run them as one step, which waits for others a moment only, as they wait behind it. Raises StoreUnavailable."""
    for tries_left in reversed(range(_TRIES)):
        try:
            _altered(database, statements)
        except StoreUnavailable:
            if not tries_left:
                raise
        else:
            return
        time.sleep(_PAUSE)


def _altered(database: Engine, statements: Sequence[str]) -> None:
    with writing(database) as connection:
        connection.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
        for statement in statements:
            connection.exec_driver_sql(statement)


def _is_by_months(database: Engine) -> bool:
    if database.dialect.name != "postgresql":
        return False
    with reading(database) as connection:
        return bool(connection.execute(_IS_BY_MONTHS).scalar())


def _called(database: Engine, function: str, instant: datetime) -> int:
    """Returns what the function gives; 0 where it cannot do it now, which the log says: nothing depends on it."""
    asked = sa.select(getattr(sa.func, function)(microseconds_of(instant)))
    try:
        with writing(database) as connection:
            return int(connection.execute(asked).scalar_one())
    except (StoreUnavailable, DBAPIError) as error:
        # Its lock was not to be had, or our role has no right to it yet (`idp db roles`).
        log.warning(
            "audit_months_refused", function=function, error=str(error.__cause__ or error).partition("\n")[0]
        )
        return 0
