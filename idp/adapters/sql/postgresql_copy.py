"""The rows of a PostgreSQL database as COPY gives and takes them: of one snapshot, in one transaction.

Loaded only where PostgreSQL is used. Without pg_dump: it refuses a server newer than itself, and what it writes needs
the rights of then. Not here: the archive (`backup_file`), tables (`database`).
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Connection
from sqlalchemy.engine import URL

from idp.adapters.sql.columns import metadata
from idp.adapters.sql.database import MIGRATION_LOCK


@contextmanager
def snapshot(target: URL) -> "Iterator[psycopg.Connection[Any]]":
    """Yields a connection that sees one instant, and keeps nobody from writing. Raises psycopg.Error."""
    url = target.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as holding, psycopg.connect(url) as connection:
        # An upgrade waits for it here: at a table it would keep all others waiting behind it. Held by another
        # transaction: a snapshot begins with the first SELECT, also with one that waits.
        holding.execute("SET LOCAL statement_timeout = 0")
        holding.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        holding.execute("SELECT pg_advisory_xact_lock_shared(%s)", [MIGRATION_LOCK])
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        connection.execute("SET LOCAL statement_timeout = 0")
        yield connection


def rows_out(connection: "psycopg.Connection[Any]", table: str, columns: Sequence[str]) -> Iterator[bytes]:
    """Yields the rows in the text format: one line each."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    query = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(names, sql.Identifier(table))
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for chunk in copy:
            yield bytes(chunk)


def empty(connection: Connection, tables: Iterable[str]) -> None:
    """Take out what migrations wrote."""
    with _cursor(connection) as cursor:
        cursor.execute(sql.SQL("TRUNCATE {}").format(sql.SQL(", ").join(map(sql.Identifier, tables))))


def rows_in(connection: Connection, table: str, columns: Sequence[str], chunks: Iterable[bytes]) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    query = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), names)
    with _cursor(connection) as cursor, cursor.copy(query) as copy:
        for chunk in chunks:
            copy.write(chunk)


def count_on(connection: Connection) -> None:
    """Let each table number its next row after the last one that it has."""
    for table in metadata.sorted_tables:
        for column in table.primary_key:
            given = sql.SQL(
                "SELECT setval(pg_get_serial_sequence({t}, {c}), max({i})) FROM {f} HAVING max({i}) > 0"
            )
            if column.autoincrement is True:
                with _cursor(connection) as cursor:
                    cursor.execute(
                        given.format(
                            t=sql.Literal(table.name),
                            c=sql.Literal(column.name),
                            i=sql.Identifier(column.name),
                            f=sql.Identifier(table.name),
                        )
                    )


def _cursor(connection: Connection) -> "psycopg.Cursor[Any]":
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    return driver.cursor()
