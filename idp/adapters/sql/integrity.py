"""Whether a database is whole: pages and references on SQLite, columns on both.

Not here: whose it is (`schema_state`).
"""

from collections.abc import Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from idp.adapters.sql.columns import metadata
from idp.adapters.sql.database import reading
from idp.core.ephemeral import StoreUnavailable

_MOST_TOLD = 20


def faults_in(database: Engine) -> Sequence[str]:
    """Returns what is wrong, in words for the operator; empty: nothing is. Raises StoreUnavailable."""
    try:
        with reading(database) as connection:
            return [*_of_columns(connection), *_of_pages(connection)][:_MOST_TOLD]
    except StoreUnavailable as error:
        if database.dialect.name != "sqlite":
            raise
        return [str(error)]


def _of_columns(connection: Connection) -> Iterator[str]:
    inspector = sa.inspect(connection)
    for table in metadata.sorted_tables:
        there = {column["name"] for column in inspector.get_columns(table.name)}
        yield from (
            f"{table.name}: no column {column.name}" for column in table.c if column.name not in there
        )


def _of_pages(connection: Connection) -> Iterator[str]:
    if connection.dialect.name != "sqlite":
        return
    for line in connection.exec_driver_sql(f"PRAGMA integrity_check({_MOST_TOLD})").scalars():
        if line != "ok":
            yield line
    for table, row, parent, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield f"{table}: row {row} refers to a row of {parent} that is not there"
