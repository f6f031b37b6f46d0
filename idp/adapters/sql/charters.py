"""`CharterRepository` on SQL: revisions that never change, and which account accepted which text when."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from idp.accounts.account import AccountId
from idp.accounts.charter import (
    HOUSE,
    Acceptance,
    AcceptedRevision,
    CharterEvidence,
    CharterNews,
    CharterRevision,
    NoCharterPublished,
    RevisionAnnounced,
)
from idp.accounts.repository import AccountNotFound
from idp.adapters.sql.charter_order import IS_IN_FORCE, IS_THERE, NOW
from idp.adapters.sql.charter_rows import add_revision, announced_of, read_revision, revisions_in_turn
from idp.adapters.sql.database import insert_into, reading, writing
from idp.adapters.sql.schema import accounts, charter_acceptances, charter_revisions
from idp.adapters.sql.statement import Statement, parameters_of
from idp.adapters.sql.work import write
from idp.core.clock import Clock, SystemClock

_r, _a = charter_revisions.c, charter_acceptances.c
_IS_OF = sa.and_(_r.charter == _a.charter, _r.revision == _a.revision)
# The version stays: « Plus tard » makes no other change of the account stale.
_PUT_OFF = Statement(
    lambda _: (
        sa.update(accounts)
        .where(accounts.c.id == sa.bindparam("id"))
        .values(parameters_of(accounts, "charter_put_off_at"))
    ),
    row=("id",),
)


@dataclass(frozen=True, slots=True)
class SqlCharters:
    database: Engine
    clock: Clock = field(default_factory=SystemClock)

    def current(self, charter: str = HOUSE) -> CharterRevision:
        return self._latest(IS_IN_FORCE, charter)

    def newest(self, charter: str = HOUSE) -> CharterRevision:
        return self._latest(IS_THERE, charter)

    def _latest(self, which: "sa.ColumnElement[bool]", charter: str) -> CharterRevision:
        latest = (
            sa.select(charter_revisions)
            .where(_r.charter == charter, which)
            .order_by(_r.position.desc())
            .limit(1)
        )
        with reading(self.database) as connection:
            row = connection.execute(latest, {NOW.key: self.clock.now()}).one_or_none()
        if row is None:
            raise NoCharterPublished(charter)
        return read_revision(row)

    def publish(self, revision: CharterRevision) -> None:
        with writing(self.database) as connection:
            announced = announced_of(revisions_in_turn(connection, revision.charter), self.clock.now())
            if announced is not None:
                raise RevisionAnnounced(announced)
            add_revision(connection, revision)

    def put_off(self, account_id: AccountId, at: datetime) -> None:
        write(self.database, _PUT_OFF, id=account_id, charter_put_off_at=at)

    def accept(self, evidence: CharterEvidence) -> bool:
        """Keep the first evidence for (account, charter, revision). Returns False when there is one.

        Raises AccountNotFound, NoCharterPublished.

        This service's own charter changes the account's version: the caller reads the account again before saving it.
        """
        with writing(self.database) as connection:
            _require_both(connection, evidence)
            accepted = (
                insert_into(connection, charter_acceptances)
                .values(
                    account_id=evidence.account_id,
                    charter=evidence.charter,
                    revision=evidence.revision,
                    text_sha256=evidence.text_sha256,
                    accepted_at=evidence.accepted_at,
                    authenticator=evidence.authenticator,
                    client_id=evidence.client_id,
                )
                .on_conflict_do_nothing()
                .returning(_a.revision)
            )
            # A second click must neither replace the evidence nor change the account's version.
            is_first = connection.execute(accepted).one_or_none() is not None
            if is_first and evidence.charter == HOUSE:
                connection.execute(_forward_account(evidence))
        return is_first

    def evidence_of(self, account_id: AccountId) -> list[CharterEvidence]:
        found = (
            sa.select(charter_acceptances)
            .where(_a.account_id == account_id)
            .join(charter_revisions, _IS_OF)
            .order_by(_a.accepted_at, _r.position)
        )
        with reading(self.database) as connection:
            rows = connection.execute(found).all()
        return [_evidence(row) for row in rows]

    def accepted_by(self, account_id: AccountId) -> list[AcceptedRevision]:
        found = (
            sa.select(charter_acceptances, _r.position, _r.published_at)
            .where(_a.account_id == account_id)
            .join(charter_revisions, _IS_OF)
            .order_by(_a.accepted_at.desc(), _r.position.desc())
        )
        with reading(self.database) as connection:
            rows = connection.execute(found).all()
        return [
            AcceptedRevision(evidence=_evidence(row), number=row.position, published_at=row.published_at)
            for row in rows
        ]

    def acceptance(self, account_id: AccountId, number: int) -> Acceptance | None:
        found = (
            sa.select(charter_acceptances, *(one for one in charter_revisions.c if one.name not in _a))
            .where(_a.account_id == account_id, _r.position == number)
            .join(charter_revisions, _IS_OF)
        )
        with reading(self.database) as connection:
            row = connection.execute(found).one_or_none()
        return None if row is None else Acceptance(_evidence(row), read_revision(row))

    def news_for(self, account_id: AccountId, revision: CharterRevision) -> CharterNews:
        # Without the texts: an old house has many revisions.
        until = (
            sa.select(
                _r.revision,
                _r.changes,
                _a.revision.is_not(None).label("is_accepted"),
                IS_THERE.label("is_there"),
            )
            .select_from(
                charter_revisions.outerjoin(charter_acceptances, sa.and_(_IS_OF, _a.account_id == account_id))
            )
            .where(_r.charter == revision.charter)
            .order_by(_r.position)
        )
        with reading(self.database) as connection:
            rows = connection.execute(until).all()
        names = [row.revision for row in rows]
        rows = rows[: names.index(revision.revision) + 1] if revision.revision in names else []
        accepted = [at for at, row in enumerate(rows) if row.is_accepted]
        if not accepted:
            return CharterNews(is_known=False)
        since = rows[accepted[-1] + 1 :]
        return CharterNews(True, tuple(row.changes for row in since if row.changes and row.is_there))


def _evidence(row: Any) -> CharterEvidence:
    """`row`: the columns of the table, by their names."""
    return CharterEvidence(
        account_id=AccountId(row.account_id),
        revision=row.revision,
        text_sha256=row.text_sha256,
        accepted_at=row.accepted_at,
        authenticator=row.authenticator,
        client_id=row.client_id,
        charter=row.charter,
    )


def _require_both(connection: Connection, evidence: CharterEvidence) -> None:
    account = sa.select(accounts.c.id).where(accounts.c.id == evidence.account_id)
    if connection.execute(account).one_or_none() is None:
        raise AccountNotFound
    revision = sa.select(_r.revision).where(_r.charter == evidence.charter, _r.revision == evidence.revision)
    if connection.execute(revision).one_or_none() is None:
        raise NoCharterPublished(evidence.charter)


def _forward_account(evidence: CharterEvidence) -> sa.Update:
    """Forward only: an old tab that accepts a superseded revision must not undo the newer acceptance."""
    of_house = _r.charter == HOUSE
    accepted = sa.select(_r.position).where(of_house, _r.revision == evidence.revision).scalar_subquery()
    newer = sa.select(_r.revision).where(of_house, _r.position > accepted, IS_THERE)
    held = accounts.c.charter_revision
    return (
        sa.update(accounts)
        .where(accounts.c.id == evidence.account_id, sa.or_(held.is_(None), held.not_in(newer)))
        .values(charter_revision=evidence.revision, version=accounts.c.version + 1)
    )
