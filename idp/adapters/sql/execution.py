"""A compiled statement on a connection of each driver, without what SQLAlchemy does around one.

Contains the port, SQLite, and what all drivers say. Not here: PostgreSQL (`postgresql_driver`, loaded only where it is
used), which connection, a transaction (`work`).
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import PoolProxiedConnection

from idp.adapters.sql.statement import Compiled


@dataclass(frozen=True, slots=True)
class Result:
    """`changed`: rows found by a SELECT, written by the others."""

    rows: Sequence[Any]
    changed: int


class ConnectionBroken(Exception):
    """The server is gone, or closed this connection."""


class ConnectionLate(ConnectionBroken):
    """It did not answer in time: nobody who waited so long asks again."""


class DriverMissing(Exception):
    """The database that the settings name needs a package, or a library of it, that is not installed."""


class NothingChanged(Exception):
    """One of several statements run together, which had to change a row, changed none: none of them took place."""


class Driver(Protocol):
    @property
    def error(self) -> type[Exception]:
        """Of everything that its functions raise, but ConnectionBroken."""

    @property
    def answers(self) -> tuple[type[Exception], ...]:
        """Those by which the database refused the statement: no outage."""

    def run(self, raw: PoolProxiedConnection, compiled: Compiled, values: Mapping[str, Any]) -> Result:
        """`values`: as `Compiled.values` made them. Raises ConnectionBroken, and the errors of the driver."""


class SqliteDriver:
    error: type[Exception] = sqlite3.Error
    answers: tuple[type[Exception], ...] = (
        sqlite3.IntegrityError,
        sqlite3.DataError,
        sqlite3.ProgrammingError,
        sqlite3.NotSupportedError,
    )

    def run(self, raw: PoolProxiedConnection, compiled: Compiled, values: Mapping[str, Any]) -> Result:
        connection: Any = raw.driver_connection
        cursor = connection.execute(compiled.text, values)
        found = cursor.fetchall()
        changed = len(found) if compiled.gives_rows else cursor.rowcount
        return Result([compiled.decoded(row.__getitem__) for row in found], changed)
