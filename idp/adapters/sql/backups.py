"""When backups of this database were taken. Not here: taking one (`sqlite_copy`, `postgresql_copy`), its file."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from idp.adapters.sql.database import insert_into, reading
from idp.adapters.sql.upkeep_schema import backups


def note_backup(connection: Connection, taken_at: datetime, sha256: str) -> None:
    noted = insert_into(connection, backups).values(taken_at=taken_at, sha256=sha256)
    connection.execute(noted.on_conflict_do_nothing())


def last_backup(database: Engine) -> datetime | None:
    """Returns when the newest backup was taken, of which this database knows; None: never. Raises StoreUnavailable."""
    with reading(database) as connection:
        return connection.execute(sa.select(sa.func.max(backups.c.taken_at))).scalar()
