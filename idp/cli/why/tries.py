"""What became of the last try: the newest event that says why somebody did not come in, and its verdict.

Contains a judge for each such event. Not here: what keeps a person out whatever they try (`reasons`), the facts
(`situation`), the words.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from idp.accounts.activation import is_identity_old
from idp.accounts.mail_quota import SendRefusal
from idp.accounts.throttle import Closed
from idp.cli.why.situation import Situation
from idp.core.audit import AuditEvent
from idp.core.audit_record import AuditRecord
from idp.interaction.gate import MayNotIssue

#: A mail that waits for longer: the server that takes it is down, or no worker runs.
_SLOW_MAIL = timedelta(minutes=1)
#: A mail of before is not that of this try.
_OF_THIS_TRY = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`key`: of the words. `variant`: by which they differ, such as why a card was refused. `values`: for them, an
    instant as such. `record`: the try that it tells of."""

    key: str
    at: datetime
    variant: str = ""
    values: Mapping[str, object] = field(default_factory=dict)
    record: AuditRecord | None = None


def of_last_try(it: Situation) -> Verdict | None:
    for record in it.since_success:
        judge = TRIES.get(record.event)
        if judge is not None:
            return _reopened(it, record) or judge(it, record)
    return None


def _reopened(it: Situation, record: AuditRecord) -> Verdict | None:
    """Whatever was refused as disabled was so before `enable`: an account that still is does not come here."""
    if it.account is None or _reason(record) != MayNotIssue.DISABLED:
        return None
    return Verdict(key="reopened", at=record.at, record=record)


def _card(it: Situation, record: AuditRecord) -> Verdict:
    return Verdict(key="card", variant=_reason(record), at=record.at, record=record)


def _psc(it: Situation, record: AuditRecord) -> Verdict:
    return Verdict(key="psc", variant=_reason(record), at=record.at, record=record)


def _password(it: Situation, record: AuditRecord) -> Verdict:
    # What made a right one open nothing may be mended since.
    variant = "wrong" if _reason(record) == "wrong" else "mended"
    values = {**_tries(it), "why": _reason(record)}
    wrong = Verdict(key="password", variant=variant, at=record.at, values=values, record=record)
    return shut(it, record.at) or waiting(it) or wrong


def _throttled(it: Situation, record: AuditRecord) -> Verdict:
    reason = _reason(record)
    if (closed := shut(it, record.at)) is not None:
        return closed
    if reason in ("slowed", "closed"):
        return Verdict(key="throttled", variant=reason, at=record.at, record=record)
    return waiting(it) or Verdict(
        key="throttled", variant="over", at=record.at, values=_tries(it), record=record
    )


def shut(it: Situation, at: datetime) -> Verdict | None:
    """The password opens nothing, right or wrong. `at`: of the try."""
    account = it.account
    if account is None or not account.has_password:
        return None
    found = {
        "password_closed": account.password_closure is not None,
        "identity_old": is_identity_old(account, it.now, it.identity_life),
        "mailbox_shared": account.is_closed_by_sharing,
    }
    since = account.password_closure.at if account.password_closure else account.identity.verified_at
    reason = next((reason for reason, holds in found.items() if holds), None)
    return None if reason is None else Verdict(key="password", variant=reason, at=at, values={"since": since})


def waiting(it: Situation) -> Verdict | None:
    if isinstance(it.strangers_meet, Closed):
        return Verdict(key="throttled", variant="closed", at=it.events[0].at)
    until = it.waits_until
    if until is None:
        return None
    return Verdict(key="throttled", variant="wait", at=it.events[0].at, values={"until": until, **_tries(it)})


def _tries(it: Situation) -> Mapping[str, object]:
    return {"count": it.count(AuditEvent.PASSWORD_REFUSED, reason="wrong")}


def _code(it: Situation, record: AuditRecord) -> Verdict:
    return _undelivered(it, record) or Verdict(
        key="code", variant=_reason(record), at=record.at, record=record
    )


def _no_code(it: Situation, record: AuditRecord) -> Verdict:
    is_of_minute = _reason(record) == SendRefusal.TOO_SOON
    return (_undelivered(it, record) if is_of_minute else None) or Verdict(
        key="no_code", variant=_reason(record), at=record.at, record=record
    )


