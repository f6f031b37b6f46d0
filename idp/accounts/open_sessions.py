"""Port to the list of a person's SSO sessions: what the record by cookie cannot give, since no person finds it.

Contains the durable row of a session, which opens nothing. Not here: the session itself (`interaction/session`), its
end (`grants`), the mail about a new browser (`new_browsers`).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from idp.accounts.account import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a session began. `browser`, `system`: their usual names; "": unknown."""

    browser: str = ""
    system: str = ""
    #: The address, shortened; for a network that the operator named, that name; "" when it is not told.
    network: str = ""
    #: What is kept of it, in the order of addresses (`incident`); "" when it is not told.
    address: str = ""
    #: It is in a network that the operator named, or whose stations are shared.
    is_of_house: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    sid: str
    account_id: AccountId
    started_at: datetime
    #: By which it was proved last: one of `DOORS` (`interaction/authenticator`).
    door: str
    origin: Origin
    #: At the latest; it may have ended before.
    ends_at: datetime
    #: When the person is told of it by mail: it began in a browser that they had not used. None: nothing to tell.
    tell_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ListedSession:
    """`applications`: the `client_id` of each that signed the person in with it."""

    session: OpenSession
    applications: tuple[str, ...]


class NothingToTell(Exception):
    """Another worker told the person."""


class OpenSessions(Protocol):
    def note(self, session: OpenSession) -> None:
        """Write the row with the present unit of work, or what changed of it. What is still to tell stays so."""

    def of(self, account_id: AccountId, now: datetime) -> Sequence[ListedSession]:
        """Returns those that nobody ended, the newest first, a hundred at most. Some may be idle for too long."""

    def to_tell(self, now: datetime) -> Sequence[AccountId]:
        """Returns whom something is to be told by now, some at most."""

    def untold(self, account_id: AccountId) -> Sequence[OpenSession]:
        """Returns what is to be told to this person, also what is not due yet: the oldest first, a hundred at most."""

    def told(self, sids: Collection[str]) -> None:
        """Note with the present unit of work that these were told. Raises NothingToTell, by its end."""
