"""What a person reads of their account's past: the events of the audit trail that mean something to them.

Contains which they are, and the port that reads them. Not here: their words (`pages/history`), the trail's other
readers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from idp.accounts.account import AccountId
from idp.core.audit import AuditEvent, Fact

#: As far as it goes back, however long the operator keeps the trail.
REACH = timedelta(days=365)

#: Each with the fact by which its words differ, if one does.
TOLD: Mapping[AuditEvent, str] = {
    AuditEvent.SESSION_STARTED: "door",
    AuditEvent.SESSION_ENDED: "by",
    AuditEvent.SESSION_DISOWNED: "",
    AuditEvent.PASSWORD_REFUSED: "",
    AuditEvent.MAIL_CODE_REFUSED: "",
    AuditEvent.PASSWORD_LISTED: "",
    AuditEvent.PASSWORD_CHANGED: "",
    AuditEvent.PASSWORD_CLOSED: "",
    AuditEvent.ACTIVATION_ISSUED: "",
    AuditEvent.ACTIVATION_USED: "",
    AuditEvent.ACTIVATION_REFUSED: "",
    AuditEvent.PASSKEY_REFUSED: "",
    AuditEvent.PASSKEY_ADDED: "",
    AuditEvent.PASSKEY_RENAMED: "",
    AuditEvent.PASSKEY_REMOVED: "",
    AuditEvent.ADDRESS_CHANGED: "",
    AuditEvent.EMAIL_CHANGED: "",
    AuditEvent.EMAIL_OFFERED: "",
    AuditEvent.EMAIL_DISOWNED: "",
    AuditEvent.EMAIL_PROVED_AGAIN: "",
    AuditEvent.ENROLMENT_COMPLETED: "",
    AuditEvent.PROOF_ADDED: "source",
    AuditEvent.IDENTITY_CHANGED: "",
    AuditEvent.PSC_LINKED: "",
    AuditEvent.PSC_SUBJECT_CHANGED: "",
    AuditEvent.CHARTER_ACCEPTED: "",
    AuditEvent.CHARTER_REFUSED: "",
    AuditEvent.CHARTER_PUT_OFF: "",
    AuditEvent.CHARTER_REMINDED: "",
    AuditEvent.CONTEXT_CHOSEN: "",
    AuditEvent.CONTEXT_FORGOTTEN: "",
    AuditEvent.DATA_EXPORTED: "by",
    AuditEvent.CLOSE_REQUESTED: "by",
    AuditEvent.CLOSE_CANCELLED: "",
    AuditEvent.ACCOUNT_UNUSED_TOLD: "",
    AuditEvent.ACCOUNT_DISABLED: "by",
    AuditEvent.ACCOUNT_ENABLED: "",
    AuditEvent.ACCOUNT_UNLOCKED: "",
    AuditEvent.ACCOUNT_REPORTED: "",
}
#: Somebody had the password, or tried it: if it was another one, the password door is closed.
_BY_PASSWORD = frozenset(
    {
        AuditEvent.PASSWORD_REFUSED,
        AuditEvent.MAIL_CODE_REFUSED,
        AuditEvent.PASSWORD_CHANGED,
        AuditEvent.ACTIVATION_USED,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """`id`: the later, the higher. `client_id`: of the application, if the event names one."""

    id: int
    at: datetime
    event: AuditEvent
    client_id: str | None
    facts: Mapping[str, Fact]
    #: Of the sign-in that it belongs to, "" for none.
    interaction_id: str = ""

    @property
    def variant(self) -> str:
        """Returns the fact by which its words differ, "" for none."""
        return str(self.facts.get(TOLD[self.event], ""))

    @property
    def is_by_password(self) -> bool:
        is_entry = self.event is AuditEvent.SESSION_STARTED and self.facts.get("door") == "password"
        return is_entry or self.event in _BY_PASSWORD


class AccountHistory(Protocol):
    def of(
        self, account_id: AccountId, since: datetime, most: int, *, before: int | None = None
    ) -> Sequence[HistoryEntry]:
        """Returns the newest since then, those after come first. `before`: only those of a lower id."""

    def find(self, account_id: AccountId, entry_id: int) -> HistoryEntry | None:
        """Returns one of this account, None for anything else."""

    def passkeys_of(self, account_id: AccountId, entry: HistoryEntry) -> frozenset[str]:
        """Returns the passkeys that opened or were added in what it tells; they may be removed since."""
