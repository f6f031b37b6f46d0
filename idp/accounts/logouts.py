"""Logout notices: which relying parties must be told that an SSO session ended, and which have been."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from idp.accounts.account import AccountId


class NoticeState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    REFUSED = "refused"  # the relying party answered that it will not accept it: not sent again
    ABANDONED = "abandoned"  # no more retries


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutNotice:
    """The end of one session, to tell one client. `attempt`: the lease under which a worker holds it."""

    id: int
    sid: str
    client_id: str
    account_id: AccountId
    ended_at: datetime
    state: NoticeState
    #: How many calls were answered or failed.
    deliveries: int
    #: Result of the last call: an HTTP status, or the name of the failure.
    outcome: str | None
    attempt: int


@dataclass(frozen=True, slots=True)
class LogoutAnswer:
    """What a call gave. `outcome`: the HTTP status, or the name of what prevented it."""

    outcome: int | str
    #: The relying party's own, for the operator: short, on one line, without what could be a person or a secret.
    words: str = ""


class LogoutNotices(Protocol):
    """Durable. `GrantRepository.end_session` writes the notices in the same commit as the end of the session."""

    def clients_due(self, now: datetime) -> Sequence[str]:
        """Returns the clients that have a notice to deliver now."""

    def lease_next(self, client_id: str, now: datetime) -> LogoutNotice | None:
        """Returns a notice for this client, leased to the calling worker alone; None when none is due."""

    def postpone(self, held: LogoutNotice, until: datetime, outcome: str, deliveries: int) -> bool:
        """Returns False when the lease was lost: the worker that holds it now decides."""

    def settle(self, held: LogoutNotice, state: NoticeState, outcome: str, deliveries: int) -> bool:
        """Write the final state. Returns False when the lease was lost."""
