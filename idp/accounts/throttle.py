"""How often a password may be tried (facts/security §0.2, TH1-TH2, T22-T24).

Contains delays per (RPPS, device) and caps, counted before the password is compared, for known and unknown RPPS alike.
Not here: a lock of the account. Card and Pro Santé Connect sign-ins are not affected by these counters.
"""

import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from idp.core.ephemeral import EphemeralStore, Kind
from idp.settings.password import PasswordSettings

_DAY = timedelta(hours=24)
#: A run of failures is forgotten this long after its first one.
_RUN = timedelta(days=30)


class Wait(Exception):
    """Try again after `delay`."""

    def __init__(self, delay: timedelta) -> None:
        super().__init__(delay)
        self.delay = delay


class Closed(Exception):
    """Passwords are refused for this RPPS until the person signs in by card or Pro Santé Connect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordThrottle:
    store: EphemeralStore
    #: In SQL, so that the loss of Redis does not reset the 24-hour and in-a-row caps.
    durable: EphemeralStore
    key: bytes = field(repr=False)
    limits: PasswordSettings

    def person(self, rpps: str) -> str:
        """Returns a keyed hash of the RPPS, which is public and too short for a bare hash (facts/security D5)."""
        return hmac.new(self.key, rpps.encode(), "sha256").hexdigest()

    def begin(self, rpps: str, device: str, now: datetime) -> None:
        """Count one try, before the password is compared. Raises Wait, Closed.

        `device`: "" for a browser that never signed in here; any other device has a budget of its own.
        """
        person = self.person(rpps)
        if self.durable.counted(Kind.PASSWORD_FAILURES_IN_A_ROW, person) >= self.limits.failures_in_a_row:
            raise Closed
        bucket = f"{person}:{device}"
        waiting = self.store.get(Kind.PASSWORD_WAIT, bucket)
        if waiting is not None:
            raise Wait(datetime.fromisoformat(waiting.value["until"]) - now)
        # A device that signed in before counts apart (facts/security TH2): an attacker who exhausts the tries of
        # unknown browsers does not keep the person out of their own.
        tries = self.durable.count(Kind.PASSWORD_TRIES, bucket, _DAY)
        if tries > self.limits.tries_per_day:
            raise Wait(_DAY)
        # Counted as a failure before the comparison; `succeed` clears it. A crash in between errs on the safe side.
        self.durable.count(Kind.PASSWORD_FAILURES_IN_A_ROW, person, _RUN)
        over = tries - self.limits.free_tries
        if over >= 0:
            delay = min(self.limits.first_wait * 2**over, _DAY)
            self.store.put(Kind.PASSWORD_WAIT, bucket, {"until": (now + delay).isoformat()}, delay)

    def succeed(self, rpps: str, device: str) -> None:
        """Clear the counters of this person and device, after a right password."""
        person = self.person(rpps)
        bucket = f"{person}:{device}"
        self.durable.take(Kind.PASSWORD_TRIES, bucket)
        self.durable.take(Kind.PASSWORD_FAILURES_IN_A_ROW, person)
        self.store.take(Kind.PASSWORD_WAIT, bucket)

    def reopen(self, rpps: str) -> None:
        """Accept passwords again, after the person signed in by card or Pro Santé Connect."""
        self.durable.take(Kind.PASSWORD_FAILURES_IN_A_ROW, self.person(rpps))
