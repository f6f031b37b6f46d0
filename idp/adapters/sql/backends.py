"""How SQLite and PostgreSQL are reached, and made to keep what they acknowledged.

Contains URLs, drivers, PRAGMAs, timeouts. Not here: a table, a transaction (`adapters/sql/database.py` has those).
"""

import os
import sqlite3
import time
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, PoolProxiedConnection, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DisconnectionError

from idp.adapters.sql.execution import Driver, SqliteDriver
from idp.adapters.sql.kept import KEPT, Kept

#: Execution option of a connection that is about to begin a writing transaction.
WRITES = "caducee_writes"

_SQLITE_BUSY_SECONDS = 5.0
_FILE = "caducee_file"
#: More than the threads of a process (`idp serve --threads`), so that none waits; each opens when first needed.
_MOST_CONNECTIONS = 64
_POOL: dict[str, Any] = {
    "pool_size": _MOST_CONNECTIONS,
    "max_overflow": 0,
    # The last one used again: a process opens as many as it works with at once.
    "pool_use_lifo": True,
    "pool_timeout": 2.5,
    # Transactions end where they began: nothing is rolled back at each return, and nothing asked at each loan.
    "pool_reset_on_return": None,
    "hide_parameters": True,
}
# SQL 2.5 s (facts/security §4.6); libpq wants whole seconds for the connection.
_POSTGRESQL_TIMEOUT_MS = 2500
_POSTGRESQL_CONNECT_SECONDS = 2


class UnsupportedDatabase(ValueError):
    """The URL names no database that can hold accounts: use sqlite:////path or postgresql://host/name."""


class DatabaseMissing(Exception):
    """The SQLite file does not exist. It is never created in passing: an empty one would forget every account."""


@cache
def driver_of(dialect: str) -> Driver:
    """PostgreSQL's is loaded only where it is used: an installation on SQLite has no psycopg."""
    if dialect == "sqlite":
        return SqliteDriver()
    driver: Driver = _postgresql_driver().PostgresqlDriver()
    return driver


def parse_url(url: str) -> URL:
    """Returns the URL. Raises UnsupportedDatabase."""
    try:
        target = make_url(url)
    except ArgumentError:
        # The message must not quote the URL: it may hold a password.
        raise UnsupportedDatabase("the database URL cannot be read") from None
    if target.drivername in ("postgres", "postgresql"):
        target = target.set(drivername="postgresql+psycopg")
    if target.drivername not in _ENGINES:
        raise UnsupportedDatabase(f"{target.drivername}: use sqlite or postgresql")
    if target.database in (None, "", ":memory:"):
        raise UnsupportedDatabase("the database URL names no file or database")
    return target


def is_sqlite(url: str) -> bool:
    """Whether the database is a file of this machine. Raises UnsupportedDatabase."""
    return parse_url(url).get_backend_name() == "sqlite"


def unopened_database(target: URL) -> Engine:
    """Returns a database that has not been connected to yet. Raises DatabaseMissing."""
    database = _ENGINES[target.drivername](target)
    event.listen(database, "engine_disposed", lambda engine: engine.get_execution_options()[KEPT].leave())
    return database


def _sqlite_engine(target: URL) -> Engine:
    path = Path(target.database or "").absolute()
    if not path.is_file():
        raise DatabaseMissing(f"{path}: no such database; run `idp db init` to create it")
    # mode=rw: if the file disappears later, that is an outage; SQLite must not start an empty one.
    address = f"file:{quote(str(path))}?mode=rw"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            address, uri=True, isolation_level=None, check_same_thread=False, timeout=_SQLITE_BUSY_SECONDS
        )

    def is_usable(raw: PoolProxiedConnection) -> bool:
        return bool(raw.info[_FILE] == _identity(path))

    database = sa.create_engine(
        "sqlite://",
        creator=connect,
        poolclass=sa.QueuePool,
        execution_options={KEPT: Kept(is_usable)},
        **_POOL,
    )
    event.listen(database, "connect", _set_pragmas)
    event.listen(database, "connect", lambda _, record: record.info.update({_FILE: _identity(path)}))
    # What is written to a file that was moved or deleted is lost with its last connection.
    event.listen(
        database, "checkout", lambda _, record, __: _replace_if(record.info[_FILE] != _identity(path))
    )
    event.listen(database, "checkin", lambda connection, _: _end_transaction(connection))
    event.listen(database, "begin", _begin_sqlite)
    return database


