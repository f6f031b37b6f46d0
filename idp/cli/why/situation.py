"""What is known of a person, or of one sign-in, at the moment when somebody calls.

Contains the facts that the reasons are judged on (`reasons`) and the page is made of (`words`). Not here: reading them
(`found`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from idp.accounts.account import Account
from idp.accounts.open_sessions import ListedSession
from idp.accounts.proofs import IdentityProof
from idp.accounts.throttle import Closed, Wait
from idp.adapters.sql.mails_to import MailTo
from idp.cli.let_in import Entering
from idp.core.audit import AuditEvent, Fact
from idp.core.audit_record import AuditRecord

#: What the help desk is shown of a person's trail; the words are in `templates/why`.
LISTED = (
    AuditEvent.CARD_LOGIN_ACCEPTED,
    AuditEvent.CARD_LOGIN_REFUSED,
    AuditEvent.CARD_STATUS_BYPASSED,
    AuditEvent.PSC_LOGIN_ACCEPTED,
    AuditEvent.PSC_LOGIN_REFUSED,
    AuditEvent.PSC_SUBJECT_CONFLICT,
    AuditEvent.PASSWORD_ACCEPTED,
    AuditEvent.PASSWORD_REFUSED,
    AuditEvent.PASSWORD_THROTTLED,
    AuditEvent.PASSWORD_LISTED,
    AuditEvent.PASSWORD_CHANGED,
    AuditEvent.PASSWORD_CLOSED,
    AuditEvent.MAIL_CODE_SENT,
    AuditEvent.MAIL_CODE_NOT_SENT,
    AuditEvent.MAIL_CODE_ACCEPTED,
    AuditEvent.MAIL_CODE_REFUSED,
    AuditEvent.PASSKEY_ACCEPTED,
    AuditEvent.PASSKEY_REFUSED,
    AuditEvent.SESSION_STARTED,
    AuditEvent.SESSION_ENDED,
    AuditEvent.SESSION_DISOWNED,
    AuditEvent.ACTIVATION_ISSUED,
    AuditEvent.ACTIVATION_USED,
    AuditEvent.ACTIVATION_REFUSED,
    AuditEvent.ENROLMENT_COMPLETED,
    AuditEvent.ENROLMENT_REFUSED,
    AuditEvent.PROOF_REFUSED,
    AuditEvent.EMAIL_CHANGED,
    AuditEvent.EMAIL_CHANGE_REFUSED,
    AuditEvent.EMAIL_DISOWNED,
    AuditEvent.EMAIL_PROVED_AGAIN,
    AuditEvent.CHARTER_ACCEPTED,
    AuditEvent.CHARTER_REFUSED,
    AuditEvent.CLOSE_REQUESTED,
    AuditEvent.CLOSE_CANCELLED,
    AuditEvent.ACCOUNT_DISABLED,
    AuditEvent.ACCOUNT_ENABLED,
    AuditEvent.ACCOUNT_UNLOCKED,
    AuditEvent.ACCOUNT_REPORTED,
    AuditEvent.CODE_ISSUED,
    AuditEvent.ISSUE_REFUSED,
)
#: What brings a person in. A session that goes on by single sign-on is told by its codes.
SUCCESSES = (AuditEvent.SESSION_STARTED, AuditEvent.CODE_ISSUED)
#: What ends a wait, beside those.
_ENDS_WAITS = (
    *SUCCESSES,
    AuditEvent.PASSWORD_ACCEPTED,
    AuditEvent.CARD_LOGIN_ACCEPTED,
    AuditEvent.PSC_LOGIN_ACCEPTED,
    AuditEvent.ACCOUNT_UNLOCKED,
    AuditEvent.PASSWORD_CHANGED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of an error, as it was kept under its reference. `problem`: a value of `Problem`, or the rule of a request
    that a relying party got wrong."""

    at: datetime
    problem: str
    is_rule: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """`events`: the newest first, of the last `reach`. Of one sign-in whose person is not known: its events alone."""

    now: datetime
    reach: timedelta
    events: Sequence[AuditRecord]
    #: All of the person, where the reason is that of one sign-in.
    listed: Sequence[AuditRecord] = ()
    #: None: an RPPS was not asked for, or is not known.
    rpps: str | None = None
    account: Account | None = None
    #: Names of charters that are due at this service.
    due_charters: Sequence[str] = ()
    #: What a browser that never signed in meets at the password.
    strangers_meet: Wait | Closed | None = None
    #: Why no code would be sent, or none of them taken: of `CodeRefusal` and `SendRefusal`; "nothing": nothing forbids.
    no_code: str = "nothing"
    mails: Sequence[MailTo] = ()
    proofs: Sequence[IdentityProof] = ()
    sessions: Sequence[ListedSession] = ()
    erased_at: datetime | None = None
    psc_out_since: datetime | None = None
    identity_life: timedelta = timedelta.max
    #: At the application that was asked for, by each door.
    entering: Sequence[Entering] = ()
    #: Names of applications that do not take the door by which the person came in last.
    closed_to: Sequence[str] = ()
    page: Page | None = None
    #: A reference or a card was looked up, and led to nobody.
    is_of_nobody: bool = False
    #: "email", "account" where one was; else "".
    nobody_by: str = ""

    @property
    def last_success(self) -> AuditRecord | None:
        return self.newest(*SUCCESSES)

    @property
    def since_success(self) -> Sequence[AuditRecord]:
        """Returns the events after the last time that the person came in, the newest first."""
        return self.events[: _first(self.events, SUCCESSES)]

    def newest(self, *events: AuditEvent) -> AuditRecord | None:
        return next((one for one in self.events if one.event in events), None)

    def count(self, event: AuditEvent, **facts: Fact) -> int:
        """Returns how many there are since the last success, of these facts."""
        return sum(
            one.event == event and all(one.facts.get(name) == it for name, it in facts.items())
            for one in self.since_success
        )

    @property
    def waits_until(self) -> datetime | None:
        """Returns until when no password is compared, as far as it is known: of a browser that never signed in, or of
        the last one that was made to wait."""
        ends = [self.now + self.strangers_meet.delay] if isinstance(self.strangers_meet, Wait) else []
        recent = self.events[: _first(self.events, _ENDS_WAITS)]
        ends += [
            one.at + timedelta(seconds=int(one.facts["seconds"]))
            for one in recent
            if one.event == AuditEvent.PASSWORD_THROTTLED and "seconds" in one.facts
        ]
        latest = max(ends, default=self.now)
        return latest if latest > self.now else None

    @property
    def given_up(self) -> Sequence[MailTo]:
        """Returns the mails that could not be delivered, the newest first."""
        return [mail for mail in self.mails if mail.given_up_at is not None]

    @property
    def waiting(self) -> Sequence[MailTo]:
        return [mail for mail in self.mails if mail.given_up_at is None]


def _first(events: Sequence[AuditRecord], wanted: Iterable[AuditEvent]) -> int:
    """Returns the place of the first of these, or the end."""
    names = frozenset(wanted)
    return next((place for place, one in enumerate(events) if one.event in names), len(events))
