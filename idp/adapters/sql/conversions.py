"""How values and columns are converted, for each database, by the type of the column.

Contains encoders of parameters and decoders of columns, for what is run without SQLAlchemy. Not here: a statement
(`statement`), a type (`columns`).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import TypeEngine

from idp.adapters.sql.columns import UtcInstant, instant_of, microseconds_of
from idp.core.compact_json import compact_json

Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Conversions:
    """By column type."""

    encoders: Mapping[type[TypeEngine[Any]], Convert]
    decoders: Mapping[type[TypeEngine[Any]], Convert]


def conversion(table: Mapping[type[TypeEngine[Any]], Convert], kind: TypeEngine[Any]) -> Convert:
    """Raises KeyError: a column of a type that no statement of the hot path had until now."""
    return next(table[cls] for cls in type(kind).__mro__ if cls in table)


_json = compact_json()
# Of no use for what others wrote: it takes no blanks before, and whatever stands behind.
_read_json = json.JSONDecoder().raw_decode


CONVERSIONS: Mapping[str, Conversions] = {
    # Texts both ways: what libpq sends and gets without a question to the server about types.
    "postgresql": Conversions(
        encoders={
            sa.String: str.encode,
            sa.Integer: b"%d".__mod__,
            UtcInstant: lambda value: b"%d" % microseconds_of(value),
            sa.Boolean: lambda value: b"t" if value else b"f",
            sa.JSON: lambda value: _json(value).encode(),
        },
        decoders={
            sa.String: bytes.decode,
            sa.Integer: int,
            UtcInstant: lambda value: instant_of(int(value)),
            sa.Boolean: lambda value: value == b"t",
            sa.JSON: lambda value: _read_json(value.decode())[0],
        },
    ),
    "sqlite": Conversions(
        encoders={
            sa.String: lambda value: value,
            sa.Integer: int,
            UtcInstant: microseconds_of,
            sa.Boolean: int,
            sa.JSON: _json,
        },
        decoders={
            sa.String: str,
            sa.Integer: int,
            UtcInstant: instant_of,
            sa.Boolean: bool,
            sa.JSON: lambda value: _read_json(value)[0],
        },
    ),
}
