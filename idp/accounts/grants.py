"""The durable record of each authorization granted to a relying party: it keeps a revoked token revoked."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from idp.accounts.account import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """One authorization code and all tokens issued from it. `sid`: the SSO session in which it was granted.

    `generation`: that of the account which the gate let pass. `upstream_sid`: Pro Santé Connect's session, if the
    person came from there. `context_key`: of the professional context taken by the request's hint, if one was.
    """

    id: str
    account_id: AccountId
    client_id: str
    sid: str
    granted_at: datetime
    generation: int = 0
    upstream_sid: str | None = None
    context_key: str | None = None
    redeemed_at: datetime | None = None
    revoked_at: datetime | None = None


class SessionEnded(Exception):
    """The session in which the grant was to be made has been ended by a logout."""


class GrantSpent(Exception):
    """The grant was redeemed or revoked before, or its session ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedSession:
    """What the end of a session found. `is_first`: it had not ended before."""

    #: None: no grant names the session.
    account_id: AccountId | None
    #: Every client that redeemed a grant of it.
    clients: frozenset[str]
    is_first: bool


class GrantRepository(Protocol):
    def add(self, grant: Grant) -> None:
        """Write the grant with the present unit of work. Raises SessionEnded, on leaving the unit."""

    def get(self, grant_id: str) -> Grant | None: ...

    def redeem(self, grant_id: str, now: datetime) -> None:
        """Redeem the grant with the present unit of work; survives a lost ephemeral store.

        Raises GrantSpent, on leaving the unit: of several callers all but one.
        """

    def revoke(self, grant_id: str, now: datetime) -> None: ...

    def end_session(self, sid: str, now: datetime, listeners: Collection[str]) -> EndedSession:
        """End an SSO session in one commit: revoke its grants, void its codes, queue its logout notices.

        Each client in `listeners` that redeemed a grant of the session gets one notice, even if this is called again.
        """

    def sessions_from(self, upstream_sid: str) -> Collection[str]:
        """Returns the `sid` of each session with a grant that came from this session of Pro Santé Connect."""

    def end_sessions_of(
        self, account_id: AccountId, now: datetime, listeners: Collection[str], spared: str = ""
    ) -> Collection[str]:
        """End every session of an account in the same way, but the one that is spared. Returns each that had not ended
        before."""
