"""How often a password may be tried. Counted before it is compared, for known and unknown numbers alike.

facts/security §0.2, TH1-TH2, T22-T24: delays per (RPPS, device), never a lock of the account; the card and Pro Santé
Connect doors know nothing of these counters.
"""

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from idp.core.ephemeral import EphemeralStore, Kind

_DAY = timedelta(hours=24)
#: A run of failures is forgotten this long after its first one.
_RUN = timedelta(days=30)


class Wait(Exception):
    """Try again after `delay`."""

    def __init__(self, delay: timedelta) -> None:
        super().__init__(delay)
        self.delay = delay


class Closed(Exception):
    """The password path of this RPPS is closed; the card or Pro Santé Connect opens it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordThrottle:
    store: EphemeralStore
    #: Where a lost Redis cannot forget: the 24-hour and in-a-row caps.
    durable: EphemeralStore
    key: bytes = field(repr=False)
    free_tries: int
    tries_per_day: int
    failures_in_a_row: int
    first_wait: timedelta

    def person(self, rpps: str) -> str:
        """An RPPS is public and short: only a keyed hash of it may be a key (facts/security D5)."""
        return hmac.new(self.key, rpps.encode(), "sha256").hexdigest()

    def begin(self, rpps: str, device: str, now: datetime) -> None:
        """Count one try. Raises Wait or Closed, before anything was compared.

        `device`: "" for a browser that never signed in here, else its own budget.
        """
        person = self.person(rpps)
        if self.durable.counted(Kind.PASSWORD_FAILURES_IN_A_ROW, person) >= self.failures_in_a_row:
            raise Closed
        bucket = f"{person}:{device}"
        waiting = self.store.get(Kind.PASSWORD_WAIT, bucket)
        if waiting is not None:
            raise Wait(datetime.fromisoformat(waiting.value["until"]) - now)
        tries = self.durable.count(Kind.PASSWORD_TRIES, bucket, _DAY)
        if tries > self.tries_per_day:
            raise Wait(_DAY)
        self.durable.count(Kind.PASSWORD_FAILURES_IN_A_ROW, person, _RUN)
        over = tries - self.free_tries
        if over >= 0:
            delay = min(self.first_wait * 2**over, _DAY)
            self.store.put(Kind.PASSWORD_WAIT, bucket, {"until": (now + delay).isoformat()}, delay)

    def succeed(self, rpps: str, device: str) -> None:
        """A right password clears the counters of this person and device."""
        person = self.person(rpps)
        bucket = f"{person}:{device}"
        self.durable.take(Kind.PASSWORD_TRIES, bucket)
        self.durable.take(Kind.PASSWORD_FAILURES_IN_A_ROW, person)
        self.store.take(Kind.PASSWORD_WAIT, bucket)

    def reopen(self, rpps: str) -> None:
        """After a card or Pro Santé Connect proof."""
        self.durable.take(Kind.PASSWORD_FAILURES_IN_A_ROW, self.person(rpps))
