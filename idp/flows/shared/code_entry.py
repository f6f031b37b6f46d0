"""Contains what a page says of the code in force: until when, how many tries, why there is none. Not here: a page."""

import math
from collections.abc import Callable, Mapping
from datetime import datetime

from idp.accounts.code_keys import CodeHolder
from idp.accounts.code_refusal import CodeRefusal
from idp.accounts.email_otp import MailCodes
from idp.accounts.mail_quota import SendRefusal
from idp.accounts.sent_code import CodeToSend
from idp.pages.email import CodeEntry
from idp.web.local_time import local_hour, minutes_left, not_before

_SENT = ("renewed", "resent")
#: No card opens again what wrong codes closed there (`MailCodes.reopen`), and nobody is told that one does.
_OF_PURPOSE: Mapping[tuple[str, str | None], str] = {
    ("enrolment", CodeRefusal.CLOSED): "closed_enrolment",
    ("address", CodeRefusal.CLOSED): "closed_address",
}


def told_of(sent: CodeToSend | SendRefusal) -> tuple[str, int]:
    """Returns what the page says after a code was asked for, and its status."""
    if isinstance(sent, SendRefusal):
        # The mail of the click before is on its way: nobody did anything wrong.
        return sent, 200 if sent is SendRefusal.TOO_SOON else 429
    return _SENT[sent.is_repeated], 200


def code_entry(
    codes: MailCodes,
    holder: CodeHolder,
    now: datetime,
    locale: str,
    *,
    notice: str | None,
    why_none: Callable[[], str],
) -> CodeEntry:
    """`notice`: a CodeRefusal or SendRefusal, or what `told_of` said. `why_none`: asked when there is no code."""
    state = codes.state(holder)
    end, resend_at = state.expires_at or now, state.resend_at or now
    can_enter = end > now and state.tries_left > 0 and notice != CodeRefusal.CLOSED
    if notice is None and not can_enter:
        notice = why_none()
    return CodeEntry(
        sent_at_local=local_hour(state.sent_at or now, locale),
        expires_at_local=local_hour(end, locale),
        minutes_left=minutes_left(end, now),
        seconds_left=max(int((end - now).total_seconds()), 0),
        tries_left=state.tries_left,
        notice=None if notice is None else f"email_otp.{_OF_PURPOSE.get((holder.purpose, notice), notice)}",
        notice_is_error=notice not in (None, *_SENT) and not (can_enter and notice == SendRefusal.TOO_SOON),
        can_enter=can_enter,
        seconds_before_resend=max(math.ceil((resend_at - now).total_seconds()), 0),
        resend_at_local=not_before(resend_at, locale),
    )
