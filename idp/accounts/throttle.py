"""How often a password may be tried (facts/security §0.2, TH1-TH2, T22-T24).

Contains delays per (RPPS, device) and caps, counted before the password is compared, for known and unknown RPPS alike.
Not here: a lock of the account. Card and Pro Santé Connect sign-ins are not affected by these counters, and end them
(`waits`).
"""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from idp.core.ephemeral import EphemeralStore, Kind, Limited, Place
from idp.settings.password import PasswordSettings

_DAY = timedelta(hours=24)
#: A run of failures is forgotten this long after its first one.
_RUN = timedelta(days=30)
#: Longer than any counter lives: when the record of a new page is gone, nothing is left of the pages before.
_PAGE = _RUN + timedelta(days=1)


class Wait(Exception):
    """Try again after `delay`. `reason`: the catalogue has `password.<reason>`."""

    reason = "wait"

    def __init__(self, delay: timedelta) -> None:
        super().__init__(delay)
        self.delay = delay


class Closed(Exception):
    """Passwords are refused for this RPPS in this browser, until a strong proof of the person."""

    reason = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordThrottle:
    #: In SQL, so that the loss of Redis resets nothing.
    durable: EphemeralStore
    key: bytes = field(repr=False)
    limits: PasswordSettings

    def person(self, rpps: str) -> str:
        """Returns a keyed hash of the RPPS, which is public and too short for a bare hash (facts/security D5)."""
        return hmac.new(self.key, rpps.encode(), "sha256").hexdigest()

    def begin(self, rpps: str, device: str, now: datetime) -> Sequence[Place]:
        """Count one try, before the password is compared. Returns what `succeed` clears. Raises Wait, Closed.

        `device`: "" for a browser that never signed in here; any other device has a budget of its own.
        """
        page = self._page(rpps)
        tries, *runs = counters = self._counters(page, device)
        wait = _wait(page, device)
        if (met := self._met(wait, runs, now)) is not None:
            raise met
        # Counted as a failure before the comparison; `succeed` clears it. A crash in between errs on the safe side.
        # T22: parallel tries that all passed the look above are told apart here.
        count, *counts = self.durable.count_all(counters)
        if count > tries.most:
            raise Wait(_DAY)
        if any(failed > run.most for failed, run in zip(counts, runs, strict=True)):
            raise Closed
        delay = self._delay(count)
        if delay:
            self.durable.put(*wait, {"until": (now + delay).isoformat()}, delay)
        share, whole = (run.place for run in runs)
        # The run is over for strangers too: what counts are failures in a row. Their waits and tries of today stay.
        return [wait, tries.place, *dict.fromkeys((share, _share(page, ""))), whole]

    def met(self, rpps: str, device: str, now: datetime) -> Wait | Closed | None:
        """Returns what the next try of this device would meet. Counts nothing."""
        page = self._page(rpps)
        _tries, *runs = self._counters(page, device)
        return self._met(_wait(page, device), runs, now)

    def _met(self, wait: Place, runs: Sequence[Limited], now: datetime) -> Wait | Closed | None:
        waiting, *failures = self.durable.get_all([wait, *(run.place for run in runs)])
        if any(known and known.version >= run.most for known, run in zip(failures, runs, strict=True)):
            return Closed()
        if waiting is None:
            return None
        # Never less than nothing: the store may count by another clock.
        return Wait(max(datetime.fromisoformat(waiting.value["until"]) - now, timedelta(0)))

    def succeed(self, begun: Sequence[Place]) -> None:
        """Clear the counters of this person and device, after a right password, with the present unit of work.

        `begun`: what `begin` returned.
        """
        self.durable.clear(begun)

    def reopen(self, rpps: str) -> None:
        """Forget every failure, wait and cap of this person, whatever the device: a page of counters begins anew."""
        record = {"page": secrets.token_urlsafe(16)}
        self.durable.put(Kind.PASSWORD_PAGE, self.person(rpps), record, _PAGE)

    def _page(self, rpps: str) -> str:
        """Returns what all counters of this person begin with, since the last `reopen`."""
        person = self.person(rpps)
        begun = self.durable.get(Kind.PASSWORD_PAGE, person)
        return person if begun is None else f"{person}:{begun.value['page']}"

    def _counters(self, page: str, device: str) -> tuple[Limited, Limited, Limited]:
        """Returns what a try of this device is counted in, and how much of it is allowed: the tries of a day, then the
        runs of failures.

        A device that signed in before counts apart (facts/security TH2): an attacker who exhausts the tries of unknown
        browsers does not keep the person out of their own. The share first: when it is used up, nothing more is taken
        from the others. NIST SP 800-63B-4 §3.2.2 caps the failures of one account, whatever the device; shares keep
        strangers from using up all of them.
        """
        share = self.limits.failures_of_one_browser if device else self.limits.failures_of_strangers
        tries = (Kind.PASSWORD_TRIES, f"{page}:{device}")
        return (
            Limited(tries, _DAY, self.limits.tries_per_day),
            Limited(_share(page, device), _RUN, share),
            Limited((Kind.PASSWORD_FAILURES_IN_A_ROW, page), _RUN, self.limits.failures_in_a_row),
        )

    def _delay(self, tries: int) -> timedelta:
        over = tries - self.limits.free_tries
        if tries >= self.limits.tries_per_day:
            return _DAY
        return min(self.limits.first_wait * 2 ** min(over, 32), _DAY) if over >= 0 else timedelta(0)


def _wait(page: str, device: str) -> Place:
    return Kind.PASSWORD_WAIT, f"{page}:{device}"


def _share(page: str, device: str) -> Place:
    """Returns the failures in a row of one device, or of all strangers."""
    return Kind.PASSWORD_FAILURES_OF_DEVICE, f"{page}:{device}"
