"""Logout notices: which relying parties are to hear that an SSO session ended, and how far that is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from idp.accounts.account import AccountId


class NoticeState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    REFUSED = "refused"  # the relying party will not have it: asking again is useless
    ABANDONED = "abandoned"  # no more retries


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutNotice:
    """One session's end, for one client. `attempt` is the lease under which it is held."""

    id: int
    sid: str
    client_id: str
    account_id: AccountId
    ended_at: datetime
    state: NoticeState
    #: Calls that were answered or failed.
    deliveries: int
    #: Of the last of them: an HTTP status, or the name of what went wrong.
    outcome: str | None
    attempt: int


class LogoutNotices(Protocol):
    """Durable, filled by `GrantRepository.end_session` in the same commit as the end itself."""

    def clients_due(self, now: datetime) -> Sequence[str]:
        """Clients for which a notice is to be delivered now."""

    def lease_next(self, client_id: str, now: datetime) -> LogoutNotice | None:
        """One notice of this client, which nobody else gets while it is held; None when none is due."""

    def postpone(self, held: LogoutNotice, until: datetime, outcome: str, deliveries: int) -> bool:
        """False when the lease was lost: another holder decides."""

    def settle(self, held: LogoutNotice, state: NoticeState, outcome: str, deliveries: int) -> bool:
        """For good. False when the lease was lost."""
