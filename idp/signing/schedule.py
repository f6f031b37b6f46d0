"""When each key is announced, signs, and leaves the key set: derived from its record and an instant, never stored.

published → active → retired, per algorithm (facts/security JW6). Pure: no file, no clock; `now` is handed in, so that
every process and node that reads the same records says the same.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from idp.signing.signer import Alg

ALGS: tuple[Alg, ...] = ("RS256", "ES256")


class KeyState(StrEnum):
    PUBLISHED = "published"  # in the key set, signs later
    ACTIVE = "active"  # signs
    RETIRED = "retired"  # signs no more; in the key set until its tokens have ended


class NextKeyExists(Exception):
    """The algorithm has a published key that does not sign yet."""


class UnknownKey(Exception):
    """No key has this kid."""


class KeyStillSigns(Exception):
    """The active key of an algorithm is replaced, never just taken away."""


class AlreadyRetired(Exception):
    """Nothing is left to do for this key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """What is written down of one key: it states intentions in time, never a state."""

    kid: str
    alg: Alg
    #: A file of the keys directory, or the `pkcs11:` URI of a key in hardware.
    file: str
    created_at: datetime
    active_from: datetime
    retired_at: datetime | None = None
    #: Retired before it signed anything.
    is_withdrawn: bool = False
    is_compromised: bool = False
    #: Of a key in hardware, so that the key set needs no hardware: SubjectPublicKeyInfo, DER, base64.
    public_key: str | None = None

    @property
    def is_in_hardware(self) -> bool:
        return self.public_key is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class RingPolicy:
    """`token_life`: the longest time after its signature at which somebody may still check a token of ours."""

    publish_before: timedelta
    retire_after: timedelta
    token_life: timedelta
    clock_skew: timedelta

    @property
    def lead(self) -> timedelta:
        """From publication, by a slow clock, to the first signature, by a fast one."""
        return self.publish_before + 2 * self.clock_skew

    @property
    def shortest_keep(self) -> timedelta:
        """From the last signature to leaving the key set: a fast clock lets go early, a relying party's checks late."""
        return self.token_life + 2 * self.clock_skew


