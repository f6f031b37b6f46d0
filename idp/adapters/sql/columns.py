"""What the tables share: column types, names of constraints, metadata."""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


class UtcInstant(TypeDecorator[datetime]):
    """An aware datetime kept as whole microseconds since 1970: exact, and ordered alike by every database."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else microseconds_of(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else instant_of(value)


def microseconds_of(instant: datetime) -> int:
    """Raises ValueError."""
    if instant.tzinfo is None:
        raise ValueError("naive datetime: only aware instants are stored")
    return (instant - _EPOCH) // _TICK


def instant_of(microseconds: int) -> datetime:
    return _EPOCH + microseconds * _TICK


metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
    }
)

#: SQLite numbers rows only for a column declared INTEGER.
row_number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
