"""A statement written with SQLAlchemy, compiled once for each dialect and prepared once on each connection.

Contains its text, its parameters and its rows; building a statement anew at each call costs more than running
it (docs/performance.md). Not here: a connection (`execution`), how one value is converted (`conversions`).
"""

from collections import namedtuple
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import compress
from operator import call, is_not
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Executable
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import visitors
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.dml import UpdateBase

from idp.adapters.sql.conversions import CONVERSIONS, Convert, conversion

_is_something = partial(is_not, None)

Insert = Callable[[sa.Table], "postgresql.Insert | sqlite.Insert"]

_DIALECTS: Mapping[str, Dialect] = {
    # PostgreSQL's own $1, as its protocol takes them; with a cast each, since the values are sent as texts.
    "postgresql": PGDialect_psycopg(paramstyle="numeric_dollar"),  # type: ignore[no-untyped-call]
    "sqlite": sqlite.dialect(paramstyle="named"),
}
INSERTS: Mapping[str, Insert] = {"postgresql": postgresql.insert, "sqlite": sqlite.insert}


#: Of what is gathered, the last so many different rows of each statement.
_REMEMBERED = 128


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
    numbers: range
    decoders: tuple[Convert, ...]
    gathered: "_Gathered | None"
    gives_rows: bool
    writes: str | None
    row_names: tuple[str, ...]
    reads: frozenset[str]
    only_adds: bool
    is_numbered: bool

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the parameters as the driver takes them. Raises KeyError for one that is missing."""
        values = {**dict.fromkeys(self.encoders), **self.fixed}
        # In loops of C: a row of the audit trail has seventeen values, and each sign-in writes several.
        there = [*compress(self.encoders, map(_is_something, map(given.__getitem__, self.encoders)))]
        encoded = map(call, map(self.encoders.__getitem__, there), map(given.__getitem__, there))
        values.update(zip(there, encoded, strict=True))
        return values

    def decoded(self, column: Callable[[int], Any]) -> Any:
        """Returns the row with the names of its columns. `column`: gives one by its number, as the driver has it."""
        columns = tuple(map(column, self.numbers))
        if (part := self.gathered) is not None:
            columns = (
                *columns[: part.first],
                part.read(columns[part.first : part.end]),
                *columns[part.end :],
            )
        return self.row(
            [
                None if value is None else decode(value)
                for decode, value in zip(self.decoders, columns, strict=True)
            ]
        )


@dataclass(frozen=True, slots=True)
class Gather:
    """Columns of a statement, one after the other, of which one value is made. `read`: makes it of their row.

    The same octets are made a value once, as long as they are among the last different ones: the row is asked for and
    compared each time, and the value cannot be changed. A sign-in reads its account three times within a second.
    """

    name: str
    columns: tuple[str, ...]
    read: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class _Gathered:
    """`read`: of the columns from the `first` to the one before `end`, as the driver gives them."""

    first: int
    end: int
    read: Callable[[tuple[Any, ...]], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """`build`: makes it; called with the dialect's INSERT, which knows ON CONFLICT. Each value is a `sa.bindparam`.

    `row`: names of the values by which a write finds its one row, or adds it. `gather`: the row has its name for its
    columns.
    """

    build: Callable[[Insert], Executable]
    row: tuple[str, ...] = ()
    gather: Gather | None = None
    _compiled: dict[str, Compiled] = field(default_factory=dict, init=False)

    def on(self, dialect: str) -> Compiled:
        found = self._compiled.get(dialect)
        if found is None:
            found = self._compiled[dialect] = _compile(self.build(INSERTS[dialect]), dialect, self)
        return found


def parameters_of(table: sa.Table, *names: str) -> dict[str, "sa.BindParameter[Any]"]:
    """Returns a parameter of each column's own name and type; of all columns when none is named."""
    return {
        name: sa.bindparam(name, type_=table.c[name].type)
        for name in names or [column.name for column in table.c]
    }


def _compile(clause: Executable, dialect: str, statement: Statement) -> Compiled:
    compiler = clause.compile(dialect=_DIALECTS[dialect])  # type: ignore[attr-defined]
    assert isinstance(compiler, SQLCompiler)  # noqa: S101
    conversions = CONVERSIONS[dialect]
    written = _written_by(clause)
    fixed = {name: value for name, value in compiler.params.items() if not compiler.binds[name].required}
    exported: Iterable[Any] = clause.exported_columns  # type: ignore[attr-defined]
    names = [column.key for column in exported]
    decoders: list[Convert] = [conversion(conversions.decoders, column.type) for column in exported]
    numbers, gathered = range(len(names)), None
    if (gather := statement.gather) is not None:
        gathered, names, decoders = _gathered(gather, names, decoders)
    encoded = {
        name: conversion(conversions.encoders, compiler.binds[name].type)
        for name in compiler.params
        if name not in fixed
    }
    return Compiled(
        text=compiler.string,
        names=tuple(compiler.positiontup or ()),
        encoders=encoded,
        fixed={
            name: conversion(conversions.encoders, compiler.binds[name].type)(value)
            for name, value in fixed.items()
        },
        row=_row_class(tuple(names)),
        numbers=numbers,
        decoders=tuple(decoders),
        gathered=gathered,
        gives_rows=bool(names),
        writes=written,
        row_names=statement.row,
        reads=_looked_at(clause, written),
        only_adds=compiler.isinsert and " ON CONFLICT " not in compiler.string,
        is_numbered=bool(compiler.isinsert) and _is_numbered(clause, compiler.params),
    )


def _gathered(
    gather: Gather, names: list[str], decoders: list[Convert]
) -> tuple[_Gathered, list[str], list[Convert]]:
    """Returns it, and the names and decoders of a row that has it in place of its columns."""
    first, make = names.index(gather.columns[0]), _row_class(gather.columns)
    end = first + len(gather.columns)
    assert tuple(names[first:end]) == gather.columns  # noqa: S101
    within = decoders[first:end]

    @lru_cache(maxsize=_REMEMBERED)
    def read(columns: tuple[Any, ...]) -> Any:
        decoded = [None if one is None else decode(one) for decode, one in zip(within, columns, strict=True)]
        return gather.read(make(decoded))

    return (
        _Gathered(first, end, read),
        [*names[:first], gather.name, *names[end:]],
        [*decoders[:first], lambda value: value, *decoders[end:]],
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
