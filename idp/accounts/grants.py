"""Durable record of each authorization granted to a relying party: what makes a revoked token stay revoked."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from idp.accounts.account import Account, AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One authorization code and all tokens born of it. `sid` is the SSO session it came from."""

    id: str
    account_id: AccountId
    client_id: str
    sid: str
    granted_at: datetime
    redeemed_at: datetime | None = None
    revoked_at: datetime | None = None


def is_living(grant: Grant, account: Account) -> bool:
    """Not revoked, of an account that may sign in, and not voided by an event of it since."""
    return grant.revoked_at is None and account.may_sign_in and not account.has_voided(grant.granted_at)


class SessionEnded(Exception):
    """The session that a grant would come from was ended on purpose."""


class GrantRepository(Protocol):
    def add(self, grant: Grant) -> None:
        """Raises SessionEnded."""

    def get(self, grant_id: str) -> Grant | None: ...

    def redeem(self, grant_id: str, now: datetime) -> bool:
        """True for the first caller of an unredeemed, unrevoked grant; atomic, and durable across a lost store."""

    def revoke(self, grant_id: str, now: datetime) -> None: ...

    def end_session(self, sid: str, now: datetime, listeners: Collection[str]) -> frozenset[str]:
        """The end of an SSO session, in one commit: its grants revoked, its codes void, its notices queued.

        Every client that redeemed a grant in it and is in `listeners` gets one logout notice, however often this is
        called. Gives all clients that redeemed one.
        """

    def end_sessions_of(self, account_id: AccountId, now: datetime, listeners: Collection[str]) -> None:
        """The same for every session of an account."""
