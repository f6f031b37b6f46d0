"""`Erasures` on SQL: an account goes with every row of its person, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.account import AccountId
from idp.accounts.charter import CharterEvidence
from idp.accounts.erasure import KeptEvidence, NoLongerDue
from idp.adapters.sql.batches import delete_some
from idp.adapters.sql.database import reading, writing
from idp.adapters.sql.erasure_schema import kept_acceptances
from idp.adapters.sql.personal_data import ACCOUNT, HELD, AtTheEnd
from idp.adapters.sql.schema import accounts, charter_acceptances

_c, _a, _k = accounts.c, charter_acceptances.c, kept_acceptances.c
_EVIDENCE = ("charter", "revision", "text_sha256", "accepted_at", "authenticator", "client_id")


@dataclass(frozen=True, slots=True)
class SqlErasures:
    database: Engine

    def due(self, now: datetime, most: int) -> Sequence[AccountId]:
        # What the operator disabled stays: erased, it would be a first connection, and open again.
        ended = (
            sa.select(_c.id)
            .where(_c.enabled, _c.closing_at <= now)
            .order_by(_c.closing_at, _c.id)
            .limit(most)
        )
        with reading(self.database) as connection:
            return [AccountId(found) for found in connection.execute(ended).scalars()]

    def erase(self, account_id: AccountId, now: datetime, pseudonym: str) -> None:
        # On PostgreSQL whoever adds a row to this account, or takes the closing back, waits here for the outcome.
        is_due = (_c.id == account_id, _c.enabled, _c.closing_at <= now)
        still_due = sa.select(_c.id).where(*is_due).with_for_update()
        with writing(self.database) as connection:
            if connection.execute(still_due).one_or_none() is None:
                raise NoLongerDue
            kept = sa.select(
                sa.literal(pseudonym), sa.literal(now, _k.erased_at.type), *(_a[name] for name in _EVIDENCE)
            ).where(_a.account_id == account_id)
            columns = ["pseudonym", "erased_at", *_EVIDENCE]
            connection.execute(sa.insert(kept_acceptances).from_select(columns, kept))
            for held in HELD:
                if held.at_the_end is not AtTheEnd.LEFT:
                    connection.execute(sa.delete(held.table).where(held.theirs), {ACCOUNT: account_id})

    def evidence_of(self, pseudonym: str) -> Sequence[KeptEvidence]:
        found = sa.select(kept_acceptances).where(_k.pseudonym == pseudonym).order_by(_k.accepted_at, _k.id)
        with reading(self.database) as connection:
            rows = connection.execute(found).all()
        return [
            KeptEvidence(
                CharterEvidence(
                    account_id=AccountId(row.pseudonym),
                    revision=row.revision,
                    text_sha256=row.text_sha256,
                    accepted_at=row.accepted_at,
                    authenticator=row.authenticator,
                    client_id=row.client_id,
                    charter=row.charter,
                ),
                row.erased_at,
            )
            for row in rows
        ]

    def purge(self, erased_before: datetime) -> int:
        return delete_some(self.database, _k.erased_at, erased_before)
