"""The SQL database: opening it, reading and writing transactions, bringing its schema up to date.

Contains transactions and migrations. Not here: a table's meaning, a driver (`adapters/sql/backends.py`), an outage
(`outages`). Each worker process opens its own database; a forked child discards inherited ones.
"""

import os
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import ProgrammingError

from idp.adapters.sql.backends import (
    WRITES,
    DatabaseMissing,
    UnsupportedDatabase,
    allow_time,
    parse_url,
    unopened_database,
)
from idp.adapters.sql.execution import ConnectionBroken, ConnectionLate
from idp.adapters.sql.group_commit import turns_of
from idp.adapters.sql.kept import kept_by
from idp.adapters.sql.outages import outage_named
from idp.adapters.sql.schema import SCHEMA_REVISION
from idp.adapters.sql.schema_state import SchemaMismatch, faults_told, read_state, require_fit, require_ours
from idp.adapters.sql.statement import INSERTS
from idp.adapters.unit import Unit, forget_all, present_unit
from idp.core.measures import RETRIES

__all__ = [
    "DatabaseMissing",
    "SchemaMismatch",
    "UnsupportedDatabase",
    "initialise",
    "insert_into",
    "migrate",
    "open_database",
    "reading",
    "writing",
]

#: A wheel carries them within this package (setup.py); in a checkout they are beside `idp`.
_IN_A_WHEEL = Path(__file__).with_name("migrations")
MIGRATIONS = _IN_A_WHEEL if _IN_A_WHEEL.is_dir() else Path(__file__).parents[3] / "migrations"

#: Key of the PostgreSQL advisory lock that one migration at a time holds.
MIGRATION_LOCK = 0x0CAD_0CEE

OPEN_DATABASES: "weakref.WeakSet[Engine]" = weakref.WeakSet()


def open_database(url: str) -> Engine:
    """Returns an initialised database with a schema that this code may work on.

    Raises UnsupportedDatabase, DatabaseMissing, DatabaseUnusable, StoreUnavailable.
    """
    target = parse_url(url)
    database = _database(target)
    try:
        with faults_told(target), reading(database) as connection:
            require_fit(read_state(connection), target)
    except BaseException:
        database.dispose()
        raise
    return database


@contextmanager
def reading(database: Engine) -> Iterator[Connection]:
    """One transaction that takes no write lock; that of the present unit, once it has one. Raises StoreUnavailable."""
    unit = present_unit()
    if unit is not None and unit.transaction is not None and unit.transaction.engine is database:
        # PostgreSQL ends a transaction in which a statement failed, whoever goes on.
        with outage_named(), unit.spoilt_by_an_exception():
            yield unit.transaction
        return
    with outage_named(), _begun(database, writes=False) as connection:
        yield connection
        connection.commit()


@contextmanager
def writing(database: Engine) -> Iterator[Connection]:
    """One transaction, committed on leaving; on SQLite it holds the write lock from its first instant.

    Within a unit of work that of the unit, committed with it: an exception must leave the unit too. Raises
    StoreUnavailable, also when the outcome of the commit is unknown.
    """
    unit = present_unit()
    if unit is not None:
        with outage_named(), unit.spoilt_by_an_exception():
            yield _transaction_of(unit, database)
        return
    try:
        with transaction(database) as connection:
            yield connection
    finally:
        forget_all()


@contextmanager
def transaction(database: Engine) -> Iterator[Connection]:
    """The same, whatever the present unit."""
    with outage_named(), _turn_to_write(database), _begun(database, writes=True) as connection:
        yield connection
        connection.commit()


def insert_into(connection: Connection, table: sa.Table) -> "sqlite.Insert | postgresql.Insert":
    """Returns an INSERT with ON CONFLICT, in the dialect of the connection."""
    return INSERTS[connection.dialect.name](table)


