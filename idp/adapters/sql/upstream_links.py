"""`UpstreamLinks` on SQL, for one issuer: one row per account, one account per `sub`."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import IntegrityError

from idp.accounts.account import AccountId
from idp.accounts.upstream_link import LinkOutcome, SubjectOfAnother, UpstreamLink
from idp.adapters.sql.database import insert_into, reading, writing
from idp.adapters.sql.schema import upstream_links
from idp.adapters.sql.statement import Statement
from idp.adapters.sql.work import fetch

_c = upstream_links.c
_FIND = Statement(
    lambda _: sa.select(upstream_links).where(
        _c.account_id == sa.bindparam("account_id"), _c.issuer == sa.bindparam("issuer")
    )
)


@dataclass(frozen=True, slots=True)
class SqlUpstreamLinks:
    database: Engine
    issuer: str

    def find(self, account_id: AccountId) -> UpstreamLink | None:
        rows = fetch(self.database, _FIND, account_id=account_id, issuer=self.issuer)
        if not rows:
            return None
        row = rows[0]
        return UpstreamLink(
            account_id=AccountId(row.account_id),
            subject=row.subject,
            linked_at=row.linked_at,
            seen_at=row.seen_at,
            claims=row.claims,
        )

    def owner(self, subject: str) -> AccountId | None:
        with reading(self.database) as connection:
            return self._owner(connection, subject)

    def link(
        self,
        account_id: AccountId,
        subject: str,
        now: datetime,
        claims: Mapping[str, object],
        stated_at: datetime | None = None,
    ) -> LinkOutcome:
        said = {"subject": subject, "seen_at": stated_at or now, "claims": dict(claims)}
        try:
            with writing(self.database) as connection:
                return self._link(connection, account_id, now, said)
        except IntegrityError:
            # PostgreSQL: another account took this `sub` between our read and our write. `from None`: the cause quotes
            # it.
            raise SubjectOfAnother from None

    def _link(
        self, connection: Connection, account_id: AccountId, now: datetime, said: Mapping[str, Any]
    ) -> LinkOutcome:
        # facts/security PS5: a `sub` that another account holds is never moved, whatever the RPPS says.
        if self._owner(connection, said["subject"]) not in (None, account_id):
            raise SubjectOfAnother
        added = (
            insert_into(connection, upstream_links)
            .values(account_id=account_id, issuer=self.issuer, linked_at=now, **said)
            .on_conflict_do_nothing(index_elements=[_c.account_id, _c.issuer])
            .returning(_c.subject)
        )
        if connection.execute(added).one_or_none() is not None:
            return LinkOutcome.FIRST
        mine = (_c.account_id == account_id, _c.issuer == self.issuer)
        # Locked: of two concurrent logins under a new `sub`, only one tells the person.
        known = connection.execute(sa.select(_c.subject, _c.seen_at).where(*mine).with_for_update()).one()
        if said["seen_at"] < known.seen_at:
            return LinkOutcome.KNOWN
        connection.execute(sa.update(upstream_links).where(*mine).values(said))
        return LinkOutcome.KNOWN if known.subject == said["subject"] else LinkOutcome.SUBJECT_CHANGED

    def _owner(self, connection: Connection, subject: str) -> AccountId | None:
        owner = sa.select(_c.account_id).where(_c.issuer == self.issuer, _c.subject == subject)
        found = connection.execute(owner).scalar_one_or_none()
        return None if found is None else AccountId(found)