def _code_sent(it: Situation, record: AuditRecord) -> Verdict:
    return _undelivered(it, record) or Verdict(key="code_sent", at=record.at, record=record)


def _undelivered(it: Situation, record: AuditRecord) -> Verdict | None:
    """A mail of this try could not be delivered, or still waits."""
    failed = [mail for mail in it.given_up if mail.posted_at >= record.at - _OF_THIS_TRY]
    if failed:
        mail = failed[0]
        return Verdict(
            key="mail", variant="failed", at=mail.given_up_at or it.now, values={"said": mail.reason}
        )
    slow = [mail for mail in it.waiting if mail.is_code and it.now - mail.posted_at > _SLOW_MAIL]
    return Verdict(key="mail", variant="waits", at=slow[0].posted_at) if slow else None


def _passkey(it: Situation, record: AuditRecord) -> Verdict:
    closed = shut(it, record.at) if _reason(record) == "identity_old" else None
    return closed or Verdict(key="passkey", variant=_reason(record), at=record.at, record=record)


def _activation(it: Situation, record: AuditRecord) -> Verdict:
    return Verdict(key="activation", variant=_reason(record), at=record.at, record=record)


def _issue(it: Situation, record: AuditRecord) -> Verdict:
    if _reason(record) == "charter_due" and it.due_charters:
        return Verdict(key="charter", at=record.at, record=record)
    return Verdict(key="issue", variant=_reason(record), at=record.at, record=record)


def _charter_refused(it: Situation, record: AuditRecord) -> Verdict:
    return Verdict(key="charter", variant="refused", at=record.at, record=record)


def _proved(it: Situation, record: AuditRecord) -> Verdict:
    """The person is known, and did not reach the end."""
    if it.due_charters:
        return Verdict(key="charter", at=record.at, record=record)
    is_new = it.account is None and record.account_id is None
    of_new = "first" if record.event == AuditEvent.PSC_LOGIN_ACCEPTED else "enrolment"
    return Verdict(key="unfinished", variant=of_new if is_new else "", at=record.at, record=record)


def _unfinished_password(it: Situation, record: AuditRecord) -> Verdict:
    return _undelivered(it, record) or _proved(it, record)


def _reason(record: AuditRecord) -> str:
    return str(record.facts.get("reason", ""))


TRIES: Mapping[str, Callable[[Situation, AuditRecord], Verdict]] = {
    AuditEvent.CARD_LOGIN_REFUSED: _card,
    AuditEvent.PSC_LOGIN_REFUSED: _psc,
    AuditEvent.PASSWORD_REFUSED: _password,
    AuditEvent.PASSWORD_THROTTLED: _throttled,
    AuditEvent.MAIL_CODE_REFUSED: _code,
    AuditEvent.MAIL_CODE_NOT_SENT: _no_code,
    AuditEvent.MAIL_CODE_SENT: _code_sent,
    AuditEvent.PASSKEY_REFUSED: _passkey,
    AuditEvent.ACTIVATION_REFUSED: _activation,
    AuditEvent.ISSUE_REFUSED: _issue,
    AuditEvent.CHARTER_REFUSED: _charter_refused,
    AuditEvent.PASSWORD_ACCEPTED: _unfinished_password,
    AuditEvent.MAIL_CODE_ACCEPTED: _proved,
    AuditEvent.PASSKEY_ACCEPTED: _proved,
    AuditEvent.CARD_LOGIN_ACCEPTED: _proved,
    AuditEvent.PSC_LOGIN_ACCEPTED: _proved,
}
_DOORS = {"card": "cps", "psc": "psc", "password": "password", "mail_code": "password", "passkey": "passkey"}


def last_door(it: Situation) -> str:
    """Returns the door of the newest event that has one, "" when there is none."""
    return next((door for one in it.events if (door := door_of(one))), "")


def door_of(record: AuditRecord) -> str:
    """Returns which door an event was at, "" for none."""
    subject = record.event.partition(":")[0]
    told = str(record.facts.get("door", "")) if subject == "session" else ""
    return told or (_DOORS.get(subject, "") if record.event in TRIES else "")
