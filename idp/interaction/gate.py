"""The gate in front of every code and every token: it reads the account row, never the session (facts/security T33)."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from idp.accounts.account import Account
from idp.accounts.charter import CharterRepository, NoCharterPublished, is_charter_due
from idp.interaction.assurance import RANK
from idp.interaction.record import Acr


class MayNotIssue(StrEnum):
    """Shared by the exception, the error returned and the audit."""

    DISABLED = "account_disabled"
    NOT_BEFORE = "session_older_than_account_event"
    CHARTER_DUE = "charter_due"
    ACR_TOO_LOW = "acr_too_low"


class IssueRefused(Exception):
    def __init__(self, reason: MayNotIssue) -> None:
        super().__init__(reason)
        self.reason = reason


class _Asks(Protocol):
    @property
    def minimum_acr(self) -> Acr: ...


def may_issue(
    account: Account, client: _Asks, *, acr: Acr, authorized_at: datetime, charters: CharterRepository
) -> None:
    """Raises IssueRefused with the first reason that forbids it. Called at code issue and at redemption.

    `authorized_at`: when the session (code issue) or the grant (redemption) began.
    """
    try:
        charter_due = is_charter_due(account, charters.current())
    except NoCharterPublished:
        charter_due = True
    reasons = {
        MayNotIssue.DISABLED: not account.enabled,
        MayNotIssue.NOT_BEFORE: account.not_before is not None and authorized_at < account.not_before,
        MayNotIssue.CHARTER_DUE: charter_due,
        MayNotIssue.ACR_TOO_LOW: RANK[acr] < RANK[client.minimum_acr],
    }
    for reason, holds in reasons.items():
        if holds:
            raise IssueRefused(reason)
