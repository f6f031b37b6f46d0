"""`ToRemind` on SQL: some accounts after the cursor at a time, however many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.charter import CharterRevision
from idp.accounts.charter_reminders import Batch
from idp.adapters.sql.account_rows import ACCOUNT, COLUMNS, OPEN
from idp.adapters.sql.charter_order import IS_ANNOUNCED, IS_IN_FORCE, NOW, has_accepted, latest
from idp.adapters.sql.charter_rows import read_revision
from idp.adapters.sql.database import reading, writing
from idp.adapters.sql.schema import accounts, charter_revisions
from idp.adapters.sql.statement import Statement
from idp.adapters.sql.work import fetch
from idp.core.clock import Clock

_c, _r = accounts.c, charter_revisions.c
_charter: "sa.BindParameter[str]" = sa.bindparam("charter", type_=sa.Text)
_announced: "sa.BindParameter[str]" = sa.bindparam("announced", type_=sa.Text)
_PEOPLE = Statement(
    lambda _: (
        sa.select(*COLUMNS)
        .where(
            _c.id > sa.bindparam("after"),
            _c.id <= sa.bindparam("up_to"),
            *OPEN,
            _c.email != "",
            has_accepted(_c.id, _charter, latest(IS_IN_FORCE, _charter)),
            ~has_accepted(_c.id, _charter, _announced),
        )
        .order_by(_c.id)
    ),
    gather=ACCOUNT,
)


@dataclass(frozen=True, slots=True)
class SqlToRemind:
    database: Engine
    clock: Clock

    def revisions(self, within: timedelta) -> Sequence[CharterRevision]:
        now = self.clock.now()
        due = (
            sa.select(charter_revisions)
            .where(IS_ANNOUNCED, _r.due_from <= now + within, _r.reminded_at.is_(None))
            .order_by(_r.position)
        )
        with reading(self.database) as connection:
            return [read_revision(row) for row in connection.execute(due, {NOW.key: now})]

    def next_batch(self, revision: CharterRevision, most: int) -> Batch:
        cursor = sa.select(sa.func.coalesce(_r.reminded_to, "")).where(_r.position == revision.number)
        with reading(self.database) as connection:
            after = connection.execute(cursor).scalar_one()
            following = sa.select(_c.id).where(_c.id > after).order_by(_c.id).limit(most)
            ids = connection.execute(following).scalars().all()
        up_to = ids[-1] if ids else after
        rows = fetch(
            self.database,
            _PEOPLE,
            after=after,
            up_to=up_to,
            charter=revision.charter,
            announced=revision.text_of or revision.revision,
            now=self.clock.now(),
        )
        return Batch(people=[row.account for row in rows], after=after, up_to=up_to, is_last=len(ids) < most)

    def move(self, revision: CharterRevision, batch: Batch) -> bool:
        moved = (
            sa.update(charter_revisions)
            .where(
                _r.position == revision.number,
                _r.withdrawn_at.is_(None),
                _r.reminded_at.is_(None),
                sa.func.coalesce(_r.reminded_to, "") == batch.after,
            )
            .values(reminded_to=batch.up_to, reminded_at=self.clock.now() if batch.is_last else None)
        )
        with writing(self.database) as connection:
            return connection.execute(moved).rowcount == 1
