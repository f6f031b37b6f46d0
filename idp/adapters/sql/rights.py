"""What a role of the database may not do, in a line for its operator. Not here: which rights there are (`db roles`)."""

from collections.abc import Iterator
from contextlib import contextmanager

from idp.adapters.sql.schema_state import DatabaseRefused

#: PostgreSQL, appendix A: insufficient_privilege.
_NO_RIGHT = "42501"


@contextmanager
def rights_told() -> Iterator[None]:
    """Raises DatabaseRefused where the role lacks a right to what the block reads or writes."""
    try:
        yield
    except Exception as error:
        # As SQLAlchemy has it, or as the driver alone.
        cause = getattr(error, "orig", error)
        if getattr(cause, "sqlstate", None) != _NO_RIGHT:
            raise
        what = str(cause).partition("\n")[0]
        raise DatabaseRefused(
            f"the role of the database that this command uses may not do this ({what}): `idp db roles` prints the "
            "rights of those who may, and whoever owns the tables gives them"
        ) from None
