"""The gate in front of every code and every token (facts/security T33).

Contains the reasons not to issue, and the order in which they are told. It decides on the account row, never on the
session, which remembers what was true at the sign-in. Not here: how each door answers a refusal (`protocol`).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from idp.accounts.account import Account
from idp.accounts.standing import Standing
from idp.interaction.assurance import RANK, WAYS
from idp.interaction.authenticator import Acr, Doors, usable_paths
from idp.interaction.record import OF_NO_CLIENT


class MayNotIssue(StrEnum):
    """The one list of reasons: of the exception, the error returned and the audit."""

    DISABLED = "account_disabled"
    CLOSING = "account_closing"
    NOT_BEFORE = "session_older_than_account_event"
    CHARTER_DUE = "charter_due"
    ACR_TOO_LOW = "acr_too_low"
    DOOR_CLOSED = "door_closed"


class IssueRefused(Exception):
    def __init__(self, reason: MayNotIssue) -> None:
        super().__init__(reason)
        self.reason = reason


class Requester(Protocol):
    """The relying party that a person is let in for, and what it demands of them."""

    @property
    def client_id(self) -> str: ...
    @property
    def minimum_acr(self) -> Acr: ...
    @property
    def charters(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class _OwnPages:
    """« Mon compte »: what this service demands for its own pages."""

    client_id: str = OF_NO_CLIENT
    minimum_acr: Acr = Acr.PWD_OTP
    charters: tuple[str, ...] = ()


OWN_PAGES: Requester = _OwnPages()


@dataclass(frozen=True, slots=True)
class Gate:
    doors: Doors

    def may_issue(self, standing: Standing, client: Requester, *, acr: Acr, generation: int) -> None:
        """Raises IssueRefused with the first reason that forbids it. Called at code issue, redemption and refresh.

        `standing`: read for the charters of this client. `generation`: the account's, when what is shown (proofs and
        session, grant) began.
        """
        against = self.against(standing, client, acr=acr, generation=generation)
        if against:
            raise IssueRefused(against[0])

    def against(
        self, standing: Standing, client: Requester, *, acr: Acr, generation: int
    ) -> list[MayNotIssue]:
        """Returns every reason that forbids it, the first one to tell first; none: it may be issued."""
        account = standing.account
        # facts/security §4.3: all are evaluated on the account row of this moment; the first that holds is told.
        reasons = (
            (MayNotIssue.DISABLED, not account.may_sign_in),
            (MayNotIssue.CLOSING, account.closing_at is not None),
            (MayNotIssue.NOT_BEFORE, account.has_voided(generation)),
            (MayNotIssue.CHARTER_DUE, standing.is_any_charter_due),
            (MayNotIssue.ACR_TOO_LOW, RANK[acr] < RANK[client.minimum_acr]),
            (MayNotIssue.DOOR_CLOSED, not self._is_door_open(client, account, acr)),
        )
        return [reason for reason, holds in reasons if holds]

    def _is_door_open(self, client: Requester, account: Account, acr: Acr) -> bool:
        """Whether a door to this acr is still open, here, for this client and this person: a closed one proves nothing
        any more."""
        return bool(usable_paths(self.doors.usable(client.client_id, account), WAYS[acr]))
