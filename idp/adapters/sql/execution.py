"""A compiled statement on a connection of each driver, without what SQLAlchemy does around one.

Contains the port, SQLite, and what all drivers say. Not here: PostgreSQL (`postgresql_driver`, loaded only where it is
used), which connection, a transaction (`work`).
"""

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


class NothingChanged(Exception):
    """One of several statements run together, which had to change a row, changed none: none of them took place."""


class Driver(Protocol):
    def begin(self, raw: PoolProxiedConnection) -> None:
        """Begin a writing transaction. Raises ConnectionBroken: nothing was done, another connection will do."""

    def run(self, raw: PoolProxiedConnection, compiled: Compiled, values: Mapping[str, Any]) -> Result:
        """`values`: as `Compiled.values` made them. Raises ConnectionBroken, and the errors of the driver."""


class SqliteDriver:
    def begin(self, raw: PoolProxiedConnection) -> None:
        # By default a transaction begins as a reader, and fails at its first write if another one wrote meanwhile.
        self._connection(raw).execute("BEGIN IMMEDIATE")

    def run(self, raw: PoolProxiedConnection, compiled: Compiled, values: Mapping[str, Any]) -> Result:
        cursor = self._connection(raw).execute(compiled.text, values)
        found = cursor.fetchall()
        changed = len(found) if compiled.gives_rows else cursor.rowcount
        return Result([compiled.decoded(row) for row in found], changed)

    @staticmethod
    def _connection(raw: PoolProxiedConnection) -> Any:
        return raw.driver_connection
