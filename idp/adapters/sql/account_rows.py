"""How an account is kept in its row, and read from it with what other rows say of it.

Not here: the statements (`accounts`).
"""

import unicodedata
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement

from idp.accounts.account import (
    Account,
    AccountId,
    ClosedFor,
    EmailOffer,
    PasswordClosure,
    PostalAddress,
    ProvedIdentity,
)
from idp.adapters.sql.epochs import FLOOR
from idp.adapters.sql.passkey_schema import passkey_offers, passkeys
from idp.adapters.sql.schema import accounts
from idp.adapters.sql.statement import Gather
from idp.cards.nomenclature import CodedLabel
from idp.core.records import from_plain, to_plain


def address_in(table: sa.FromClause) -> ColumnElement[str]:
    """Returns the address of an account, in the form in which addresses are compared."""
    return sa.func.coalesce(table.c.email_beside, table.c.email_key)


def has_address(table: sa.FromClause, address: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether an account has it, by index: the key of one that is beside others is no address."""
    return sa.or_(table.c.email_key == address, table.c.email_beside == address)


_other = accounts.alias("other")
_is_mailbox_shared = (
    sa.exists()
    .where(has_address(_other, address_in(accounts)), _other.c.id != accounts.c.id)
    .correlate(accounts)
)
_has_passkey = sa.exists().where(passkeys.c.account_id == accounts.c.id).correlate(accounts)
_declines_passkeys = sa.exists().where(passkey_offers.c.account_id == accounts.c.id).correlate(accounts)


def normalise_email(address: str) -> str:
    """Returns the form in which addresses are compared: NFC, case folded. Mail goes to the address as typed."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", address).casefold())


def to_row(account: Account) -> dict[str, Any]:
    identity, address, closure = account.identity, account.address, account.password_closure
    offer = account.email_offer
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
        "email_verified_at": account.email_verified_at,
        "email_put_off_at": account.email_put_off_at,
        "email_offered": offer.email if offer else None,
        "email_offered_at": offer.at if offer else None,
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
        email_offer=None
        if row.email_offered is None
        else EmailOffer(row.email_offered, row.email_offered_at),
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
        charter_put_off_at=row.charter_put_off_at,
        is_mailbox_shared=row.is_mailbox_shared,
        has_passkey=row.has_passkey,
        declines_passkeys=row.declines_passkeys,
    )


#: Of the accounts that somebody may sign in to.
OPEN = (accounts.c.enabled, accounts.c.closing_at.is_(None))

#: What a SELECT of accounts names, in this order, for `ACCOUNT`: the row, and what others say at that instant.
COLUMNS: "tuple[sa.ColumnElement[Any], ...]" = (
    *accounts.c,
    FLOOR,
    sa.type_coerce(_is_mailbox_shared, sa.Boolean).label("is_mailbox_shared"),
    sa.type_coerce(_has_passkey, sa.Boolean).label("has_passkey"),
    sa.type_coerce(_declines_passkeys, sa.Boolean).label("declines_passkeys"),
)
ACCOUNT = Gather("account", tuple(str(column.key) for column in COLUMNS), _read)
