"""Statements on several records of the ephemeral store at once, one for each number of records and each database.

Contains reading, counting and deleting them. Not here: when they reach the database (`work`), one record (`records`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Engine

from idp.adapters.ephemeral_record import hashed
from idp.adapters.sql.records import IDENTITY, counting
from idp.adapters.sql.schema import ephemeral
from idp.adapters.sql.statement import Insert, Statement
from idp.adapters.sql.work import fetch, run, run_in_turn, write
from idp.core.ephemeral import Place

_c = ephemeral.c
_now = sa.bindparam("now", type_=_c.expires_at.type)

#: As it is in the database: the name of its kind, the hash of its key.
Named = tuple[str, str]


def named(place: Place) -> Named:
    kind, key = place
    return kind.value, hashed(key)


def read_all(database: Engine, places: Sequence[Named], now: datetime) -> Mapping[Named, Any]:
    """Returns the rows of those that are alive."""
    rows = fetch(database, _get_all(len(places)), now=now, **_names(places))
    return {(row.kind, row.key_hash): row for row in rows}


def delete_all(database: Engine, places: Sequence[Named]) -> None:
    write(database, _delete_all(len(places)), **_names(places))


def count_up(
    database: Engine, places: Sequence[Named], most: Sequence[int], ends: Sequence[datetime], now: datetime
) -> Sequence[int]:
    """Returns what `EphemeralStore.count_all` does."""
    values = {**_names(places), "now": now}
    for number, (limit, end) in enumerate(zip(most, ends, strict=True)):
        values |= {f"most_{number}": limit, f"end_{number}": end}
    return _COUNTS[database.dialect.name](database, places, values)


def _names(places: Sequence[Named]) -> dict[str, Any]:
    return {
        name: text
        for number, (kind, key_hash) in enumerate(places)
        for name, text in ((f"kind_{number}", kind), (f"key_{number}", key_hash))
    }


def _is(number: int, columns: Any = _c) -> ColumnElement[bool]:
    return sa.and_(
        columns.kind == sa.bindparam(f"kind_{number}", type_=_c.kind.type),
        columns.key_hash == sa.bindparam(f"key_{number}", type_=_c.key_hash.type),
    )


def _is_any(records: int, columns: Any = _c) -> ColumnElement[bool]:
    return sa.or_(*(_is(number, columns) for number in range(records)))


@lru_cache
def _get_all(records: int) -> Statement:
    found = sa.select(*IDENTITY, _c.value, _c.version).where(_is_any(records), _c.expires_at > _now)
    return Statement(lambda _: found)


@lru_cache
def _delete_all(records: int) -> Statement:
    # Locked in the order that was given: those who count them lock them in that order too (`EphemeralStore.clear`).
    here = ephemeral.alias("here")
    rank = sa.case(*((_is(number, here.c), number) for number in range(records)))
    locked = (
        sa.select(here.c.kind, here.c.key_hash)
        .where(_is_any(records, here.c))
        .order_by(rank)
        .with_for_update()
    )
    return Statement(lambda _: sa.delete(ephemeral).where(sa.tuple_(*IDENTITY).in_(locked)))


# Counting.


def _of(name: str, number: int) -> "sa.BindParameter[Any]":
    types = {"kind": _c.kind, "key": _c.key_hash, "end": _c.expires_at, "most": _c.version}
    return sa.bindparam(f"{name}_{number}", type_=types[name].type)


def _is_used_up(records: int) -> ColumnElement[bool]:
    """Whether one of them has as many as it may have, before any is counted."""
    before = ephemeral.alias("before")
    full = (sa.and_(_is(n, before.c), before.c.version >= _of("most", n)) for n in range(records))
    found = sa.exists().where(before.c.expires_at > _now, sa.or_(*full)).select_from(before)
    return sa.or_(found, *(_of("most", number) < 1 for number in range(records)))


def _counting(insert: Insert, rows: "sa.Select[Any]") -> Any:
    first_counts: Any = insert(ephemeral).from_select([column.name for column in ephemeral.c], rows)
    return counting(first_counts).returning(*IDENTITY, _c.version)


def _first(number: int) -> "sa.Select[Any]":
    """Returns its row when it is counted for the first time."""
    values = {
        "kind": _of("kind", number),
        "key_hash": _of("key", number),
        "value": sa.literal_column("'{}'"),
        "version": sa.literal_column("1"),
        "expires_at": _of("end", number),
    }
    return sa.select(*(values[column.name].label(column.name) for column in ephemeral.c))


@lru_cache
def _count_in_one(records: int) -> Statement:
    """PostgreSQL: each part counts when those before it did, and came to no more than they may. It waits for them, as
    it reads them: rows are locked in this order."""

    def build(insert: Insert) -> Any:
        counted: list[Any] = []
        for number in range(records):
            before = [
                sa.select(one.c.version).scalar_subquery() <= _of("most", n) for n, one in enumerate(counted)
            ]
            rows = _first(number).where(~_is_used_up(records), *before)
            counted.append(_counting(insert, rows).cte(f"counted_{number}"))
        return sa.select(
            *(_come_to(number, one).label(f"count_{number}") for number, one in enumerate(counted))
        )

    return Statement(build)


def _come_to(number: int, counted: Any) -> Any:
    now_counted = sa.select(counted.c.version).scalar_subquery()
    would = sa.select(_c.version + 1).where(_is(number), _c.expires_at > _now).scalar_subquery()
    return sa.func.coalesce(now_counted, would, sa.literal_column("1", _c.version.type))


@lru_cache
def _count_together(records: int) -> Statement:
    """SQLite: nobody writes meanwhile."""
    source = sa.union_all(*(_first(number) for number in range(records))).subquery("rows")
    kept = sa.select(*(source.c[column.name] for column in ephemeral.c)).where(~_is_used_up(records))
    return Statement(lambda insert: _counting(insert, kept))


def _count_on_postgresql(
    database: Engine, places: Sequence[Named], values: Mapping[str, Any]
) -> Sequence[int]:
    (row,) = run(database, _count_in_one(len(places)), **values).rows
    return tuple(row)


def _count_on_sqlite(database: Engine, places: Sequence[Named], values: Mapping[str, Any]) -> Sequence[int]:
    records = len(places)
    before, counted = run_in_turn(
        database, (_get_all(records), dict(values)), (_count_together(records), dict(values))
    )
    would = {(row.kind, row.key_hash): row.version + 1 for row in before.rows}
    counts = would | {(row.kind, row.key_hash): row.version for row in counted.rows}
    return tuple(counts.get(place, 1) for place in places)


_COUNTS = {"postgresql": _count_on_postgresql, "sqlite": _count_on_sqlite}
