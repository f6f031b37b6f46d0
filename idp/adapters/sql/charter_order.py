"""Contains which revision of a charter is in force or announced, and whether an account accepted one: as parts of a
statement, so that the one read of an account says it (docs/adr/0059).

By position, the order of publication: two revisions may be published at the same instant. Not here: a statement.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from idp.adapters.sql.charter_schema import charter_acceptances, charter_revisions
from idp.adapters.sql.columns import UtcInstant

_r = charter_revisions.c
#: The present instant.
NOW: "sa.BindParameter[Any]" = sa.bindparam("now", type_=UtcInstant)

IS_THERE = _r.withdrawn_at.is_(None)
IS_IN_FORCE = sa.and_(IS_THERE, sa.or_(_r.due_from.is_(None), _r.due_from <= NOW))
IS_ANNOUNCED = sa.and_(IS_THERE, _r.due_from > NOW)
#: The same for a revision and the one that brings its text back: whoever accepted the one accepted that text.
TEXT: "ColumnElement[str]" = sa.func.coalesce(_r.text_of, _r.revision)


def latest(
    which: ColumnElement[bool], charter: "ColumnElement[str]", of: "ColumnElement[str]" = TEXT
) -> "sa.ScalarSelect[str]":
    """Returns this of the last of these revisions of a charter, NULL without one."""
    return (
        sa.select(of)
        .where(_r.charter == charter, which)
        .order_by(_r.position.desc())
        .limit(1)
        .scalar_subquery()
    )


def has_accepted(
    account_id: "ColumnElement[str]", charter: "ColumnElement[str]", text: "ColumnElement[str]"
) -> "sa.Exists":
    """Whether there is evidence of a revision with this text (`TEXT`)."""
    accepted, revision = charter_acceptances.alias(), charter_revisions.alias()
    return (
        sa.exists()
        .where(
            accepted.c.account_id == account_id,
            accepted.c.charter == charter,
            revision.c.charter == accepted.c.charter,
            revision.c.revision == accepted.c.revision,
            sa.func.coalesce(revision.c.text_of, revision.c.revision) == text,
        )
        .correlate_except(accepted, revision)
    )