def initialise(url: str) -> str | None:
    """Create the file (mode 0600) or, on PostgreSQL, the tables. Does nothing when they exist.

    Returns the schema that was there. Raises as `open_database` does.
    """
    target = parse_url(url)
    if target.database and target.get_backend_name() == "sqlite":
        path = Path(target.database)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    return _upgrade(target, may_be_empty=True)


def migrate(url: str) -> str | None:
    """Bring an initialised database to this code's schema. Returns the one before. Raises as `open_database` does."""
    return _upgrade(parse_url(url), may_be_empty=False)


def _turn_to_write(database: Engine) -> AbstractContextManager[None]:
    # On SQLite the lock of the file would be waited for by sleeping; PostgreSQL lets everybody write at once.
    return turns_of(database).alone() if database.dialect.name == "sqlite" else nullcontext()


def _transaction_of(unit: Unit, database: Engine) -> Connection:
    """Returns the transaction of the unit, begun when the first write cannot do without it."""
    if unit.transaction is None:
        unit.closing.enter_context(_turn_to_write(database))
        unit.transaction = unit.closing.enter_context(_begun(database, writes=True))
    connection: Connection = unit.transaction
    return connection


def _begun(database: Engine, *, writes: bool) -> Connection:
    """Returns a connection in a new transaction. Raises ConnectionBroken, and what `_connected` raises."""
    for may_try_again in (True, False):
        connection = _connected(database)
        connection.execution_options(**{WRITES: writes})
        try:
            connection.begin()
        except ConnectionBroken as error:
            # The server was about to close it. Nothing was done yet, so another one will do.
            connection.invalidate()
            connection.close()
            if not may_try_again or isinstance(error, ConnectionLate):
                raise
            RETRIES.of("sql begin").add()
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise AssertionError


def _database(target: URL) -> Engine:
    database = unopened_database(target)
    OPEN_DATABASES.add(database)
    return database


def _leave_connections_to_parent() -> None:
    # A socket or a SQLite handle shared by two processes corrupts both conversations.
    for database in list(OPEN_DATABASES):
        database.dispose(close=False)


os.register_at_fork(after_in_child=_leave_connections_to_parent)


def _connected(database: Engine) -> Connection:
    """Raises UnsupportedDatabase: no statement was sent, so it is the URL that the driver refuses."""
    kept_by(database).give_one_back()
    try:
        return database.connect()
    except ProgrammingError:
        raise UnsupportedDatabase("the database URL has an option that its driver does not know") from None


def _upgrade(target: URL, *, may_be_empty: bool) -> str | None:
    """Migrate forward, in one transaction under one lock: a second concurrent call finds nothing to do."""
    database = _database(target)
    if database.dialect.name == "sqlite":
        event.listen(database, "connect", _wait_for_another_operator)
    try:
        # Before the lock, for which other processes wait: it loads slowly.
        import_module("alembic.command")
        with faults_told(target), writing(database) as connection:
            hold_alone(connection)
            state = read_state(connection)
            if (state.is_empty and not may_be_empty) or (state.revision or "") > SCHEMA_REVISION:
                require_fit(state, target)
            require_ours(state, target)
            if (state.revision or "") < SCHEMA_REVISION:
                upgrade_to(connection, "head")
            return state.revision
    finally:
        database.dispose()


def hold_alone(connection: Connection) -> None:
    """Wait until no other operator changes the whole database, and let this transaction take its time."""
    if connection.dialect.name == "postgresql":
        allow_time(connection, None)
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})")


def upgrade_to(connection: Connection, revision: str) -> None:
    """Run the migrations up to this one, in the transaction of the connection."""
    # Imported late: serving needs no Alembic.
    command, alembic_config = import_module("alembic.command"), import_module("alembic.config")
    config = alembic_config.Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    command.upgrade(config, revision)


def _wait_for_another_operator(connection: Any, _record: object) -> None:
    # SQLite: wait longer for the one writer than ordinary work does. PostgreSQL waits for the migration lock instead.
    connection.execute("PRAGMA busy_timeout = 60000").fetchall()
