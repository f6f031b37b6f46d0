"""Contains the state of the schema, asked while the service runs. Not here: what it means at the opening
(`schema_state`)."""

from sqlalchemy import Engine

from idp.adapters.sql.database import reading
from idp.adapters.sql.schema_state import SchemaState, read_state


def stored_schema(database: Engine) -> SchemaState:
    """Raises StoreUnavailable."""
    with reading(database) as connection:
        return read_state(connection)