def _replace_if(is_of_no_use: bool) -> None:
    # Without a question to the server: only one that dies after this moment costs the write that finds it out.
    if is_of_no_use:
        raise DisconnectionError


def _end_transaction(connection: sqlite3.Connection | None) -> None:
    # A COMMIT that failed (a full disk) leaves its transaction open, and SQLAlchemy takes it for ended: on this
    # connection no other could begin, and none could write on the others.
    if connection is not None and connection.in_transaction:
        connection.rollback()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _set_pragmas(connection: sqlite3.Connection, _record: object) -> None:
    for pragma in (
        "busy_timeout = 5000",
        # WAL, set below, may lose the last commits on power loss; FULL syncs each one (facts/security §3, §4.4).
        "synchronous = FULL",
        "foreign_keys = ON",
        # A deleted row is overwritten on the disk: a mail code must not stay in a free page.
        "secure_delete = ON",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    _enter_wal(connection)


def _enter_wal(connection: sqlite3.Connection) -> None:
    """Set WAL, once in the life of a file. SQLite does not wait for other connections here, so this does."""
    deadline = time.monotonic() + _SQLITE_BUSY_SECONDS
    while True:
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            break
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(0.01)
    if mode != "wal":
        raise sqlite3.OperationalError("this file system cannot hold a write-ahead log")


def _begin_sqlite(connection: Connection) -> None:
    # By default a transaction begins as a reader, and fails at its first write if another one wrote meanwhile.
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgresql_engine(target: URL) -> Engine:
    ours = " ".join(
        (
            f"-c statement_timeout={_POSTGRESQL_TIMEOUT_MS}",
            "-c idle_in_transaction_session_timeout=10000",
            # Of statements that are transactions of their own.
            r"-c default_transaction_isolation=read\ committed",
        )
    )
    theirs = target.query.get("options", "")
    is_over = _postgresql_driver().is_over
    database = sa.create_engine(
        target,
        isolation_level="READ COMMITTED",
        execution_options={KEPT: Kept(lambda raw: not is_over(raw.driver_connection))},
        **_POOL,
        connect_args={
            "connect_timeout": _POSTGRESQL_CONNECT_SECONDS,
            "tcp_user_timeout": _POSTGRESQL_TIMEOUT_MS,
            "application_name": "caducee",
            "options": f"{ours} {theirs if isinstance(theirs, str) else ' '.join(theirs)}",
        },
    )
    lateness = import_module("idp.adapters.sql.patience").Lateness()
    event.listen(
        database, "do_connect", lambda _dialect, _record, given, named: lateness.connect(*given, **named)
    )
    event.listen(database, "connect", _refuse_lossy_commits)
    event.listen(
        database, "checkin", lambda connection, _: connection and connection.be_as_patient_as_usual()
    )
    event.listen(database, "checkout", lambda connection, *_: _replace_if(is_over(connection)))
    event.listen(database, "begin", _begin_postgresql)
    return database


def allow_time(connection: Connection, seconds: int | None) -> None:
    """Let each statement of this transaction take so long, on both sides, and what is worked out between two of them;
    None: as long as they take.

    SQLite has no limit.
    """
    if connection.dialect.name == "postgresql":
        for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
            connection.exec_driver_sql(f"SET LOCAL {limit} = '{seconds or 0}s'")
        driver: Any = connection.connection.driver_connection
        driver.be_patient(seconds)


def _postgresql_driver() -> Any:
    return import_module("idp.adapters.sql.postgresql_driver")


def _begin_postgresql(connection: Connection) -> None:
    # psycopg's own BEGIN comes with the first statement that psycopg sends, and ours are not sent by it.
    _postgresql_driver().begin(connection.connection.driver_connection)


def _refuse_lossy_commits(connection: Any, _record: object) -> None:
    # A server may default to synchronous_commit=off, which loses acknowledged accounts (facts/security §4.1).
    connection.execute(
        "SELECT set_config('synchronous_commit', 'on', false)"
        " WHERE current_setting('synchronous_commit') = 'off'"
    )
    connection.commit()


_ENGINES: dict[str, Callable[[URL], Engine]] = {
    "sqlite": _sqlite_engine,
    "sqlite+pysqlite": _sqlite_engine,
    "postgresql+psycopg": _postgresql_engine,
}
