"""`Proofs` on SQL: one row for each card and for Pro Santé Connect."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.account import AccountId, ProvedIdentity
from idp.accounts.proofs import IdentityProof
from idp.adapters.sql.backends import allow_time
from idp.adapters.sql.database import insert_into, reading, writing
from idp.adapters.sql.schema import account_proofs
from idp.adapters.sql.statement import Statement
from idp.adapters.sql.work import fetch
from idp.cards.nomenclature import CodedLabel
from idp.core.records import from_plain, to_plain

_c = account_proofs.c
_TO_READ_ALL_SECONDS = 60
_OF = Statement(
    lambda _: (
        sa.select(account_proofs)
        .where(_c.account_id == sa.bindparam("account_id"))
        .order_by(_c.first_at, _c.evidence)
    )
)


@dataclass(frozen=True, slots=True)
class SqlProofs:
    database: Engine

    def record(self, account_id: AccountId, identity: ProvedIdentity) -> None:
        profession = None if identity.profession is None else to_plain(identity.profession)
        with writing(self.database) as connection:
            added = insert_into(connection, account_proofs).values(
                account_id=account_id,
                source=identity.source,
                evidence=identity.evidence,
                profession=profession,
                first_at=identity.verified_at,
                last_at=identity.verified_at,
            )
            # Never backwards: a slower process must not replace a newer date or profession.
            renewed = added.on_conflict_do_update(
                index_elements=[_c.account_id, _c.source, _c.evidence],
                set_={"profession": added.excluded.profession, "last_at": added.excluded.last_at},
                where=_c.last_at <= added.excluded.last_at,
            )
            connection.execute(renewed)

    def accounts_of(self, evidence: str) -> tuple[AccountId, ...]:
        """Returns whom this proved. It reads every proof: no request waits for it."""
        found = sa.select(_c.account_id).where(_c.evidence == evidence).distinct()
        with reading(self.database) as connection:
            allow_time(connection, _TO_READ_ALL_SECONDS)
            return tuple(AccountId(one) for one in connection.execute(found).scalars())

    def of(self, account_id: AccountId) -> tuple[IdentityProof, ...]:
        rows = fetch(self.database, _OF, account_id=account_id)
        return tuple(
            IdentityProof(
                source=row.source,
                evidence=row.evidence,
                profession=None if row.profession is None else from_plain(CodedLabel, row.profession),
                first_at=row.first_at,
                last_at=row.last_at,
            )
            for row in rows
        )
