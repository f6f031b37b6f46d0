"""A statement written with SQLAlchemy, compiled once for each dialect and prepared once on each connection.

Contains its text, and how values and rows are converted; building a statement anew at each call costs more than running
it (docs/performance.md). Not here: a connection (`execution`).
"""

import json
from collections import namedtuple
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Executable
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import visitors
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase
from sqlalchemy.types import TypeEngine

from idp.adapters.sql.columns import UtcInstant, instant_of, microseconds_of

Insert = Callable[[sa.Table], "postgresql.Insert | sqlite.Insert"]
Convert = Callable[[Any], Any]

_DIALECTS: Mapping[str, Dialect] = {
    # PostgreSQL's own $1, as its protocol takes them; with a cast each, since the values are sent as texts.
    "postgresql": PGDialect_psycopg(paramstyle="numeric_dollar"),  # type: ignore[no-untyped-call]
    "sqlite": sqlite.dialect(paramstyle="named"),
}
INSERTS: Mapping[str, Insert] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Compiled:
    """For one dialect. `names`: the parameters in the order of `$1`, `$2` …; `fixed`: those that never change.

    `writes`: the table that it writes, or None; `row_names`: the parameters that name the one row of it, if it is one;
    `reads`: the tables that it looks at for other rows. `only_adds`: a row of its own; `is_numbered`: and nothing in
    that row can be in the way of another one.
    """

    text: str
    names: tuple[str, ...]
    encoders: Mapping[str, Convert]
    fixed: Mapping[str, Any]
    row: Callable[[Sequence[Any]], Any]
    decoders: tuple[tuple[int, Convert], ...]
    gives_rows: bool
    writes: str | None
    row_names: tuple[str, ...]
    reads: frozenset[str]
    only_adds: bool
    is_numbered: bool

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the parameters as the driver takes them. Raises KeyError for one that is missing."""
        values = {
            name: None if (value := given[name]) is None else encode(value)
            for name, encode in self.encoders.items()
        }
        values.update(self.fixed)
        return values

    def decoded(self, column: Callable[[int], Any]) -> Any:
        """Returns the row with the names of its columns. `column`: gives one by its number, as the driver has it."""
        return self.row(
            [None if (value := column(number)) is None else decode(value) for number, decode in self.decoders]
        )


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """`build`: makes it; called with the dialect's INSERT, which knows ON CONFLICT. Each value is a `sa.bindparam`.

    `row`: names of the values by which a write finds its one row, or adds it.
    """

    build: Callable[[Insert], Executable]
    row: tuple[str, ...] = ()
    _compiled: dict[str, Compiled] = field(default_factory=dict)

    def on(self, dialect: str) -> Compiled:
        found = self._compiled.get(dialect)
        if found is None:
            found = self._compiled[dialect] = _compile(self.build(INSERTS[dialect]), dialect, self.row)
        return found


def parameters_of(table: sa.Table, *names: str) -> dict[str, "sa.BindParameter[Any]"]:
    """Returns a parameter of each column's own name and type; of all columns when none is named."""
    return {
        name: sa.bindparam(name, type_=table.c[name].type)
        for name in names or [column.name for column in table.c]
    }


def _compile(clause: Executable, dialect: str, row: tuple[str, ...]) -> Compiled:
    compiler = clause.compile(dialect=_DIALECTS[dialect])  # type: ignore[attr-defined]
    assert isinstance(compiler, SQLCompiler)  # noqa: S101
    conversions = _CONVERSIONS[dialect]
    written = _written_by(clause)
    fixed = {name: value for name, value in compiler.params.items() if not compiler.binds[name].required}
    exported: Iterable[Any] = clause.exported_columns  # type: ignore[attr-defined]
    columns = [(column.key, column.type) for column in exported]
    encoded = {
        name: _of(conversions.encoders, compiler.binds[name].type)
        for name in compiler.params
        if name not in fixed
    }
    return Compiled(
        text=compiler.string,
        names=tuple(compiler.positiontup or ()),
        encoders=encoded,
        fixed={
            name: _of(conversions.encoders, compiler.binds[name].type)(value) for name, value in fixed.items()
        },
        row=_row_class(tuple(name for name, _ in columns)),
        decoders=tuple(enumerate(_of(conversions.decoders, kind) for _, kind in columns)),
        gives_rows=bool(columns),
        writes=written,
        row_names=row,
        reads=_looked_at(clause, written),
        only_adds=compiler.isinsert and " ON CONFLICT " not in compiler.string,
        is_numbered=bool(compiler.isinsert) and _is_numbered(clause, compiler.params),
    )


def _written_by(clause: Any) -> str | None:
    """Returns the table that it writes, itself or in a common table expression."""
    writes: list[Any] = [one for one in visitors.iterate(clause) if isinstance(one, UpdateBase)]
    return writes[0].table.name if writes else None


def _is_numbered(clause: Any, given: Collection[str]) -> bool:
    """Whether this INSERT of values, each a parameter named as its column, gives none to a column of which two rows may
    not have the same."""
    table = clause.table
    keys = [
        one for one in table.constraints if isinstance(one, sa.UniqueConstraint | sa.PrimaryKeyConstraint)
    ]
    keys += [index for index in table.indexes if index.unique]
    taken = {column.name for key in keys for column in key.columns}
    return clause.select is None and taken.isdisjoint(given)


def _looked_at(clause: Any, written: str | None) -> frozenset[str]:
    """Returns the tables that it looks at for other rows than those that it writes."""
    parts: list[Any] = list(visitors.iterate(clause))
    tables = {one.name for one in parts if isinstance(one, sa.Table)} - {written}
    aliases: list[Any] = [one.element for one in parts if isinstance(one, sa.Alias)]
    return frozenset(tables | {one.name for one in aliases})


@lru_cache(maxsize=256)
def _row_class(names: tuple[str, ...]) -> Callable[[Sequence[Any]], Any]:
    return partial(tuple.__new__, namedtuple("Row", names))


def _of(table: Mapping[type[TypeEngine[Any]], Any], kind: TypeEngine[Any]) -> Any:
    """Raises KeyError: a column of a type that no statement of the hot path had until now."""
    return next(table[cls] for cls in type(kind).__mro__ if cls in table)


def _text(value: str) -> bytes:
    # libpq takes a text up to its first NUL: another key than the one asked for.
    if "\x00" in value:
        raise ValueError("a text with NUL")
    return value.encode()


_json = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode
# Of no use for what others wrote: it takes no blanks before, and whatever stands behind.
_read_json = json.JSONDecoder().raw_decode


@dataclass(frozen=True, slots=True)
class _Conversions:
    """By column type."""

    encoders: Mapping[type[TypeEngine[Any]], Convert]
    decoders: Mapping[type[TypeEngine[Any]], Convert]


_CONVERSIONS: Mapping[str, _Conversions] = {
    # Texts both ways: what libpq sends and gets without a question to the server about types.
    "postgresql": _Conversions(
        encoders={
            sa.String: _text,
            sa.Integer: lambda value: b"%d" % value,
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
    "sqlite": _Conversions(
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
