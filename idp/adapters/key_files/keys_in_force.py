"""`Keys` over the keys directory of a running server, which follows the ring and the time without a restart.

Contains reading a changed directory completely or not at all: if it is bad, the old keys stay in force and health says
degraded. Not here: which key signs (`signing/schedule.py`), files (`directory.py`).
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from idp.adapters.key_files.directory import KeyDirectory, require_all_algorithms
from idp.adapters.software_signer import BadKeyFile
from idp.signing.key_ring import KeyRing
from idp.signing.schedule import ALGS, KeyRecord, KeySchedule, KeyState
from idp.signing.signer import Alg, Signer

log = structlog.get_logger()

_LOOK_EVERY = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _InForce:
    """The keys in force. Immutable and replaced as one, so that readers need no lock."""

    schedule: KeySchedule
    signers: Mapping[str, Signer]
    stamp: object
    fault: str | None
    looked_at: datetime
    ring: KeyRing
    ring_ends_at: datetime | None

    @property
    def signer_of(self) -> Mapping[tuple[str, str], Signer]:
        """Returns the signer by kid and place: a key may move to another HSM under the same kid."""
        records = (record for record in self.schedule.records if record.kid in self.signers)
        return {(record.kid, record.file): self.signers[record.kid] for record in records}

    def holds(self, now: datetime) -> bool:
        """Whether it may be used without another look at the directory."""
        return now < self.looked_at + _LOOK_EVERY and self.has_ring_of(now)

    def has_ring_of(self, now: datetime) -> bool:
        """Whether no key changed its state since the last look."""
        return self.looked_at <= now and (self.ring_ends_at is None or now < self.ring_ends_at)


class KeysInForce:
    """One per process."""

    def __init__(self, directory: KeyDirectory) -> None:
        """Raises BadKeyFile."""
        self._directory, self._clock = directory, directory.clock
        self._lock = threading.Lock()
        self._held = self._read(self._clock.now(), None)

    @property
    def fault(self) -> str | None:
        return self._now().fault

    @property
    def schedule(self) -> KeySchedule:
        return self._now().schedule

    def jwks(self) -> Mapping[str, Sequence[Mapping[str, str]]]:
        return self._now().ring.jwks()

    def sign_jwt(self, claims: Mapping[str, Any], *, alg: Alg, typ: str = "JWT") -> str:
        return self._now().ring.sign_jwt(claims, alg=alg, typ=typ)

    def require_ready(self, alg: Alg) -> None:
        self._now().ring.require_ready(alg)

    def is_alive(self) -> bool:
        return self._now().ring.is_alive()

    def _now(self) -> _InForce:
        now = self._clock.now()
        if not self._held.holds(now):
            with self._lock:
                # Again under the lock: another thread may have looked meanwhile.
                if not self._held.holds(now):
                    self._held = self._look(self._held, now)
        return self._held

    def _look(self, held: _InForce, now: datetime) -> _InForce:
        # A fault may be repaired by a change that no stamp shows (chmod of a key): with a fault, read every time.
        if held.fault is None and self._directory.stamp() == held.stamp:
            return replace(held, looked_at=now) if held.has_ring_of(now) else _at(held, now)
        try:
            return self._read(now, held)
        # The old keys stay in force: a half-copied directory must not stop a running server.
        except BadKeyFile as error:
            if held.fault != str(error):
                log.error("key_ring_refused", reason=str(error))
            return _at(replace(held, fault=str(error)), now)

    def _read(self, now: datetime, held: _InForce | None) -> _InForce:
        """Returns the keys of the directory. Raises BadKeyFile.

        Keys already in memory are not read again: a kid is the thumbprint of its key.
        """
        known = held.signer_of if held else {}
        # The stamp is taken before reading: a change in between is seen next time.
        stamp = self._directory.stamp()
        schedule = self._directory.schedule()
        require_all_algorithms(self._directory, schedule, now)
        signers = {
            record.kid: known.get((record.kid, record.file)) or self._load(schedule, record, now)
            for record in schedule.published(now)
        }
        ring, ring_ends_at = _ring(schedule, signers, now)
        return _InForce(
            schedule=schedule,
            signers=signers,
            stamp=stamp,
            fault=None,
            looked_at=now,
            ring=ring,
            ring_ends_at=ring_ends_at,
        )

    def _load(self, schedule: KeySchedule, record: KeyRecord, now: datetime) -> Signer:
        # A retired key only verifies: its public half is enough, and its token may be gone.
        if schedule.state(record, now) is KeyState.RETIRED:
            return self._directory.load(record)
        return self._directory.load_proved(record)


def _at(held: _InForce, now: datetime) -> _InForce:
    ring, ends_at = _ring(held.schedule, held.signers, now)
    return replace(held, looked_at=now, ring=ring, ring_ends_at=ends_at)


def _ring(
    schedule: KeySchedule, signers: Mapping[str, Signer], now: datetime
) -> tuple[KeyRing, datetime | None]:
    """Returns the key ring of one instant, and when it ends."""
    signing: list[Signer] = []
    announced: list[Signer] = []
    # If the clock is set back, the schedule may name a key that had left the key set and is not in memory.
    published = [record for record in schedule.published(now) if record.kid in signers]
    for alg in ALGS:
        kids = [record.kid for record in published if record.alg == alg]
        active = schedule.active(alg, now)
        newest = kids.index(active.kid) + 1 if active and active.kid in kids else 0
        signing += [signers[kid] for kid in kids[:newest]]
        announced += [signers[kid] for kid in kids[newest:]]
    return KeyRing(tuple(signing), tuple(announced)), schedule.next_change(now)
