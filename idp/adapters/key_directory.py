"""The keys directory: PEM files, and `ring.json`, which says when each signs. Shared by all processes and nodes.

Lives here: reading, checking, changing it under a lock. Must not come here: which state follows from what is written
(`signing/schedule.py`), the server's view of it (`keys_in_force.py`).

A change writes the key first and the ring last, by renaming: who reads sees the ring before or after, never a ring that
names a key not yet there; and a crash between the two leaves a file that no ring names and nobody loads.
"""

import fcntl
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from idp.adapters.owned_file import write_whole
from idp.adapters.ring_file import read_records, ring_text
from idp.adapters.software_signer import (
    BadKeyFile,
    SoftwareSigner,
    generate_signer,
    load_signer,
    private_pem,
    require_owner_only,
)
from idp.clock import Clock
from idp.signing.schedule import ALGS, KeyRecord, KeySchedule, RingPolicy
from idp.signing.signer import Alg

RING = "ring.json"
_LOCK = "ring.lock"
_KIND = {"RS256": "rsa", "ES256": "p256"}
# Without an entry, only names without a second dot are keys: those of an earlier version, or placed by hand. Ours have
# one, so that a key whose ring was lost, or not yet written, does not sign.
_UNLISTED = re.compile(r"sign-(?P<date>\d{8})?[^.]*\.pem")
_FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC)

Change = Callable[[KeySchedule, datetime], KeySchedule]


@dataclass(frozen=True, slots=True)
class KeyDirectory:
    path: Path
    policy: RingPolicy
    clock: Clock

    def schedule(self) -> KeySchedule:
        """What the directory says. Raises BadKeyFile: unreadable, open to others, or in disorder."""
        try:
            if self.path.stat().st_mode & stat.S_IWOTH:
                raise BadKeyFile(f"{self.path}: others may write there (chmod o-w)")
            listed = self._listed()
            return KeySchedule((*listed, *self._unlisted(listed)), self.policy)
        except FileNotFoundError as error:
            raise BadKeyFile(f"{self.path}: no such directory; run `idp keys generate`") from error
        except OSError as error:
            raise BadKeyFile(f"{error.filename}: {error.strerror}") from error

    def stamp(self) -> tuple[tuple[int, int, int] | None, ...]:
        """Differs after any change: of a file's coming and going, of the ring's content or permissions."""
        return tuple(_stamp(path) for path in (self.path, self.path / RING))

    def load(self, record: KeyRecord) -> SoftwareSigner:
        """The key of a record. Raises BadKeyFile: not there, open to others, another key than was written down."""
        path = self.path / record.file
        signer = load_signer(path)
        if (signer.kid, signer.alg) != (record.kid, record.alg):
            raise BadKeyFile(f"{path}: not the {record.alg} key {record.kid} of {RING}")
        return signer

    def announce(self, alg: Alg) -> KeyRecord:
        """A new key, which signs after its time in the key set; the first of its algorithm signs at once.

        Raises NextKeyExists, BadKeyFile, OSError.
        """
        with self._changing():
            # A cheap refusal before the expensive key.
            self.schedule().announced("", alg, "", self.clock.now())
            return self._add(alg, KeySchedule.announced)

    def activate(self, alg: Alg) -> KeyRecord:
        """The published key of the algorithm, or else a new one, signs from now on. Raises BadKeyFile, OSError."""
        with self._changing():
            return self._activate(alg)

    def retire(self, kid: str) -> KeyRecord:
        """Raises UnknownKey, KeyStillSigns, AlreadyRetired, BadKeyFile, OSError."""
        with self._changing():
            return self._write(self.schedule().retired(kid, self.clock.now())).record(kid)

    def revoke(self, kid: str) -> tuple[KeyRecord, KeyRecord | None]:
        """A compromised key leaves the key set now; when it was active, its successor signs now and is told too.

        Raises UnknownKey, AlreadyRetired, BadKeyFile, OSError.
        """
        with self._changing():
            schedule = self.schedule()
            record, successor = schedule.record(kid), None
            if record == schedule.active(record.alg, schedule.settled(self.clock.now())):
                successor = self._activate(record.alg)
            revoked = self._write(self.schedule().revoked(kid, self.clock.now())).record(kid)
            self._set_aside(revoked)
            return revoked, successor

    def _activate(self, alg: Alg) -> KeyRecord:
        schedule, now = self.schedule(), self.clock.now()
        following = schedule.following(alg, schedule.settled(now))
        if following is None:
            return self._add(alg, KeySchedule.activated)
        return self._write(schedule.hurried(following.kid, now)).record(following.kid)

    def _add(
        self, alg: Alg, change: Callable[[KeySchedule, str, Alg, str, datetime], KeySchedule]
    ) -> KeyRecord:
        signer = generate_signer(alg)
        # Only now: an RSA key takes its time, and the time in the key set is counted from `now`.
        now = self.clock.now()
        file = f"sign-{now:%Y%m%d}-{_KIND[alg]}.{signer.kid[:8]}.pem"
        write_whole(self.path / file, private_pem(signer), like=self._model())
        return self._write(change(self.schedule(), signer.kid, alg, file, now)).record(signer.kid)

    def _write(self, schedule: KeySchedule) -> KeySchedule:
        write_whole(self.path / RING, ring_text(schedule.records).encode(), like=self._model())
        return schedule

    def _set_aside(self, record: KeyRecord) -> None:
        """A compromised key must not come back even when the ring is lost; whoever investigates may want the file."""
        path = self.path / record.file
        if path.exists():
            path.rename(path.with_name(f"{path.name}.compromised"))

    def _model(self) -> Path:
        """New files belong to whom the present keys belong to: the operator may be root, the server is not."""
        return max(self.path.glob("sign-*.pem"), default=self.path)

    def _listed(self) -> Sequence[KeyRecord]:
        ring = self.path / RING
        if not ring.exists():
            return ()
        require_owner_only(ring)
        return read_records(ring)

    def _unlisted(self, listed: Sequence[KeyRecord]) -> Iterator[KeyRecord]:
        """Files without an entry sign from the day of their name on: by name, as before there was a ring."""
        day, files = _FIRST_DAY, {record.file for record in listed}
        kids = {record.kid for record in listed}
        for path in sorted(self.path.glob("sign-*.pem")):
            named = _UNLISTED.fullmatch(path.name)
            if named is None or path.name in files:
                continue
            day = _day(named["date"]) or day
            signer = load_signer(path)
            # A copy under another name: the entry decides, so a compromised key does not come back.
            if signer.kid not in kids:
                kids.add(signer.kid)
                # The hour is not known: it signed from the first, was made by the last.
                yield KeyRecord(signer.kid, signer.alg, path.name, day + timedelta(days=1), day)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One change at a time, over all processes."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.geteuid() == 0:
                owner = self._model().stat()
                os.fchown(lock, owner.st_uid, owner.st_gid)
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)


def require_all_algorithms(directory: KeyDirectory, schedule: KeySchedule, now: datetime) -> None:
    """Raises BadKeyFile: without one active key for each algorithm nobody can be served."""
    if any(schedule.active(alg, now) is None for alg in ALGS):
        raise BadKeyFile(f"{directory.path}: needs an RSA and a P-256 key; run `idp keys generate`")


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return (found.st_ino, found.st_ctime_ns, found.st_size)


def _day(text: str | None) -> datetime | None:
    try:
        return datetime.strptime(text or "", "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return None
