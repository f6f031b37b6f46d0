"""Whether the schema still serves this process. Not here: what is told at a start (`schema_state`)."""

from dataclasses import dataclass

from sqlalchemy import Engine

from idp.adapters.sql.database import reading
from idp.adapters.sql.schema import SCHEMA_REVISION
from idp.adapters.sql.schema_state import read_state
from idp.core.ephemeral import StoreUnavailable


@dataclass(frozen=True, slots=True)
class SchemaWatch:
    database: Engine

    def is_unfit(self) -> bool:
        """Whether somebody changed it to one that this code may not work on. Not while the database is down."""
        try:
            with reading(self.database) as connection:
                return not read_state(connection).serves(SCHEMA_REVISION)
        except StoreUnavailable:
            return False
