"""When each key is published, signs, and leaves the key set.

Contains the states published → active → retired, per algorithm (facts/security JW6), computed from the records and
`now`, never stored: nodes with the same records agree. Not here: files, a clock.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from idp.signing.signer import Alg

ALGS: tuple[Alg, ...] = ("RS256", "ES256")


class KeyState(StrEnum):
    PUBLISHED = "published"  # in the key set; will sign later
    ACTIVE = "active"  # signs
    RETIRED = "retired"  # no longer signs; in the key set until its tokens have expired


class NextKeyExists(Exception):
    """The algorithm has a published key that does not sign yet."""


class UnknownKey(Exception):
    """No key has this kid."""


class KeyStillSigns(Exception):
    """The active key of an algorithm may only be replaced, not removed."""


class AlreadyRetired(Exception):
    """The key is already retired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """What is stored about one key: when it is to change its state, never the state itself."""

    kid: str
    alg: Alg
    #: A file of the keys directory, or the `pkcs11:` URI of a key in the HSM.
    file: str
    created_at: datetime
    active_from: datetime
    retired_at: datetime | None = None
    #: Retired before it signed anything.
    is_withdrawn: bool = False
    is_compromised: bool = False
    #: Only for a key in the HSM, so that the key set needs no HSM: SubjectPublicKeyInfo, DER, base64.
    public_key: str | None = None

    @property
    def is_in_hsm(self) -> bool:
        return self.public_key is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class RingPolicy:
    """`token_life`: how long after its signature a relying party may still check one of our tokens, at most."""

    publish_before: timedelta
    retire_after: timedelta
    token_life: timedelta
    clock_skew: timedelta

    @property
    def lead(self) -> timedelta:
        """From publication (by a slow clock) to the first signature (by a fast clock)."""
        return self.publish_before + 2 * self.clock_skew

    @property
    def shortest_keep(self) -> timedelta:
        """From the last signature to the removal from the key set: removed by a fast clock, checked by a slow one."""
        return self.token_life + 2 * self.clock_skew


