"""Statements on one record of the ephemeral store, each of which settles its races in the database.

Contains their text only. Not here: several records (`several`), when they are run (`store`).
"""

from typing import Any

import sqlalchemy as sa

from idp.adapters.sql.schema import ephemeral
from idp.adapters.sql.statement import Insert, Statement, parameters_of

_c = ephemeral.c
IDENTITY = (_c.kind, _c.key_hash)
#: The parameters that name a record.
ROW = ("kind", "key_hash")
_is_named = sa.and_(_c.kind == sa.bindparam("kind"), _c.key_hash == sa.bindparam("key_hash"))
_now = sa.bindparam("now", type_=_c.expires_at.type)
_is_alive, _is_over = _c.expires_at > _now, _c.expires_at <= _now
_is_same_version = _c.version == sa.bindparam("expected")
_written = parameters_of(ephemeral, "value", "version")
_given = parameters_of(ephemeral, "value", "version", "expires_at")


def _insert(insert: Insert) -> Any:
    return insert(ephemeral).values(parameters_of(ephemeral))


def _first_counts(insert: Insert) -> Any:
    return insert(ephemeral).values({**parameters_of(ephemeral), "value": "{}", "version": 1})


def counting(first_counts: Any, where: "sa.ColumnElement[bool] | None" = None) -> Any:
    """Returns what adds one to each counter that is there, of an INSERT of those that would be new. `where`: if this
    holds for it."""
    # A counter whose window is over starts again at 1; its row may still be there.
    return first_counts.on_conflict_do_update(
        index_elements=IDENTITY,
        set_={
            "version": sa.case((_is_over, 1), else_=_c.version + 1),
            "expires_at": sa.case((_is_over, first_counts.excluded.expires_at), else_=_c.expires_at),
        },
        where=where,
    )


def _count_within(insert: Insert) -> Any:
    is_left = sa.or_(_is_over, _c.version < sa.bindparam("most", type_=sa.Integer))
    return counting(_first_counts(insert), is_left)


def _put_counted(insert: Insert) -> Any:
    counter, columns = ephemeral.alias("counter"), parameters_of(ephemeral)
    counted = (
        sa.select(counter.c.version)
        .where(
            counter.c.kind == sa.bindparam("counter_kind"), counter.c.key_hash == sa.bindparam("counter_key")
        )
        .scalar_subquery()
    )
    kept = sa.select(*columns.values()).where(counted <= sa.bindparam("most", type_=sa.Integer))
    return (
        insert(ephemeral)
        .from_select(list(columns), kept)
        .on_conflict_do_update(index_elements=IDENTITY, set_=_given)
    )


PUT = Statement(
    lambda insert: _insert(insert).on_conflict_do_update(index_elements=IDENTITY, set_=_given), ROW
)
PUT_COUNTED = Statement(_put_counted, ROW)
# A dead row that `purge` has not removed yet is no record.
ADD = Statement(
    lambda insert: (
        _insert(insert)
        .on_conflict_do_update(index_elements=IDENTITY, set_=_given, where=_is_over)
        .returning(_c.version)
    )
)
GET = Statement(lambda _: sa.select(_c.value, _c.version).where(_is_named, _is_alive))
# DELETE … RETURNING settles the race: only one caller's statement finds the row.
TAKE = Statement(lambda _: sa.delete(ephemeral).where(_is_named).returning(_c.value, _c.expires_at))
SWAP = Statement(
    lambda _: sa.update(ephemeral).where(_is_named, _is_same_version, _is_alive).values(_written)
)
SWAP_AND_PROLONG = Statement(
    lambda _: sa.update(ephemeral).where(_is_named, _is_same_version, _is_alive).values(_given), ROW
)
COUNT = Statement(lambda insert: counting(_first_counts(insert)).returning(_c.version))
#: Changes no row when there are as many as there may be.
COUNT_WITHIN = Statement(_count_within, ROW)
DELETE = Statement(lambda _: sa.delete(ephemeral).where(_is_named), ROW)
