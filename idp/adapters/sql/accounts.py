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
from idp.adapters.sql.account_rows import ACCOUNT, COLUMNS, address_in, has_address, normalise_email, to_row
from idp.adapters.sql.backends import allow_time
from idp.adapters.sql.database import insert_into, reading, writing
from idp.adapters.sql.schema import accounts, ended_sessions, identity_changes
from idp.adapters.sql.statement import Statement
from idp.adapters.sql.work import fetch
from idp.core.records import from_plain, to_plain
from idp.core.texts import is_encodable

_c, _other = accounts.c, accounts.alias("other")
#: The columns that identify a person for ever. `save` compares them and never writes them.
_LASTING = ("id", "subject", "rpps", "created_at")

_TO_READ_ALL_SECONDS = 60


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
                .values(row | self._place(row["id"], account.email))
                .on_conflict_do_nothing()
                .returning(_c.id)
            )
            # Twice where mailboxes are shared: of two who came first to an address at one instant, one stands beside.
            for _ in range(1 + self.shares_mailboxes):
                if connection.execute(added).one_or_none() is not None:
                    return
            raise _what_is_taken(connection, account)

    def save(self, account: Account, *, change: IdentityChange | None = None) -> None:
        """Write the account. Its RPPS and subject never change: a save that changes one is refused as stale."""
        row, place = to_row(account), self._place(account.id, account.email)
        stays = address_in(accounts) == normalise_email(account.email)
        saved = (
            sa.update(accounts)
            .where(_c.id == row["id"], _c.version == row["version"])
            .where(_c.rpps == row["rpps"], _c.subject == row["subject"])
            .values(
                {name: value for name, value in row.items() if name not in _LASTING}
                | {name: sa.case((stays, _c[name]), else_=value) for name, value in place.items()}
                | {"version": _c.version + 1}
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
        """Returns how many addresses are those of several accounts. It reads every account: no request waits for it."""
        address = address_in(accounts)
        shared = sa.select(address).group_by(address).having(sa.func.count() > 1)
        with reading(self.database) as connection:
            allow_time(connection, _TO_READ_ALL_SECONDS)
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

    def _place(self, account_id: AccountId, email: str) -> dict[str, ColumnElement[Any]]:
        """Returns what an account that comes to this address writes: as its key the address, if it is the first there,
        else the address beside a key of its own.

        Beside others the key is its own id, or where that is refused one that others have.
        """
        address = sa.literal(normalise_email(email))
        there = (has_address(_other, address), _other.c.id != account_id)
        is_first = sa.func.count() == 0
        beside: ColumnElement[str] = (
            sa.literal(account_id) if self.shares_mailboxes else sa.func.min(_other.c.email_key)
        )
        values = {"email_key": (address, beside), "email_beside": (sa.null(), address)}
        return {
            name: sa.select(sa.case((is_first, first), else_=other))
            .select_from(_other)
            .where(*there)
            .scalar_subquery()
            for name, (first, other) in values.items()
        }

    def _find(self, by: Statement, value: str, **more: str) -> Account | None:
        rows = fetch(self.database, by, value=value, **more) if is_storable(value) else ()
        return rows[0].account if rows else None


def is_storable(text: str) -> bool:
    # With a text that no column can hold (NUL, lone surrogates), the drivers would fail instead of finding nothing.
    return "\x00" not in text and is_encodable(text)


def _what_is_taken(connection: Connection, account: Account) -> Exception:
    taken: Mapping[type[Exception], ColumnElement[bool]] = {
        RppsTaken: _c.rpps == account.identity.rpps,
        EmailTaken: has_address(accounts, sa.literal(normalise_email(account.email))),
    }
    for refusal, is_there in taken.items():
        if connection.execute(sa.select(_c.id).where(is_there)).first():
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
        sa.select(*COLUMNS).where(has_address(accounts, sa.bindparam("value"))).order_by(_c.created_at, _c.id)
    ),
    gather=ACCOUNT,
)
_BY_SESSION = _by(_c.id, ~sa.exists().where(ended_sessions.c.sid == sa.bindparam("sid")))
