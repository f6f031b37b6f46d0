"""One exception for every outage of the database, by whatever name SQLAlchemy or a driver has for it.

Not here: what to do about one.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from idp.adapters.sql.backends import driver_of
from idp.adapters.sql.execution import ConnectionBroken
from idp.core.ephemeral import StoreUnavailable

# The database answered and refused our statement: for the caller to handle, or a defect to repair, but no outage.
_ANSWERS = (IntegrityError, DataError, ProgrammingError, NotSupportedError)


@contextmanager
def outage_named() -> Iterator[None]:
    """Raises StoreUnavailable for every outage, by whatever name the driver has for it."""
    try:
        yield
    except PoolTimeout as error:
        raise StoreUnavailable("no SQL connection came free in time") from error
    except ConnectionBroken as error:
        raise StoreUnavailable("SQL database: the connection broke") from error
    except DBAPIError as error:
        if isinstance(error, _ANSWERS):
            raise
        raise StoreUnavailable(f"SQL database: {type(error.orig).__name__}") from error


@contextmanager
def errors_named(database: Engine) -> Iterator[None]:
    """What a driver called without SQLAlchemy raises. Raises StoreUnavailable for every outage."""
    driver = driver_of(database.dialect.name)
    with outage_named():
        try:
            yield
        except driver.answers:
            raise
        except driver.error as error:
            raise StoreUnavailable(f"SQL database: {type(error).__name__}") from error
