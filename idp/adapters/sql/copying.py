"""A whole database put into a backup and taken out of one again, by what fits its kind.

Contains the two kinds, and whether a database is in use. Not here: the archive (`backup_file`), how rows or pages are
copied (`sqlite_copy`, `postgresql_copy`).
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL

from idp.adapters.backup_file import Backup, Writing, chunks_of_file
from idp.adapters.sql.backends import parse_url, unopened_database
from idp.adapters.sql.columns import metadata
from idp.adapters.sql.database import (
    hold_alone,
    migrate,
    open_database,
    reading,
    upgrade_to,
    writing,
)
from idp.adapters.sql.schema import SCHEMA_REVISION
from idp.adapters.sql.schema_state import (
    DatabaseUnusable,
    SchemaMismatch,
    faults_told,
    read_state,
    require_ours,
)
from idp.adapters.sql.sqlite_copy import copied, in_place_of
from idp.adapters.sql.upkeep_schema import schema_support
from idp.adapters.sql.work import SqlUnitOfWork
from idp.core.ephemeral import StoreUnavailable

_FILE = "database.sqlite"
_ROWS = "rows/{}.copy"


class DatabaseInUse(DatabaseUnusable):
    """It holds rows: nothing is restored over them."""


#: Rows of each table, and its columns where rows stand alone.
Copied = tuple[Mapping[str, int], Mapping[str, list[str]]]


def copy_out(url: str, writing_to: Writing) -> Copied:
    """Add the database to the archive, as of one instant, while others go on writing. Raises StoreUnavailable."""
    target = parse_url(url)
    return _OUT[target.get_backend_name()](target, writing_to)


def kind_of(url: str) -> str:
    return parse_url(url).get_backend_name()


def _sqlite_out(target: URL, archive: Writing) -> Copied:
    try:
        with copied(Path(target.database or "")) as (file, rows):
            archive.add(_FILE, chunks_of_file(file))
    except sqlite3.Error as error:
        raise StoreUnavailable(f"SQL database: {error}") from error
    return rows, {}


def _postgresql_out(target: URL, archive: Writing) -> Copied:
    rows: dict[str, int] = {}
    columns = {table.name: [column.name for column in table.c] for table in metadata.sorted_tables}
    copy = _postgresql()
    try:
        with copy.snapshot(target) as connection:
            if connection.execute("SELECT version_num FROM alembic_version").fetchone() != (SCHEMA_REVISION,):
                raise SchemaMismatch(
                    "the schema was upgraded meanwhile: take the backup with the newer version"
                )
            for table, names in columns.items():
                counted = _Counted(copy.rows_out(connection, table, names))
                archive.add(_ROWS.format(table), iter(counted))
                rows[table] = counted.lines
    except copy.psycopg.Error as error:
        raise StoreUnavailable(f"SQL database: {type(error).__name__}") from error
    return rows, columns


class _Counted:
    """Chunks that pass, and how many lines they were."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self.lines = chunks, 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self.lines += chunk.count(b"\n")
            yield chunk


@contextmanager
def restored(url: str, backup: Backup) -> Iterator[Engine]:
    """Yields the restored database at this code's schema. What the block writes is part of it: whole, or not there.

    Raises DatabaseInUse, DatabaseUnusable, StoreUnavailable.
    """
    target = parse_url(url)
    with _IN[target.get_backend_name()](target, backup) as database:
        yield database


@contextmanager
def _sqlite_in(target: URL, backup: Backup) -> Iterator[Engine]:
    file = Path(target.database or "")
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if file.exists() and file.stat().st_size:
        with (
            _disposed(unopened_database(target)) as present,
            faults_told(target),
            reading(present) as connection,
        ):
            _require_unused(connection, target)
    with in_place_of(file) as making:
        with making.open("wb") as written:
            for chunk in backup.chunks(_FILE):
                written.write(chunk)
        migrate(f"sqlite:///{making}")
        with _disposed(open_database(f"sqlite:///{making}")) as database:
            yield database


@contextmanager
def _postgresql_in(target: URL, backup: Backup) -> Iterator[Engine]:
    copy, manifest = _postgresql(), backup.manifest
    with _disposed(unopened_database(target)) as database, SqlUnitOfWork(database).together():
        with faults_told(target), writing(database) as connection:
            hold_alone(connection)
            _require_unused(connection, target)
        # Made anew: its tables may be those of another schema than the backup's.
        metadata.drop_all(connection)
        connection.exec_driver_sql("DROP TABLE IF EXISTS alembic_version")
        upgrade_to(connection, manifest.schema)
        try:
            copy.empty(connection, manifest.tables)
            for table in manifest.tables:
                copy.rows_in(connection, table, manifest.columns[table], backup.chunks(_ROWS.format(table)))
            upgrade_to(connection, "head")
            copy.count_on(connection)
        except copy.psycopg.Error as error:
            raise StoreUnavailable(f"SQL database: {type(error).__name__}") from error
        yield database


@contextmanager
def _disposed(database: Engine) -> Iterator[Engine]:
    try:
        yield database
    finally:
        database.dispose()


def _require_unused(connection: Connection, target: URL) -> None:
    """Raises DatabaseInUse, ForeignDatabase."""
    state, name = read_state(connection), target.render_as_string(hide_password=True)
    require_ours(state, target)
    if (state.revision or "") > SCHEMA_REVISION:
        raise DatabaseInUse(
            f"{name} has schema {state.revision}, newer than this code: restore into a new one"
        )
    for table in sorted(state.tables - {"alembic_version", schema_support.name}):
        if connection.execute(sa.select(sa.exists().select_from(sa.table(table)))).scalar():
            raise DatabaseInUse(f"{name} is in use ({table} has rows): restore into a new one")


def _postgresql() -> Any:
    return import_module("idp.adapters.sql.postgresql_copy")


_OUT: Mapping[str, Callable[[URL, Writing], Copied]] = {"sqlite": _sqlite_out, "postgresql": _postgresql_out}
_IN: Mapping[str, Any] = {"sqlite": _sqlite_in, "postgresql": _postgresql_in}