@dataclass(frozen=True, slots=True)
class KeySchedule:
    """All keys that ever were, in the order they were written down."""

    records: tuple[KeyRecord, ...]
    policy: RingPolicy

    def sequence(self, alg: Alg) -> Sequence[KeyRecord]:
        """The keys of an algorithm as they follow each other; of two at one instant, the later written is the newer."""
        kept = [record for record in self.records if record.alg == alg and not record.is_withdrawn]
        return sorted(kept, key=lambda record: record.active_from)

    def active(self, alg: Alg, now: datetime) -> KeyRecord | None:
        """The key that signs. Before the first one's time it is the first: a slow clock must not stop a node."""
        sequence = self.sequence(alg)
        started = [record for record in sequence if record.active_from <= now] or list(sequence[:1])
        # Before our clock reaches the time at which a compromised key was replaced, its successor signs already.
        candidates = [r for r in (*started[-1:], *sequence[len(started) :]) if not r.is_compromised]
        newest = candidates[0] if candidates else None
        # Retired without a successor is no work of ours; the key before it may not come back.
        is_over = newest is None or (newest.retired_at is not None and newest.retired_at <= now)
        return None if is_over else newest

    def following(self, alg: Alg, now: datetime) -> KeyRecord | None:
        """The published key that signs next."""
        waiting = [r for r in self.sequence(alg) if self.state(r, now) is KeyState.PUBLISHED]
        return waiting[0] if waiting else None

    def state(self, record: KeyRecord, now: datetime) -> KeyState:
        if record == self.active(record.alg, now):
            return KeyState.ACTIVE
        if record.retired_at is None and now < record.active_from:
            return KeyState.PUBLISHED
        return KeyState.RETIRED

    def superseded_at(self, record: KeyRecord) -> datetime | None:
        """From when its successor signs, as far as that is known; None for the newest."""
        sequence = self.sequence(record.alg)
        rank = sequence.index(record)
        if rank + 1 == len(sequence):
            return None
        successor = sequence[rank + 1]
        # A file of an earlier version tells only its day: its record is created at the end of that day.
        return max(successor.active_from, successor.created_at)

    def leaves_at(self, record: KeyRecord) -> datetime | None:
        """When the key set lets it go (JW6: not before the longest token has ended, plus skew)."""
        if record.is_compromised or record.is_withdrawn:
            return record.retired_at
        superseded_at = self.superseded_at(record)
        if superseded_at is None:
            return None
        if record.retired_at is not None:
            return max(record.retired_at, superseded_at + self.policy.shortest_keep)
        return superseded_at + self.policy.retire_after

    def published(self, now: datetime) -> list[KeyRecord]:
        """The key set of this instant, each algorithm oldest first."""
        return [
            record
            for alg in ALGS
            for record in self.sequence(alg)
            if not record.is_compromised and ((end := self.leaves_at(record)) is None or now < end)
        ]

    def next_change(self, now: datetime) -> datetime | None:
        """Until when what is said of this instant stays true."""
        instants = [record.active_from for record in self.records]
        instants += [end for record in self.records if (end := self.leaves_at(record)) is not None]
        return min((instant for instant in instants if instant > now), default=None)

    def period(self, record: KeyRecord, now: datetime) -> tuple[datetime, datetime | None]:
        """Since when it has its state, and until when as far as that is known."""
        state = self.state(record, now)
        if state is KeyState.PUBLISHED:
            return record.created_at, record.active_from
        if state is KeyState.ACTIVE:
            following = self.following(record.alg, now)
            return record.active_from, following.active_from if following else None
        stopped = [] if record.is_withdrawn else [self.superseded_at(record)]
        ends = [end for end in (*stopped, record.retired_at) if end is not None]
        return min(ends), self.leaves_at(record)

    def settled(self, now: datetime) -> datetime:
        """When a change made now takes its place: after all that a clock ahead of ours wrote down or lets begin."""
        soon = now + 2 * self.policy.clock_skew
        written = [
            i for r in self.records for i in (r.created_at, r.active_from, r.retired_at) if i is not None
        ]
        return max([now, *(instant for instant in written if instant <= soon)])

    def announced(
        self, kid: str, alg: Alg, file: str, now: datetime, public_key: str | None = None
    ) -> "KeySchedule":
        """With one more key: it signs once it was published long enough, or now if nothing else signs.

        Raises NextKeyExists.
        """
        now = self.settled(now)
        if self.following(alg, now) is not None:
            raise NextKeyExists(alg)
        start = now if self.active(alg, now) is None else now + self.policy.lead
        return self._with(
            KeyRecord(kid=kid, alg=alg, file=file, created_at=now, active_from=start, public_key=public_key)
        )

    def activated(
        self, kid: str, alg: Alg, file: str, now: datetime, public_key: str | None = None
    ) -> "KeySchedule":
        """With one more key, which signs from now on: nobody who caches the key set knows it yet."""
        now = self.settled(now)
        return self._with(
            KeyRecord(kid=kid, alg=alg, file=file, created_at=now, active_from=now, public_key=public_key)
        )

    def hurried(self, kid: str, now: datetime) -> "KeySchedule":
        """The published key signs from now on."""
        hurried = dataclasses.replace(self.record(kid), active_from=self.settled(now))
        others = tuple(record for record in self.records if record.kid != kid)
        return dataclasses.replace(self, records=(*others, hurried))

    def retired(self, kid: str, now: datetime) -> "KeySchedule":
        """A key that signs no more leaves as soon as its tokens have ended; one that never signed leaves now.

        Raises UnknownKey, KeyStillSigns, AlreadyRetired.
        """
        record, now = self.record(kid), self.settled(now)
        state = self.state(record, now)
        if state is KeyState.ACTIVE:
            raise KeyStillSigns(kid)
        leaves_at = self.leaves_at(record)
        if record.retired_at is not None or (leaves_at is not None and leaves_at <= now):
            raise AlreadyRetired(kid)
        is_withdrawn = state is KeyState.PUBLISHED
        return self._changed(dataclasses.replace(record, retired_at=now, is_withdrawn=is_withdrawn))

    def revoked(self, kid: str, now: datetime) -> "KeySchedule":
        """A compromised key leaves the key set now, whatever it signed.

        Raises UnknownKey, AlreadyRetired, KeyStillSigns when no other could sign.
        """
        record, now = self.record(kid), self.settled(now)
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
        """Raises UnknownKey."""
        for record in self.records:
            if record.kid == kid:
                return record
        raise UnknownKey(kid)

    def _with(self, record: KeyRecord) -> "KeySchedule":
        return dataclasses.replace(self, records=(*self.records, record))

    def _changed(self, changed: KeyRecord) -> "KeySchedule":
        records = tuple(changed if record.kid == changed.kid else record for record in self.records)
        return dataclasses.replace(self, records=records)
