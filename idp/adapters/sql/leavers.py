"""`LastSignIns` and `UnusedAccounts` on SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Engine

from idp.accounts.account import AccountId
from idp.adapters.sql.account_rows import OPEN
from idp.adapters.sql.database import reading, writing
from idp.adapters.sql.schema import accounts
from idp.adapters.sql.statement import Statement, parameters_of
from idp.adapters.sql.work import write

_c = accounts.c

# Neither the version nor the row's other writers are touched: a sign-in makes no change of the account stale.
_SIGNED_IN = Statement(
    lambda _: (
        sa.update(accounts)
        .where(_c.id == sa.bindparam("id"))
        .values(parameters_of(accounts, "signed_in_at") | {"unused_told_at": sa.null()})
    ),
    row=("id",),
)


@dataclass(frozen=True, slots=True)
class SqlLastSignIns:
    database: Engine

    def record(self, account_id: AccountId, at: datetime) -> None:
        write(self.database, _SIGNED_IN, id=account_id, signed_in_at=at)


@dataclass(frozen=True, slots=True)
class SqlUnusedAccounts:
    database: Engine

    def to_warn(self, unused_since: datetime, most: int) -> Sequence[AccountId]:
        return self._found(_c.signed_in_at, most, _c.signed_in_at < unused_since, _c.unused_told_at.is_(None))

    def to_disable(self, unused_since: datetime, told_before: datetime, most: int) -> Sequence[AccountId]:
        told = (_c.unused_told_at.is_not(None), _c.unused_told_at < told_before)
        return self._found(_c.unused_told_at, most, _c.signed_in_at < unused_since, *told)

    def is_still(self, account_id: AccountId, unused_since: datetime) -> bool:
        still = (_c.id == account_id, *OPEN, _c.signed_in_at < unused_since)
        with writing(self.database) as connection:
            found = connection.execute(sa.select(_c.id).where(*still).with_for_update())
            return found.one_or_none() is not None

    def warn(self, account_id: AccountId, unused_since: datetime, at: datetime) -> bool:
        still = (_c.id == account_id, *OPEN, _c.signed_in_at < unused_since, _c.unused_told_at.is_(None))
        with writing(self.database) as connection:
            return (
                connection.execute(sa.update(accounts).where(*still).values(unused_told_at=at)).rowcount == 1
            )

    def _found(
        self, column: "sa.Column[datetime]", most: int, *which: ColumnElement[bool]
    ) -> Sequence[AccountId]:
        """`column`: of the index, by which they are ordered."""
        found = sa.select(_c.id).where(*OPEN, *which).order_by(column).limit(most)
        with reading(self.database) as connection:
            return [AccountId(one) for one in connection.execute(found).scalars()]
