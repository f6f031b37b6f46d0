"""One exception for every outage of the database, by whatever name SQLAlchemy or a driver has for it.

Not here: what to do about one.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from idp.adapters.outage_log import OUTAGES
from idp.adapters.sql.backends import driver_of
from idp.adapters.sql.execution import ConnectionBroken, Driver
from idp.core.ephemeral import StoreUnavailable

# The database answered and refused our statement: for the caller to handle, or a defect to repair, but no outage.
_ANSWERS = (IntegrityError, DataError, ProgrammingError, NotSupportedError)


def outage_in(error: Exception, driver: Driver | None = None) -> StoreUnavailable | None:
    """Returns what to raise in place of this error, which is counted; None: it tells of no outage. `driver`: that was
    called without SQLAlchemy."""
    outage = _outage_in(error, driver)
    if outage is not None:
        cause = getattr(error, "orig", None) or error.__cause__ or error
        OUTAGES.tell("sql", cause if isinstance(cause, Exception) else error)
    return outage


def _outage_in(error: Exception, driver: Driver | None) -> StoreUnavailable | None:
    if isinstance(error, PoolTimeout):
        return StoreUnavailable("no SQL connection came free in time")
    if isinstance(error, ConnectionBroken):
        return StoreUnavailable("SQL database: the connection broke")
    if isinstance(error, DBAPIError) and not isinstance(error, _ANSWERS):
        return StoreUnavailable(f"SQL database: {type(error.orig).__name__}")
    if driver is not None and isinstance(error, driver.error) and not isinstance(error, driver.answers):
        return StoreUnavailable(f"SQL database: {type(error).__name__}")
    return None


@contextmanager
def outage_named() -> Iterator[None]:
    """Raises StoreUnavailable for every outage, by whatever name SQLAlchemy has for it."""
    try:
        yield
    except Exception as error:
        if (outage := outage_in(error)) is None:
            raise
        raise outage from error


@contextmanager
def errors_named(database: Engine) -> Iterator[None]:
    """The same of a driver that is called without SQLAlchemy."""
    try:
        yield
    except Exception as error:
        if (outage := outage_in(error, driver_of(database.dialect.name))) is None:
            raise
        raise outage from error
