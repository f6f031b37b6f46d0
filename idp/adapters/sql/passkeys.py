"""`Passkeys` on SQL: one row each, unique by its credential id."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.account import AccountId
from idp.accounts.passkeys import Owned, Passkey, PasskeyGone, PasskeyTaken, PasskeyUse, TooManyPasskeys
from idp.adapters.sql.account_rows import ACCOUNT, COLUMNS
from idp.adapters.sql.accounts import is_storable
from idp.adapters.sql.database import insert_into, reading, writing
from idp.adapters.sql.passkey_schema import passkey_offers, passkeys
from idp.adapters.sql.schema import accounts
from idp.adapters.sql.statement import Statement, parameters_of
from idp.adapters.sql.work import fetch, write

_c = passkeys.c
_PREFIX = "passkey_"
#: With its account: a sign-in reads both at once.
_FIND = Statement(
    lambda _: (
        sa.select(*COLUMNS, *(column.label(f"{_PREFIX}{column.name}") for column in _c))
        .join(passkeys, _c.account_id == accounts.c.id)
        .where(_c.credential_id == sa.bindparam("credential_id"))
    ),
    gather=ACCOUNT,
)
_OF = Statement(
    lambda _: (
        sa.select(passkeys).where(_c.account_id == sa.bindparam("account_id")).order_by(_c.created_at, _c.id)
    )
)
_USED = Statement(
    lambda _: (
        sa.update(passkeys)
        .where(_c.id == sa.bindparam("id"))
        .values(parameters_of(passkeys, "sign_count", "is_backed_up", "last_used_at"))
    ),
    row=("id",),
)


@dataclass(frozen=True, slots=True)
class SqlPasskeys:
    database: Engine

    def of(self, account_id: AccountId) -> tuple[Passkey, ...]:
        return tuple(_read(row, "") for row in fetch(self.database, _OF, account_id=account_id))

    def find(self, credential_id: str) -> Owned | None:
        if not is_storable(credential_id):
            return None
        rows = fetch(self.database, _FIND, credential_id=credential_id)
        return Owned(_read(rows[0], _PREFIX), rows[0].account) if rows else None

    def add(self, passkey: Passkey, *, most: int) -> None:
        row = {column.name: getattr(passkey, column.name) for column in _c}
        row["transports"] = list(passkey.transports)
        mine = sa.select(sa.func.count()).where(_c.account_id == passkey.account_id)
        with writing(self.database) as connection:
            if connection.execute(mine).scalar_one() >= most:
                raise TooManyPasskeys
            added = insert_into(connection, passkeys).values(row).on_conflict_do_nothing().returning(_c.id)
            if connection.execute(added).one_or_none() is None:
                raise PasskeyTaken

    def used(self, passkey: Passkey, use: PasskeyUse, now: datetime) -> None:
        write(
            self.database,
            _USED,
            refusal=PasskeyGone(),
            id=passkey.id,
            sign_count=use.sign_count,
            is_backed_up=use.is_backed_up,
            last_used_at=now,
        )

    def rename(self, account_id: AccountId, passkey_id: str, name: str) -> bool:
        return self._changed(sa.update(passkeys).values(name=name), account_id, passkey_id)

    def remove(self, account_id: AccountId, passkey_id: str) -> bool:
        return self._changed(sa.delete(passkeys), account_id, passkey_id)

    def _changed(self, change: sa.Update | sa.Delete, account_id: AccountId, passkey_id: str) -> bool:
        if not is_storable(passkey_id):
            return False
        with writing(self.database) as connection:
            changed = connection.execute(change.where(_c.account_id == account_id, _c.id == passkey_id))
        return changed.rowcount == 1

    def decline(self, account_id: AccountId, now: datetime) -> None:
        with writing(self.database) as connection:
            connection.execute(
                insert_into(connection, passkey_offers)
                .values(account_id=account_id, answered_at=now)
                .on_conflict_do_nothing()
            )


def _read(row: Any, prefix: str) -> Passkey:
    """`prefix`: of the names of the columns."""
    values = {column.name: getattr(row, f"{prefix}{column.name}") for column in _c}
    return Passkey(**{**values, "transports": tuple(values["transports"])})


def has_passkeys(database: Engine) -> bool:
    """Returns whether anybody has one. Raises StoreUnavailable."""
    with reading(database) as connection:
        return connection.execute(sa.select(_c.id).limit(1)).first() is not None
