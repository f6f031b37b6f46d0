"""Contains which schema the database has, beside the one that this code was written for. Not here: migrating it."""

import sqlalchemy as sa
from sqlalchemy import Engine

from idp.adapters.sql.database import reading
from idp.adapters.sql.schema import SCHEMA_REVISION

__all__ = ["SCHEMA_REVISION", "stored_revision"]


def stored_revision(database: Engine) -> str:
    """Returns the revision of the tables. Raises StoreUnavailable."""
    with reading(database) as connection:
        found: str = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one()
        return found
