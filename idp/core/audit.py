"""Port to the audit trail: who did what, when, with which result.

Contains the events, named `subject:action:outcome`. Their facts are short typed values; the account is named by its
internal id only. Not here: personal data, secrets, codes, tokens (facts/security LG1-LG3).
"""

from enum import StrEnum
from typing import Protocol

Fact = str | int | bool


class AuditEvent(StrEnum):
    CARD_LOGIN_ACCEPTED = "card:login:accepted"
    CARD_LOGIN_REFUSED = "card:login:refused"
    TRUST_ADDED = "trust:add:accepted"
    PROOF_ADDED = "identity:proof:added"
    PROOF_REFUSED = "identity:proof:refused"
    CARD_HEADER_REFUSED = "card:header:refused"
    CARD_STATUS_BYPASSED = "card:status:bypassed"
    PSC_LOGIN_ACCEPTED = "psc:login:accepted"
    PSC_LOGIN_REFUSED = "psc:login:refused"
    PSC_LINKED = "psc:link:accepted"
    PSC_SUBJECT_CHANGED = "psc:link:subject_changed"
    #: One `sub` came with two RPPS: the operator must investigate.
    PSC_SUBJECT_CONFLICT = "psc:link:refused"
    PSC_LOGOUT_REFUSED = "psc:logout:refused"
    PSC_OUTAGE_BEGAN = "psc:circuit:opened"
    PSC_OUTAGE_ENDED = "psc:circuit:closed"
    CONTEXT_CHOSEN = "context:choose:accepted"
    CONTEXT_FORGOTTEN = "context:forget:accepted"
    IDENTITY_CHANGED = "identity:update:accepted"
    PASSWORD_ACCEPTED = "password:check:accepted"
    PASSWORD_REFUSED = "password:check:refused"
    PASSWORD_THROTTLED = "password:check:throttled"
    #: Guessing spread over many persons.
    PASSWORD_SPREAD = "password:spread:warned"
    #: The lists of common and leaked passwords have learned it since it was chosen.
    PASSWORD_LISTED = "password:check:listed"
    PASSWORD_CHANGED = "password:change:accepted"
    PASSWORD_CLOSED = "password:close:accepted"
    EMAIL_CHANGED = "email:change:accepted"
    EMAIL_CHANGE_REFUSED = "email:change:refused"
    EMAIL_DISOWNED = "email:change:disowned"
    EMAIL_PROVED_AGAIN = "email:prove:accepted"
    EMAIL_PUT_OFF = "email:prove:put_off"
    #: The address is that of another account too.
    EMAIL_SHARED = "email:share:accepted"
    ADDRESS_CHANGED = "address:change:accepted"
    MAIL_CODE_SENT = "mail_code:send:accepted"
    MAIL_CODE_NOT_SENT = "mail_code:send:throttled"
    MAIL_CODE_ACCEPTED = "mail_code:check:accepted"
    MAIL_CODE_REFUSED = "mail_code:check:refused"
    PASSKEY_ADDED = "passkey:add:accepted"
    PASSKEY_NOT_ADDED = "passkey:add:refused"
    PASSKEY_REMOVED = "passkey:remove:accepted"
    PASSKEY_RENAMED = "passkey:rename:accepted"
    PASSKEY_ACCEPTED = "passkey:login:accepted"
    PASSKEY_REFUSED = "passkey:login:refused"
    PASSKEY_COUNTER_ODD = "passkey:counter:warned"
    ENROLMENT_COMPLETED = "enrolment:complete:accepted"
    ENROLMENT_REFUSED = "enrolment:complete:refused"
    CHARTER_PUBLISHED = "charter:publish:accepted"
    CHARTER_ACCEPTED = "charter:answer:accepted"
    CHARTER_REFUSED = "charter:answer:refused"
    CODE_ISSUED = "code:issue:accepted"
    CODE_REDEEMED = "code:redeem:accepted"
    CODE_REUSED = "code:redeem:reused"
    TOKEN_REFRESHED = "token:refresh:accepted"
    REFRESH_REUSED = "token:refresh:reused"
    GRANT_REVOKED = "grant:revoke:accepted"
    ISSUE_REFUSED = "token:issue:refused"
    SESSION_STARTED = "session:start:accepted"
    SESSION_ENDED = "session:end:accepted"
    SESSION_CONFIRMED = "session:confirm:accepted"
    SESSION_DISOWNED = "session:confirm:refused"
    LOGOUT_DELIVERED = "logout:notify:accepted"
    LOGOUT_REFUSED = "logout:notify:refused"
    LOGOUT_ABANDONED = "logout:notify:abandoned"
    CLIENT_REFUSED = "client:authenticate:refused"
    CERTIFICATE_REFUSED = "client:certificate:refused"
    DATA_EXPORTED = "data:export:accepted"
    CLOSE_REQUESTED = "account:close:requested"
    CLOSE_CANCELLED = "account:close:cancelled"
    ACCOUNT_ERASED = "account:erase:accepted"
    ACCOUNT_UNUSED_TOLD = "account:unused:told"
    ACCOUNT_DISABLED = "account:disable:accepted"
    ACCOUNT_ENABLED = "account:enable:accepted"
    #: By an administrator who checked who the person is.
    ACTIVATION_ISSUED = "activation:issue:accepted"
    ACTIVATION_USED = "activation:use:accepted"
    ACTIVATION_REFUSED = "activation:use:refused"
    ACCOUNT_UNLOCKED = "account:unlock:accepted"
    #: « Ce n'était pas moi », of an entry of the history.
    ACCOUNT_REPORTED = "account:report:accepted"
    #: `idp db backup` copied the database; `sha256` is that of the file, `keys` tells whether private keys are in it
    BACKUP_TAKEN = "backup:take:accepted"
    #: `idp epoch new`, or a restored database, voided everything begun before, of everybody; `reason` is `operator` or
    #: `restore`, with the `sessions` and `grants` that ended
    EPOCH_BEGUN = "epoch:begin:accepted"
    INCIDENT_ENDED = "incident:end:accepted"
    KEY_GENERATED = "key:generate:accepted"
    KEY_ROTATED = "key:rotate:accepted"
    KEY_RETIRED = "key:retire:accepted"
    KEY_REVOKED = "key:revoke:accepted"


class Audit(Protocol):
    def record(
        self,
        event: AuditEvent,
        *,
        account_id: str | None = None,
        client_id: str | None = None,
        interaction_id: str | None = None,
        **facts: Fact,
    ) -> None:
        """Write one event. Committed before this returns."""
