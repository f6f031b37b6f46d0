"""A new e-mail address, from the form to the code that proves it; and the link by which its change is disowned.

Contains the change under way, and the port to the links (facts/security §0.2, RC4). Not here: the code (`email_otp`),
mails, pages, SQL.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from idp.accounts.account import Account, AccountId
from idp.accounts.code_keys import CodeHolder
from idp.accounts.repository import AccountRepository
from idp.core.ephemeral import EphemeralStore, Kind
from idp.core.records import from_plain, to_plain


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChange:
    """Of one person, in one place: a session, or a sign-in under way. `email` may also be the address that the account
    has, to be proved again.

    `is_taken`: it is another account's, whose owner was told; to this person nothing says so, and no code proves it.
    """

    account_id: AccountId
    email: str
    is_taken: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChanges:
    """`durable`: where the codes are, so that both are written in one commit."""

    durable: EphemeralStore
    accounts: AccountRepository
    life: timedelta
    #: An address may be that of several accounts.
    is_sharing_allowed: bool

    def owner_of(self, email: str, account: Account) -> Account | None:
        """Returns the other account that has this address, the oldest of several; None when this one may have it."""
        there = self.accounts.having_email(email)
        if self.is_sharing_allowed or any(one.id == account.id for one in there):
            return None
        return next(iter(there), None)

    def begin(self, place: str, change: EmailChange) -> None:
        """Write it with the present unit of work, instead of the one before."""
        self.durable.put(Kind.EMAIL_CHANGE, place, to_plain(change), self.life)

    def under_way(self, place: str, account: Account) -> EmailChange | None:
        """Returns that of this place, if it is this person's."""
        stored = self.durable.get(Kind.EMAIL_CHANGE, place)
        change = None if stored is None else from_plain(EmailChange, stored.value)
        return change if change is not None and change.account_id == account.id else None

    def forget(self, place: str) -> None:
        """With the present unit of work."""
        self.durable.clear([(Kind.EMAIL_CHANGE, place)])


def address_holder(place: str, account: Account, email: str) -> CodeHolder:
    """Returns whom the code is for that proves this address: it is good in this place alone."""
    return CodeHolder(rpps=account.identity.rpps, browser=place, purpose="address", email=email)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailUndo:
    """What one link closes: the password door of this account, until `ends_at`, once."""

    token_sha256: str
    account_id: AccountId
    changed_at: datetime
    ends_at: datetime
    used_at: datetime | None = None


class UndoSpent(Exception):
    """The link was used in this instant, or is none."""


class EmailUndos(Protocol):
    def add(self, undo: EmailUndo) -> None:
        """Write it with the present unit of work."""

    def find(self, token: str) -> EmailUndo | None:
        """Returns what is kept under this token, used or over as it may be."""

    def use(self, token: str, now: datetime) -> None:
        """Mark it as used with the present unit of work. Raises UndoSpent, by the end of that at the latest."""


def new_undo(account_id: AccountId, now: datetime, life: timedelta) -> tuple[str, EmailUndo]:
    """Returns the token of a new link (256 bits), and what is kept of it."""
    token = secrets.token_urlsafe(32)
    undo = EmailUndo(token_sha256=digest_of(token), account_id=account_id, changed_at=now, ends_at=now + life)
    return token, undo


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvedAgain:
    """`after`: an address proved longer ago is proved again; of no length: never. `put_off_for`: « Plus tard ».
    `offered_for`: an address that the operator noted is asked about for so long."""

    after: timedelta
    put_off_for: timedelta
    offered_for: timedelta

    def is_due(self, account: Account, now: datetime) -> bool:
        if not (self.is_old(account, now) or self.offered(account, now)):
            return False
        put_off_at = account.email_put_off_at
        return put_off_at is None or now - put_off_at >= self.put_off_for

    def is_old(self, account: Account, now: datetime) -> bool:
        return bool(self.after) and now - account.email_verified_at >= self.after

    def offered(self, account: Account, now: datetime) -> str:
        """Returns the address that the operator noted for this person, "" for none."""
        offer = account.email_offer
        return offer.email if offer is not None and now - offer.at < self.offered_for else ""
