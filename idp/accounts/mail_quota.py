"""How many mails with a code one person and one mailbox may get (facts/security §0.2).

Contains the counters of mails sent. Not here: the quota of a network (`web/network_quota`), codes.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from idp.accounts.code_keys import CodeHolder, CodeKeys
from idp.core.ephemeral import EphemeralStore, Kind
from idp.settings.mail_code import MailCodeSettings

MINUTE = timedelta(seconds=60)
_DAY = timedelta(hours=24)


class SendRefusal(StrEnum):
    """Why no mail was sent; the catalogue has `email_otp.<value>`."""

    TOO_SOON = "too_soon"
    #: The hour's.
    QUOTA = "quota"
    QUOTA_OF_DAY = "quota_of_day"
    #: Nothing of the person's own was used up.
    NETWORK = "network"
    CLOSED = "closed"
    #: Nothing forbids to ask for one.
    NOTHING = "nothing"


class NotSent(Exception):
    def __init__(self, reason: SendRefusal) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class MailQuota:
    """`durable` counts the day: the loss of Redis does not begin it anew (docs/adr/0002)."""

    store: EphemeralStore
    durable: EphemeralStore
    keys: CodeKeys
    limits: MailCodeSettings

    def require(self, holder: CodeHolder) -> None:
        """Raises NotSent: a mail would be one too many. Looked at before any is counted: what one limit refuses costs
        nothing of the others, so that each counts mails sent."""
        refusal = self.used_up(holder)
        if refusal is not None:
            raise NotSent(refusal)

    def count(self, holder: CodeHolder) -> None:
        """Count one mail. Raises NotSent: others came first since `require`."""
        for reason, store, kind, key, window, most in self._windows(holder):
            if store.count(kind, key, window) > most:
                raise NotSent(reason)

    def not_sent(self, holder: CodeHolder) -> None:
        """The wait of a minute is over. The hour and the day stay counted: they bound what is asked for."""
        self.store.take(Kind.MAIL_QUOTA_MINUTE, self.keys.mailbox(holder))

    def used_up(self, holder: CodeHolder) -> SendRefusal | None:
        """Returns why this person gets no mail now, None when nothing forbids it."""
        for reason, store, kind, key, _window, most in reversed(self._windows(holder)):
            if store.counted(kind, key) >= most:
                return reason
        return None

    def _windows(
        self, holder: CodeHolder
    ) -> tuple[tuple[SendRefusal, EphemeralStore, Kind, str, timedelta, int], ...]:
        s, person, mailbox = self.limits, self.keys.person(holder), self.keys.mailbox(holder)
        hour = timedelta(hours=1)
        # The wait is of the mailbox: a corrected address gets its code at once.
        return (
            (SendRefusal.TOO_SOON, self.store, Kind.MAIL_QUOTA_MINUTE, mailbox, MINUTE, s.per_minute),
            (SendRefusal.QUOTA, self.store, Kind.MAIL_QUOTA_HOUR, person, hour, s.per_hour),
            (SendRefusal.QUOTA_OF_DAY, self.durable, Kind.MAIL_QUOTA_DAY, person, _DAY, s.per_day),
        )
