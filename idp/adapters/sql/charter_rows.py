"""Contains the rows of revisions: read, added, and locked so that two operators act on a charter one after the other.

Not here: which of them is in force, as a part of a statement (`charter_order`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from idp.accounts.charter import CharterRevision, RevisionExists
from idp.adapters.sql.charter_schema import charter_revisions
from idp.adapters.sql.database import insert_into

_r = charter_revisions.c


def read_revision(row: Any) -> CharterRevision:
    """`row`: the columns of the table, by their names."""
    return CharterRevision(
        revision=row.revision,
        published_at=row.published_at,
        texts=row.texts,
        charter=row.charter,
        changes=row.changes,
        due_from=row.due_from,
        text_of=row.text_of or "",
        number=row.position,
    )


def add_revision(connection: Connection, revision: CharterRevision) -> None:
    """Raises RevisionExists."""
    added = (
        insert_into(connection, charter_revisions)
        .values(
            charter=revision.charter,
            revision=revision.revision,
            published_at=revision.published_at,
            texts=revision.texts,
            changes=dict(revision.changes),
            due_from=revision.due_from,
            text_of=revision.text_of or None,
        )
        .on_conflict_do_nothing()
        .returning(_r.position)
    )
    if connection.execute(added).one_or_none() is None:
        raise RevisionExists(revision.revision)


def revisions_in_turn(connection: Connection, charter: str) -> Sequence[Any]:
    """Returns the rows of a charter, oldest first, locked until the transaction ends."""
    rows = sa.select(charter_revisions).where(_r.charter == charter).order_by(_r.position)
    # Once to wait for another operator, once more to see what that one added.
    connection.execute(rows.with_for_update()).all()
    return connection.execute(rows).all()


def announced_of(rows: Sequence[Any], now: datetime) -> CharterRevision | None:
    """Returns the one of these revisions that is announced, None without one."""
    found = (read_revision(row) for row in rows if row.withdrawn_at is None)
    return next((one for one in found if one.announced_for(now)), None)
