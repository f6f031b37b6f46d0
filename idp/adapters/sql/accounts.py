"""`AccountRepository` on SQL: one row per person, unique by RPPS, by subject and, unless mailboxes may be shared, by
e-mail address.

Contains the statements, and what decides the race for an address (docs/adr/0045). Not here: the row (`account_rows`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Engine
from sqlalchemy.exc import IntegrityError

from idp.accounts.account import Account, AccountId, ProvedIdentity
from idp.accounts.identity_change import IdentityChange
from idp.accounts.repository import AccountNotFound, EmailTaken, RppsTaken, StaleAccount
from idp.adapters.sql.account_rows import ACCOUNT, COLUMNS, normalise_email, to_row
from idp.adapters.sql.database import insert_into, reading, writing
from idp.adapters.sql.schema import accounts, ended_sessions, identity_changes
from idp.adapters.sql.statement import Statement
from idp.adapters.sql.work import fetch
from idp.core.records import from_plain, to_plain
from idp.core.texts import is_encodable

_c, _other = accounts.c, accounts.alias("other")
#: The columns that identify a person for ever. `save` compares them and never writes them.
_LASTING = ("id", "subject", "rpps", "created_at")


def _by(column: ColumnElement[str], *more: ColumnElement[bool]) -> Statement:
    found = sa.select(*COLUMNS).where(column == sa.bindparam("value"), *more)
    return Statement(lambda _: found, gather=ACCOUNT)


@dataclass(frozen=True, slots=True)
class SqlAccounts:
    database: Engine
    #: A new address may be that of other accounts.
    shares_mailboxes: bool = False

    def get(self, account_id: AccountId) -> Account:
        account = self._find(_BY_ID, account_id)
        if account is None:
            raise AccountNotFound
        return account

    def get_signed_in(self, account_id: AccountId, sid: str) -> Account:
        account = self._find(_BY_SESSION, account_id, sid=sid)
        if account is None:
            raise AccountNotFound
        return account

    def find_by_rpps(self, rpps: str) -> Account | None:
        return self._find(_BY_RPPS, rpps)

    def having_email(self, email: str) -> tuple[Account, ...]:
        value = normalise_email(email)
        rows = fetch(self.database, _BY_EMAIL, value=value) if is_storable(value) else ()
        return tuple(row.account for row in rows)

    def add(self, account: Account) -> None:
        row = to_row(account) | {"signed_in_at": account.created_at}
        with writing(self.database) as connection:
            # ON CONFLICT, not a unique violation: PostgreSQL would quote the RPPS in it, and the log would hold it.
            added = (
                insert_into(connection, accounts)
                .values(row | {"email_key": self._key(row)})
                .on_conflict_do_nothing()
                .returning(_c.id)
            )
            # Twice where mailboxes are shared: of two who came first to an address at one instant, one stands beside.
            for _ in range(1 + self.shares_mailboxes):
                if connection.execute(added).one_or_none() is not None:
                    return
            raise _what_is_taken(connection, row)

    def save(self, account: Account, *, change: IdentityChange | None = None) -> None:
        """Write the account. Its RPPS and subject never change: a save that changes one is refused as stale."""
        row = to_row(account)
        key = sa.case((_c.email_normalised == row["email_normalised"], _c.email_key), else_=self._key(row))
        saved = (
            sa.update(accounts)
            .where(_c.id == row["id"], _c.version == row["version"])
            .where(_c.rpps == row["rpps"], _c.subject == row["subject"])
            .values(
                {name: value for name, value in row.items() if name not in _LASTING}
                | {"email_key": key, "version": _c.version + 1}
            )
        )
        try:
            with writing(self.database) as connection:
                # No row: another version, or another RPPS or subject. The history row is written only with the account.
                updated = connection.execute(saved).rowcount
                if updated == 1 and change is not None:
                    connection.execute(sa.insert(identity_changes).values(_to_history(change)))
        except IntegrityError:
            # Its key is the only unique column written here. `from None`: the cause quotes it.
            raise (StaleAccount if self.shares_mailboxes else EmailTaken) from None
        if updated != 1:
            raise StaleAccount

    def shared_addresses(self) -> int:
        """Returns how many addresses are those of several accounts."""
        shared = sa.select(_c.email_normalised).group_by(_c.email_normalised).having(sa.func.count() > 1)
        with reading(self.database) as connection:
            return connection.execute(sa.select(sa.func.count()).select_from(shared.subquery())).scalar_one()

    def history(self, account_id: AccountId) -> tuple[IdentityChange, ...]:
        told = (
            sa.select(identity_changes, _c.rpps)
            .join(accounts, _c.id == identity_changes.c.account_id)
            .where(identity_changes.c.account_id == account_id)
            .order_by(identity_changes.c.id)
        )
        with reading(self.database) as connection:
            rows = connection.execute(told).all()
        return tuple(
            IdentityChange(
                account_id=account_id,
                at=row.at,
                before=_from_history(row.before, row.rpps),
                after=_from_history(row.after, row.rpps),
            )
            for row in rows
        )

    def _key(self, row: Mapping[str, Any]) -> ColumnElement[str]:
        """Returns the `email_key` of an account that comes to this address: the address, where it is the first there.

        Beside others: its own id, or where that is refused a key that one of them has.
        """
        key: ColumnElement[str] = sa.func.coalesce(sa.func.min(_other.c.email_key), row["email_normalised"])
        if self.shares_mailboxes:
            key = sa.case((sa.func.count() > 0, row["id"]), else_=row["email_normalised"])
        there = (_other.c.email_normalised == row["email_normalised"], _other.c.id != row["id"])
        return sa.select(key).select_from(_other).where(*there).scalar_subquery()

    def _find(self, by: Statement, value: str, **more: str) -> Account | None:
        rows = fetch(self.database, by, value=value, **more) if is_storable(value) else ()
        return rows[0].account if rows else None


def is_storable(text: str) -> bool:
    # With a text that no column can hold (NUL, lone surrogates), the drivers would fail instead of finding nothing.
    return "\x00" not in text and is_encodable(text)


def _what_is_taken(connection: Connection, row: dict[str, Any]) -> Exception:
    for column, refusal in ((_c.rpps, RppsTaken), (_c.email_normalised, EmailTaken)):
        if connection.execute(sa.select(_c.id).where(column == row[column.name])).first():
            return refusal()
    return RuntimeError("the account id or the subject was drawn twice")


def _to_history(change: IdentityChange) -> dict[str, Any]:
    return {
        "account_id": change.account_id,
        "at": change.at,
        "before": _identity_of_history(change.before),
        "after": _identity_of_history(change.after),
    }


def _identity_of_history(identity: ProvedIdentity) -> dict[str, Any]:
    """The RPPS stays in the account, where it never changes."""
    value = to_plain(identity)
    del value["rpps"]
    return value


def _from_history(value: Mapping[str, Any], rpps: str) -> ProvedIdentity:
    return from_plain(ProvedIdentity, {**value, "rpps": rpps})


_BY_ID, _BY_RPPS = _by(_c.id), _by(_c.rpps)
_BY_EMAIL = Statement(
    lambda _: (
        sa.select(*COLUMNS).where(_c.email_normalised == sa.bindparam("value")).order_by(_c.created_at, _c.id)
    ),
    gather=ACCOUNT,
)
_BY_SESSION = _by(_c.id, ~sa.exists().where(ended_sessions.c.sid == sa.bindparam("sid")))