@dataclass(frozen=True, slots=True)
class KeySchedule:
    """All keys that ever existed, in the order in which they were written."""

    records: tuple[KeyRecord, ...]
    policy: RingPolicy

    def sequence(self, alg: Alg) -> Sequence[KeyRecord]:
        """Returns the keys of an algorithm in the order in which they sign; for one instant, as they were written."""
        kept = [record for record in self.records if record.alg == alg and not record.is_withdrawn]
        return sorted(kept, key=lambda record: record.active_from)

    def active(self, alg: Alg, now: datetime) -> KeyRecord | None:
        """Returns the key that signs. Before the first key's time it is that one: a slow clock must not stop a node."""
        sequence = self.sequence(alg)
        started = [record for record in sequence if record.active_from <= now] or list(sequence[:1])
        # The successor of a compromised key signs even before its time by our clock, which may be slow.
        candidates = [r for r in (*started[-1:], *sequence[len(started) :]) if not r.is_compromised]
        newest = candidates[0] if candidates else None
        # Only a ring edited by hand retires a key without successor. The key before it must not sign again.
        is_over = newest is None or (newest.retired_at is not None and newest.retired_at <= now)
        return None if is_over else newest

    def following(self, alg: Alg, now: datetime) -> KeyRecord | None:
        """Returns the published key that signs next, or None."""
        waiting = [r for r in self.sequence(alg) if self.state(r, now) is KeyState.PUBLISHED]
        return waiting[0] if waiting else None

    def state(self, record: KeyRecord, now: datetime) -> KeyState:
        if record == self.active(record.alg, now):
            return KeyState.ACTIVE
        if record.retired_at is None and now < record.active_from:
            return KeyState.PUBLISHED
        return KeyState.RETIRED

    def superseded_at(self, record: KeyRecord) -> datetime | None:
        """Returns the time from which its successor signs; None for the newest key."""
        sequence = self.sequence(record.alg)
        rank = sequence.index(record)
        if rank + 1 == len(sequence):
            return None
        successor = sequence[rank + 1]
        # Earlier versions kept only the day in the file name: such a record is created at the end of that day.
        return max(successor.active_from, successor.created_at)

    def leaves_at(self, record: KeyRecord) -> datetime | None:
        """Returns when it leaves the key set (JW6: after the longest token has expired, plus skew), None if unknown."""
        if record.is_compromised or record.is_withdrawn:
            return record.retired_at
        superseded_at = self.superseded_at(record)
        if superseded_at is None:
            return None
        if record.retired_at is not None:
            return max(record.retired_at, superseded_at + self.policy.shortest_keep)
        return superseded_at + self.policy.retire_after

    def published(self, now: datetime) -> list[KeyRecord]:
        """Returns the keys in the key set at this instant, oldest first for each algorithm."""
        return [
            record
            for alg in ALGS
            for record in self.sequence(alg)
            if not record.is_compromised and ((end := self.leaves_at(record)) is None or now < end)
        ]

    def next_change(self, now: datetime) -> datetime | None:
        """Returns the next instant at which any answer about `now` may change."""
        instants = [record.active_from for record in self.records]
        instants += [end for record in self.records if (end := self.leaves_at(record)) is not None]
        return min((instant for instant in instants if instant > now), default=None)

    def period(self, record: KeyRecord, now: datetime) -> tuple[datetime, datetime | None]:
        """Returns since when it has its state, and until when if that is known."""
        state = self.state(record, now)
        if state is KeyState.PUBLISHED:
            return record.created_at, record.active_from
        if state is KeyState.ACTIVE:
            following = self.following(record.alg, now)
            return record.active_from, following.active_from if following else None
        stopped = [] if record.is_withdrawn else [self.superseded_at(record)]
        ends = [end for end in (*stopped, record.retired_at) if end is not None]
        return min(ends), self.leaves_at(record)

    def effective_at(self, now: datetime) -> datetime:
        """Returns when a change made now takes effect: after every change that a node with a fast clock wrote."""
        soon = now + 2 * self.policy.clock_skew
        written = [
            i for r in self.records for i in (r.created_at, r.active_from, r.retired_at) if i is not None
        ]
        return max([now, *(instant for instant in written if instant <= soon)])

    def announced(
        self, kid: str, alg: Alg, file: str, now: datetime, public_key: str | None = None
    ) -> "KeySchedule":
        """Returns the schedule with one more key, which signs after `lead`, or now if no key signs.

        Raises NextKeyExists.
        """
        now = self.effective_at(now)
        if self.following(alg, now) is not None:
            raise NextKeyExists(alg)
        start = now if self.active(alg, now) is None else now + self.policy.lead
        return self._with(
            KeyRecord(kid=kid, alg=alg, file=file, created_at=now, active_from=start, public_key=public_key)
        )

    def activated(
        self, kid: str, alg: Alg, file: str, now: datetime, public_key: str | None = None
    ) -> "KeySchedule":
        """Returns the schedule with one more key, which signs from now on. Cached key sets lack it for a while."""
        now = self.effective_at(now)
        return self._with(
            KeyRecord(kid=kid, alg=alg, file=file, created_at=now, active_from=now, public_key=public_key)
        )

    def activated_early(self, kid: str, now: datetime) -> "KeySchedule":
        """Returns the schedule in which this published key signs from now on. Raises UnknownKey."""
        early = dataclasses.replace(self.record(kid), active_from=self.effective_at(now))
        others = tuple(record for record in self.records if record.kid != kid)
        return dataclasses.replace(self, records=(*others, early))

    def retired(self, kid: str, now: datetime) -> "KeySchedule":
        """Returns the schedule in which this key leaves as soon as its tokens have expired, or now if it never signed.

        Raises UnknownKey, KeyStillSigns, AlreadyRetired.
        """
        record, now = self.record(kid), self.effective_at(now)
        state = self.state(record, now)
        if state is KeyState.ACTIVE:
            raise KeyStillSigns(kid)
        leaves_at = self.leaves_at(record)
        if record.retired_at is not None or (leaves_at is not None and leaves_at <= now):
            raise AlreadyRetired(kid)
        is_withdrawn = state is KeyState.PUBLISHED
        return self._changed(dataclasses.replace(record, retired_at=now, is_withdrawn=is_withdrawn))

    def revoked(self, kid: str, now: datetime) -> "KeySchedule":
        """Returns the schedule in which this compromised key leaves the key set now, whatever it signed.

        Raises UnknownKey, AlreadyRetired, KeyStillSigns when no other key could sign.
        """
        record, now = self.record(kid), self.effective_at(now)
        if record.is_compromised:
            raise AlreadyRetired(kid)
        revoked = dataclasses.replace(
            record,
            retired_at=record.retired_at or now,
            is_withdrawn=record.is_withdrawn or self.state(record, now) is KeyState.PUBLISHED,
            is_compromised=True,
        )
        without = self._changed(revoked)
        if without.active(record.alg, now) is None:
            raise KeyStillSigns(kid)
        return without

    def record(self, kid: str) -> KeyRecord:
        """Returns the record of this key. Raises UnknownKey."""
        for record in self.records:
            if record.kid == kid:
                return record
        raise UnknownKey(kid)

    def _with(self, record: KeyRecord) -> "KeySchedule":
        return dataclasses.replace(self, records=(*self.records, record))

    def _changed(self, changed: KeyRecord) -> "KeySchedule":
        records = tuple(changed if record.kid == changed.kid else record for record in self.records)
        return dataclasses.replace(self, records=records)
