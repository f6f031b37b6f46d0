"""How many mails with a code one person and one mailbox may get (facts/security §0.2).

Contains the counters of mails sent. Not here: the quota of a network (`web/network_quota`), codes.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from idp.accounts.code_keys import CodeHolder, CodeKeys
from idp.core.ephemeral import EphemeralStore, Kind, Limited
from idp.settings.mail_code import MailCodeSettings

MINUTE = timedelta(seconds=60)
_HOUR = timedelta(hours=1)
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

    def count(self, holder: CodeHolder, network: Limited | None) -> None:
        """Count one mail, with the present unit of work. Raises NotSent, some by its end: then none of these counts it,
        so that each counts mails sent. Where these stand apart, the day may refuse what they counted: others came first
        in this instant.

        `network`: what the person shares with many.
        """
        refused_by = [(SendRefusal.NETWORK, network)] if network is not None else []
        refused_by += [(SendRefusal.QUOTA, self._hour(holder)), (SendRefusal.TOO_SOON, self._minute(holder))]
        self.store.count_or_refuse(*((counter, NotSent(reason)) for reason, counter in refused_by))
        self.durable.count_or_refuse((self.day(holder), NotSent(SendRefusal.QUOTA_OF_DAY)))

    def not_sent(self, holder: CodeHolder) -> None:
        """The wait of a minute is over. The hour and the day stay counted: they bound what is asked for."""
        self.store.take(*self._minute(holder).place)

    def used_up(self, holder: CodeHolder) -> SendRefusal | None:
        """Returns why this person gets no mail now, None when nothing forbids it."""
        day, hour, minute = self.day(holder), self._hour(holder), self._minute(holder)
        if self.durable.counted(*day.place) >= day.most:
            return SendRefusal.QUOTA_OF_DAY
        of_hour, of_minute = self.store.get_all([hour.place, minute.place])
        if of_hour is not None and of_hour.version >= hour.most:
            return SendRefusal.QUOTA
        is_too_soon = of_minute is not None and of_minute.version >= minute.most
        return SendRefusal.TOO_SOON if is_too_soon else None

    def day(self, holder: CodeHolder) -> Limited:
        return Limited((Kind.MAIL_QUOTA_DAY, self.keys.person(holder)), _DAY, self.limits.per_day)

    def _hour(self, holder: CodeHolder) -> Limited:
        return Limited((Kind.MAIL_QUOTA_HOUR, self.keys.person(holder)), _HOUR, self.limits.per_hour)

    def _minute(self, holder: CodeHolder) -> Limited:
        # The wait is of the mailbox: a corrected address gets its code at once.
        return Limited((Kind.MAIL_QUOTA_MINUTE, self.keys.mailbox(holder)), MINUTE, self.limits.per_minute)
