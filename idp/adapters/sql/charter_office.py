"""Contains what an operator does to revisions and asks of them: withdrawn, listed, counted. No request needs any of it.

Counting reads every account: a command may take a minute. Not here: publishing (`charters`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from idp.accounts.charter import HOUSE, CharterRevision, NotWithdrawn, RevisionAnnounced, Withdrawal
from idp.adapters.sql.account_rows import OPEN
from idp.adapters.sql.backends import allow_time
from idp.adapters.sql.charter_order import IS_ANNOUNCED, IS_IN_FORCE, NOW, TEXT, has_accepted, latest
from idp.adapters.sql.charter_rows import add_revision, announced_of, read_revision, revisions_in_turn
from idp.adapters.sql.database import reading, writing
from idp.adapters.sql.schema import accounts, charter_acceptances, charter_revisions
from idp.core.clock import Clock
from idp.core.replacing import replace

_r, _a = charter_revisions.c, charter_acceptances.c
_TO_COUNT_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRevision:
    """`accepted`: by how many who have an account; of one that brought a text back, whoever accepted that text.
    `withdrawn_at`: None: it was not."""

    revision: CharterRevision
    withdrawn_at: datetime | None
    accepted: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Concerned:
    """Of a charter. `people`: whom it concerns and who may sign in: everybody for the house's, else whoever accepted a
    revision of it. `left`: those of them whom the newest revision asks. `due`: those whom it asks now."""

    people: int
    left: int
    due: int


@dataclass(frozen=True, slots=True)
class SqlCharterOffice:
    database: Engine
    clock: Clock

    def charters(self) -> Sequence[str]:
        """Returns the names of those with a revision, the house's first."""
        names = sa.select(_r.charter).group_by(_r.charter).order_by(_r.charter != HOUSE, _r.charter)
        with reading(self.database) as connection:
            return connection.execute(names).scalars().all()

    def has(self, charter: str, revision: str) -> bool:
        """Whether there is a revision of this name, withdrawn or not."""
        found = sa.select(_r.revision).where(_r.charter == charter, _r.revision == revision)
        with reading(self.database) as connection:
            return connection.execute(found).one_or_none() is not None

    def revisions(self, charter: str) -> Sequence[ListedRevision]:
        """Returns them oldest first, withdrawn ones too."""
        is_of = sa.and_(_r.charter == _a.charter, _r.revision == _a.revision)
        counted = (
            sa.select(TEXT, sa.func.count(_a.account_id.distinct()))
            .select_from(charter_acceptances.join(charter_revisions, is_of))
            .where(_a.charter == charter)
            .group_by(TEXT)
        )
        rows = sa.select(charter_revisions).where(_r.charter == charter).order_by(_r.position)
        with reading(self.database) as connection:
            allow_time(connection, _TO_COUNT_SECONDS)
            found = connection.execute(rows).all()
            accepted = dict(connection.execute(counted).tuples().all())
        return [
            ListedRevision(
                revision=read_revision(row),
                withdrawn_at=row.withdrawn_at,
                accepted=accepted.get(row.text_of or row.revision, 0),
            )
            for row in found
        ]

    def concerned(self, charter: str) -> Concerned:
        with reading(self.database) as connection:
            allow_time(connection, _TO_COUNT_SECONDS)
            return count_concerned(connection, charter, self.clock.now())

    def withdraw(self, charter: str, revision: str, name: str) -> Withdrawal:
        """Withdraw a revision that is announced or in force; in place of the latter, publish the one before anew.
        `name`: for that; "": one is made. Raises NotWithdrawn, RevisionExists, RevisionAnnounced.
        """
        now = self.clock.now()
        with writing(self.database) as connection:
            rows = revisions_in_turn(connection, charter)
            row = _to_withdraw(rows, revision)
            announced = announced_of(rows, now)
            withdrawn, restored = read_revision(row), ""
            if announced is None or announced.revision != revision:
                before = _before(rows, row, announced)
                restored = name or _free_name(before, {one.revision for one in rows})
                add_revision(
                    connection,
                    replace(
                        before,
                        revision=restored,
                        published_at=now,
                        changes={},
                        due_from=None,
                        text_of=before.text_of or before.revision,
                    ),
                )
            _mark(connection, withdrawn, now)
        return Withdrawal(revision=withdrawn, restored=restored)


def count_concerned(connection: Connection, charter: str, now: datetime) -> Concerned:
    name: sa.ColumnElement[str] = sa.literal(charter)
    in_force, announced = (latest(which, name) for which in (IS_IN_FORCE, IS_ANNOUNCED))
    is_ahead = has_accepted(accounts.c.id, name, announced)
    is_in_order = sa.or_(has_accepted(accounts.c.id, name, in_force), is_ahead)
    is_asked = sa.case((announced.is_(None), ~is_in_order), else_=~is_ahead)
    counted = (
        sa.select(sa.func.count(), *(_number(which) for which in (is_asked, ~is_in_order)))
        .select_from(accounts)
        .where(*concerned_by(charter))
    )
    people, left, due = connection.execute(counted, {NOW.key: now}).one()
    return Concerned(people=people, left=left, due=due)


def concerned_by(charter: str) -> Iterator[sa.ColumnElement[bool]]:
    """Yields what holds of an account that may sign in and that a new revision of this charter concerns."""
    yield from OPEN
    if charter != HOUSE:
        yield sa.exists().where(_a.account_id == accounts.c.id, _a.charter == charter)


def _number(which: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((which, 1), else_=0)), 0)


def _to_withdraw(rows: Sequence[Any], revision: str) -> Any:
    """Returns the last one of these that was not withdrawn, if it has this name. Raises NotWithdrawn."""
    row = next((one for one in rows if one.revision == revision), None)
    if row is None:
        raise NotWithdrawn(f"there is no revision {revision} of this charter: `idp charter list` has them")
    if row.withdrawn_at is not None:
        raise NotWithdrawn(f"{revision} was withdrawn on {row.withdrawn_at:%Y-%m-%d}")
    return row


def _before(rows: Sequence[Any], row: Any, announced: CharterRevision | None) -> CharterRevision:
    """Returns the revision that comes back when the one in force goes. Raises NotWithdrawn, RevisionAnnounced."""
    if announced is not None:
        raise RevisionAnnounced(announced)
    there = [read_revision(one) for one in rows if one.withdrawn_at is None]
    if there[-1].revision != row.revision:
        raise NotWithdrawn(f"{row.revision} is not in force: {there[-1].revision} took its place")
    text = there[-1].text_of or there[-1].revision
    before = [one for one in there if (one.text_of or one.revision) != text]
    if not before:
        raise NotWithdrawn(f"there is none before {row.revision} to bring back: publish another one")
    return before[-1]


def _free_name(before: CharterRevision, taken: set[str]) -> str:
    again = f"{before.text_of or before.revision}-again"
    return next(
        name
        for name in (again, *(f"{again}{number}" for number in range(2, len(taken) + 3)))
        if name not in taken
    )


def _mark(connection: Connection, withdrawn: CharterRevision, now: datetime) -> None:
    connection.execute(
        sa.update(charter_revisions).where(_r.position == withdrawn.number).values(withdrawn_at=now)
    )
