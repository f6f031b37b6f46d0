"""Whether this code may work on a database: what is in it, and the line for an operator when it may not.

Contains the states (empty, of something else, damaged, older, newer) and what a driver says of a database that cannot
be opened. Not here: opening one, a migration (`database`).
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from idp.adapters.sql.backends import DatabaseMissing
from idp.adapters.sql.columns import metadata
from idp.adapters.sql.schema import SCHEMA_REVISION
from idp.adapters.sql.upkeep_schema import schema_support
from idp.core.ephemeral import StoreUnavailable

_VERSIONS = "alembic_version"
_OURS = re.compile(r"[0-9]{4}")
_MOST_NAMED = 3


class DatabaseUnusable(Exception):
    """What its name leads to is no database that this code may work on; the text says what to do."""


class SchemaMismatch(DatabaseUnusable):
    """The tables are absent, or at another migration than this code can work on."""


class ForeignDatabase(SchemaMismatch):
    """It holds tables, and they are not ours."""


class DamagedDatabase(DatabaseUnusable):
    """A file that is no database or lost pages, or tables of ours that are missing."""


class DatabaseRefused(DatabaseUnusable):
    """It is there, and does not let us in."""


@dataclass(frozen=True, slots=True)
class SchemaState:
    """`revision`: of our migrations, None if there is none. `oldest_code`: the oldest that may work on it."""

    tables: frozenset[str]
    revision: str | None
    oldest_code: str | None

    @property
    def is_empty(self) -> bool:
        return not self.tables

    def serves(self, needed: str) -> bool:
        """Whether code that needs this revision may work on it: it has only got more since (docs/upgrade.md)."""
        revision = self.revision or ""
        is_newer = _OURS.fullmatch(revision) is not None and revision > needed
        return revision == needed or (is_newer and needed >= (self.oldest_code or revision))


def read_state(connection: Connection) -> SchemaState:
    tables, revision, oldest = frozenset(sa.inspect(connection).get_table_names()), None, None
    if _VERSIONS in tables:
        revision = connection.exec_driver_sql(f"SELECT version_num FROM {_VERSIONS}").scalar()  # noqa: S608
    if schema_support.name in tables:
        oldest = connection.execute(sa.select(schema_support.c.oldest_code)).scalar()
    return SchemaState(tables, revision, oldest)


def require_ours(state: SchemaState, target: URL) -> None:
    """Raises ForeignDatabase, DamagedDatabase. One that is empty passes."""
    name = _named(target)
    if state.is_empty:
        return
    if _VERSIONS not in state.tables or not _OURS.fullmatch(state.revision or "0000"):
        held = ", ".join(sorted(state.tables)[:_MOST_NAMED])
        raise ForeignDatabase(f"{name} holds tables of something else ({held}): give Caducée one of its own")
    if state.revision is None:
        raise DamagedDatabase(f"{name} does not say its schema: {_RESTORE}")
    missing = sorted(set(metadata.tables) - state.tables)
    if state.revision >= SCHEMA_REVISION and missing:
        raise DamagedDatabase(f"{name} lacks tables ({', '.join(missing[:_MOST_NAMED])}): {_RESTORE}")


def require_fit(state: SchemaState, target: URL) -> None:
    """Raises SchemaMismatch, ForeignDatabase, DamagedDatabase."""
    require_ours(state, target)
    name = _named(target)
    if state.revision is None:
        raise SchemaMismatch(f"{name} holds no tables yet: run `idp db init`")
    if state.revision < SCHEMA_REVISION:
        raise SchemaMismatch(
            f"{name} has schema {state.revision}, this code needs {SCHEMA_REVISION}: run `idp db upgrade`"
        )
    if not state.serves(SCHEMA_REVISION):
        raise SchemaMismatch(
            f"{name} has schema {state.revision}, newer than this code ({SCHEMA_REVISION}): "
            "install the newer version"
        )


@contextmanager
def faults_told(target: URL) -> Iterator[None]:
    """Around opening it: an outage of which an operator can be told more is raised as that."""
    try:
        yield
    except (StoreUnavailable, DBAPIError) as error:
        told = _told_of(error, target)
        if told is None:
            raise
        raise told from error


def _told_of(error: Exception, target: URL) -> Exception | None:
    cause = error.__cause__ if isinstance(error, StoreUnavailable) else error
    origin = cause.orig if isinstance(cause, DBAPIError) else cause
    # SQLite's extended codes have the general one in their last octet.
    code = getattr(origin, "sqlite_errorcode", None)
    if code is not None:
        fault = _SQLITE.get(code & 0xFF)
        return None if fault is None else fault[0](f"{_named(target)} {fault[1]}")
    if getattr(origin, "sqlstate", None) in _POSTGRESQL_STATES:
        return DatabaseRefused(f"{_named(target)} {_NO_RIGHTS}")
    # Before a connection there is no SQLSTATE: the words of the server, in the language that it was set to.
    for words, (kind, text) in _POSTGRESQL_WORDS.items():
        if words in str(origin):
            return kind(f"{_named(target)} {text}")
    if isinstance(error, StoreUnavailable) and origin is not None:
        return StoreUnavailable(f"{_named(target)} does not answer ({type(origin).__name__})")
    return None


def _named(target: URL) -> str:
    return target.render_as_string(hide_password=True)


_RESTORE = "restore a backup (docs/backup.md)"
_NO_RIGHTS = "does not let this user read and write our tables: `GRANT` them, or make the user their owner"
_REFUSED_USER = "does not let this user in: its name, its password, or pg_hba.conf"
_NO_ACCESS = "cannot be opened: this user must be able to read and write the file and its directory"

_SQLITE: Mapping[int, tuple[type[Exception], str]] = {
    26: (DamagedDatabase, f"is no SQLite database: look at CADUCEE_DATABASE, or {_RESTORE}"),
    11: (DamagedDatabase, f"is damaged: {_RESTORE}"),
    14: (DatabaseRefused, _NO_ACCESS),
    8: (DatabaseRefused, _NO_ACCESS),
    3: (DatabaseRefused, _NO_ACCESS),
}
_POSTGRESQL_STATES = ("42501",)
_POSTGRESQL_WORDS: Mapping[str, tuple[type[Exception], str]] = {
    "password authentication failed": (DatabaseRefused, _REFUSED_USER),
    "no password supplied": (DatabaseRefused, _REFUSED_USER),
    "no pg_hba.conf entry": (DatabaseRefused, _REFUSED_USER),
    "permission denied for database": (DatabaseRefused, _REFUSED_USER),
    'FATAL:  role "': (DatabaseRefused, _REFUSED_USER),
    'FATAL:  database "': (DatabaseMissing, "does not exist: `createdb` it, then run `idp db init`"),
}
