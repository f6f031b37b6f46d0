"""`AccountRepository` on SQL: one row per person, unique by RPPS, by subject and by e-mail address."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Engine
from sqlalchemy.exc import IntegrityError

from idp.accounts.account import (
    Account,
    AccountId,
    ClosedFor,
    PasswordClosure,
    PostalAddress,
    ProvedIdentity,
)
from idp.accounts.identity_change import IdentityChange
from idp.accounts.repository import AccountNotFound, EmailTaken, RppsTaken, StaleAccount
from idp.adapters.sql.database import insert_into, reading, writing
from idp.adapters.sql.epochs import FLOOR
from idp.adapters.sql.schema import accounts, ended_sessions, identity_changes
from idp.adapters.sql.statement import Gather, Statement
from idp.adapters.sql.work import fetch
from idp.cards.nomenclature import CodedLabel
from idp.core.records import from_plain, to_plain
from idp.core.texts import is_encodable

_c = accounts.c
#: The columns that identify a person for ever. `save` compares them and never writes them.
_LASTING = ("id", "subject", "rpps", "created_at")


def _by(column: ColumnElement[str], *more: ColumnElement[bool]) -> Statement:
    found = sa.select(accounts, FLOOR).where(column == sa.bindparam("value"), *more)
    return Statement(lambda _: found, gather=ACCOUNT)


def normalise_email(address: str) -> str:
    """Returns the form in which addresses are compared: NFC, case folded. Mail goes to the address as typed."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", address).casefold())


@dataclass(frozen=True, slots=True)
class SqlAccounts:
    database: Engine

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

    def find_by_email(self, email: str) -> Account | None:
        return self._find(_BY_EMAIL, normalise_email(email))

    def add(self, account: Account) -> None:
        row = _to_row(account) | {"signed_in_at": account.created_at}
        with writing(self.database) as connection:
            # ON CONFLICT, not a unique violation: PostgreSQL would quote the RPPS in it, and the log would hold it.
            added = insert_into(connection, accounts).values(row).on_conflict_do_nothing().returning(_c.id)
            if connection.execute(added).one_or_none() is None:
                raise _what_is_taken(connection, row)

    def save(self, account: Account, *, change: IdentityChange | None = None) -> None:
        """Write the account. Its RPPS and subject never change: a save that changes one is refused as stale."""
        row = _to_row(account)
        saved = (
            sa.update(accounts)
            .where(_c.id == row["id"], _c.version == row["version"])
            .where(_c.rpps == row["rpps"], _c.subject == row["subject"])
            .values(
                {name: value for name, value in row.items() if name not in _LASTING}
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
            # The address is the only unique column written here. `from None`: the cause quotes it.
            raise EmailTaken from None
        if updated != 1:
            raise StaleAccount

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

    def _find(self, by: Statement, value: str, **more: str) -> Account | None:
        rows = fetch(self.database, by, value=value, **more) if is_storable(value) else ()
        return rows[0].account if rows else None


def is_storable(text: str) -> bool:
    # With a text that no column can hold (NUL, lone surrogates), the drivers would fail instead of finding nothing.
    return "\x00" not in text and is_encodable(text)


def _what_is_taken(connection: Connection, row: dict[str, Any]) -> Exception:
    for column, refusal in ((_c.rpps, RppsTaken), (_c.email_normalised, EmailTaken)):
        if connection.execute(sa.select(_c.id).where(column == row[column.name])).one_or_none():
            return refusal()
    return RuntimeError("the account id or the subject was drawn twice")


def _to_row(account: Account) -> dict[str, Any]:
    identity, address, closure = account.identity, account.address, account.password_closure
    return {
        "id": account.id,
        "subject": account.subject,
        "rpps": identity.rpps,
        "family_name": identity.family_name,
        "given_name": identity.given_name,
        "profession": None if identity.profession is None else to_plain(identity.profession),
        "specialities": [to_plain(speciality) for speciality in identity.specialities],
        "identity_source": identity.source,
        "identity_verified_at": identity.verified_at,
        "identity_evidence": identity.evidence,
        "identity_stated_at": identity.stated_at,
        "email": account.email,
        "email_normalised": normalise_email(account.email),
        "email_verified_at": account.email_verified_at,
        "email_put_off_at": account.email_put_off_at,
        "password_hash": account.password_hash,
        "password_closed_at": closure.at if closure else None,
        "password_closed_for": str(closure.motive) if closure else None,
        "password_closure_told_at": closure.told_at if closure else None,
        "address_line1": address.line1,
        "address_line2": address.line2,
        "address_postal_code": address.postal_code,
        "address_city": address.city,
        "address_country": address.country,
        "created_at": account.created_at,
        "password_changed_at": account.password_changed_at,
        "password_listed_at": account.password_listed_at,
        "enabled": account.enabled,
        "generation": account.generation,
        "charter_revision": account.charter_revision,
        "locale": account.locale,
        "version": account.version,
        "closing_at": account.closing_at,
        "disabled_motive": account.disabled_motive,
    }


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


def _closure(row: Any) -> PasswordClosure | None:
    if row.password_closed_at is None:
        return None
    return PasswordClosure(
        at=row.password_closed_at,
        motive=ClosedFor(row.password_closed_for),
        told_at=row.password_closure_told_at,
    )


def _read(row: Any) -> Account:
    return Account(
        id=AccountId(row.id),
        subject=row.subject,
        identity=ProvedIdentity(
            rpps=row.rpps,
            family_name=row.family_name,
            given_name=row.given_name,
            profession=None if row.profession is None else from_plain(CodedLabel, row.profession),
            specialities=tuple(from_plain(CodedLabel, one) for one in row.specialities),
            source=row.identity_source,
            verified_at=row.identity_verified_at,
            evidence=row.identity_evidence,
            stated_at=row.identity_stated_at,
        ),
        email=row.email,
        email_verified_at=row.email_verified_at,
        email_put_off_at=row.email_put_off_at,
        password_hash=row.password_hash,
        password_closure=_closure(row),
        address=PostalAddress(
            line1=row.address_line1,
            line2=row.address_line2,
            postal_code=row.address_postal_code,
            city=row.address_city,
            country=row.address_country,
        ),
        created_at=row.created_at,
        password_changed_at=row.password_changed_at,
        password_listed_at=row.password_listed_at,
        enabled=row.enabled,
        generation=max(row.generation, row.floor or 0),
        charter_revision=row.charter_revision,
        locale=row.locale,
        version=row.version,
        closing_at=row.closing_at,
        disabled_motive=row.disabled_motive,
        signed_in_at=row.signed_in_at,
    )


#: Of the columns of `accounts`, all of them and in their order, and `FLOOR`.
ACCOUNT = Gather("account", (*_c.keys(), FLOOR.name), _read)
_BY_ID, _BY_RPPS, _BY_EMAIL = _by(_c.id), _by(_c.rpps), _by(_c.email_normalised)
_BY_SESSION = _by(_c.id, ~sa.exists().where(ended_sessions.c.sid == sa.bindparam("sid")))
