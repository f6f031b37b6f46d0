"""The keys directory: PEM files, and `ring.json`, which says when each signs. Shared by all processes and nodes.

Contains reading it, checking it, changing it under a lock. Not here: the state that follows from the records
(`signing/schedule.py`), the server's view of it (`keys_in_force.py`).

A key in the HSM is only an entry of the ring: its URI and its public half. A change writes the key first and the ring
last, by renaming: a reader never sees a ring that names a missing key, and a crash leaves a file that no process loads.
"""

import fcntl
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from idp.adapters.hsm.hsm import Hsm
from idp.adapters.hsm.signer import HsmKeys
from idp.adapters.hsm.uri import BadPkcs11Uri, Pkcs11Uri, parse_pkcs11_uri
from idp.adapters.key_files.ring_file import read_records, ring_text
from idp.adapters.owned_file import write_whole
from idp.adapters.software_signer import (
    BadKeyFile,
    generate_signer,
    load_signer,
    private_pem,
    require_owner_only,
)
from idp.core.clock import Clock
from idp.signing.schedule import ALGS, KeyRecord, KeySchedule, NextKeyExists, RingPolicy
from idp.signing.signer import Alg, Signer

#: Where the next key of an algorithm is made: in the place of the present one, in a file, or at a `pkcs11:` URI.
WHERE_THE_PRESENT_IS, IN_A_FILE = "same", "file"
RING = "ring.json"
_LOCK = "ring.lock"
_KIND = {"RS256": "rsa", "ES256": "p256"}
# A file without an entry is a key only if its name has no second dot: made by an earlier version, or placed by hand.
# Names that we give have one: a key does not sign when its ring was lost or is not written yet.
_UNLISTED = re.compile(r"sign-(?P<date>[0-9]{8})?[^.]*\.pem")
_FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC)

#: `KeySchedule.announced` or `.activated`.
Addition = Callable[[KeySchedule, str, Alg, str, datetime, str | None], KeySchedule]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDirectory:
    path: Path
    policy: RingPolicy
    clock: Clock
    hsm_keys: HsmKeys = field(default_factory=lambda: HsmKeys(Hsm()))

    def schedule(self) -> KeySchedule:
        """Returns the schedule in the directory. Raises BadKeyFile: unreadable, open to others, or inconsistent."""
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
        """Returns a value that differs after a file came or went, or the ring's content or permissions changed."""
        return tuple(_stamp(path) for path in (self.path, self.path / RING))

    def load(self, record: KeyRecord) -> Signer:
        """Returns the key of a record. Raises BadKeyFile: absent, open to others, or not the key of the record."""
        if record.is_in_hsm:
            return self.hsm_keys.open(record)
        path = self.path / record.file
        signer = load_signer(path)
        if (signer.kid, signer.alg) != (record.kid, record.alg):
            raise BadKeyFile(f"{path}: not the {record.alg} key {record.kid} of {RING}")
        return signer

    def load_proved(self, record: KeyRecord) -> Signer:
        """Returns a key that signs or will sign: a key in the HSM signs a test message first. Raises BadKeyFile."""
        if not record.is_in_hsm:
            return self.load(record)
        signer = self.hsm_keys.open(record)
        self.hsm_keys.prove(signer)
        return signer

    def announce(self, alg: Alg, place: str = WHERE_THE_PRESENT_IS) -> KeyRecord:
        """Add a key that signs after its time in the key set. The first key of an algorithm signs at once.

        Raises NextKeyExists, BadKeyFile, BadPkcs11Uri, SignerUnavailable, OSError.
        """
        with self._changing():
            # Raises NextKeyExists before an expensive key is made for nothing.
            self.schedule().announced("", alg, "", self.clock.now())
            return self._add(alg, KeySchedule.announced, place)

    def activate(self, alg: Alg, place: str = WHERE_THE_PRESENT_IS) -> KeyRecord:
        """Let the published key of the algorithm, or else a new one, sign from now on. Raises as `announce`."""
        with self._changing():
            return self._activate(alg, place)

    def take(self, uri: str) -> KeyRecord:
        """Announce the key that this URI names, which other software made in the HSM. Raises as `announce`."""
        with self._changing():
            signer = self.hsm_keys.take(parse_pkcs11_uri(uri))
            if any(record.kid == signer.kid for record in self.schedule().records):
                raise NextKeyExists(signer.alg)
            return self._enter(KeySchedule.announced, signer, uri, signer.encoded_public_key)

    def retire(self, kid: str) -> KeyRecord:
        """Retire a key. Raises UnknownKey, KeyStillSigns, AlreadyRetired, BadKeyFile, OSError."""
        with self._changing():
            return self._write(self.schedule().retired(kid, self.clock.now())).record(kid)

    def revoke(self, kid: str) -> tuple[KeyRecord, KeyRecord | None]:
        """Remove a compromised key from the key set now. If it was active, its successor signs now.

        Returns the revoked record, and the successor's or None. Raises UnknownKey, AlreadyRetired, BadKeyFile, OSError.
        """
        with self._changing():
            schedule = self.schedule()
            record, successor = schedule.record(kid), None
            if record == schedule.active(record.alg, schedule.effective_at(self.clock.now())):
                successor = self._activate(record.alg, WHERE_THE_PRESENT_IS)
            revoked = self._write(self.schedule().revoked(kid, self.clock.now())).record(kid)
            self._set_aside(revoked)
            return revoked, successor

    def _activate(self, alg: Alg, place: str) -> KeyRecord:
        schedule, now = self.schedule(), self.clock.now()
        following = schedule.following(alg, schedule.effective_at(now))
        if following is None:
            return self._add(alg, KeySchedule.activated, place)
        return self._write(schedule.activated_early(following.kid, now)).record(following.kid)

    def _add(self, alg: Alg, change: Addition, place: str) -> KeyRecord:
        if place == WHERE_THE_PRESENT_IS:
            place = self._place_of_present(alg)
        today = f"{self.clock.now():%Y%m%d}"
        if place != IN_A_FILE:
            made, uri = self.hsm_keys.make(alg, _token_of(place), f"caducee-{today}-{_KIND[alg]}")
            return self._enter(change, made, str(uri), made.encoded_public_key)
        signer = generate_signer(alg)
        file = f"sign-{today}-{_KIND[alg]}.{signer.kid[:8]}.pem"
        write_whole(self.path / file, private_pem(signer), like=self._model())
        return self._enter(change, signer, file, None)

    def _enter(self, change: Addition, signer: Signer, file: str, public_key: str | None) -> KeyRecord:
        # Read again: making a key takes time, and its time in the key set is counted from `now`.
        now, schedule = self.clock.now(), self.schedule()
        changed = change(schedule, signer.kid, signer.alg, file, now, public_key)
        return self._write(changed).record(signer.kid)

    def _place_of_present(self, alg: Alg) -> str:
        """Returns where the present key is: after a key in the HSM, only the operator's option puts one in a file."""
        schedule = self.schedule()
        present = schedule.active(alg, schedule.effective_at(self.clock.now()))
        if present is None or not present.is_in_hsm:
            return IN_A_FILE
        return str(parse_pkcs11_uri(present.file).of_token)

    def _write(self, schedule: KeySchedule) -> KeySchedule:
        write_whole(self.path / RING, ring_text(schedule.records).encode(), like=self._model())
        return schedule

    def _set_aside(self, record: KeyRecord) -> None:
        """Rename the file: the key must not come back even if the ring is lost, and an investigator may need it."""
        path = self.path / record.file
        if not record.is_in_hsm and path.exists():
            path.rename(path.with_name(f"{path.name}.compromised"))

    def _model(self) -> Path:
        """Returns the file whose owner new files take: the operator may be root, which the server is not."""
        ring = self.path / RING
        return max(self.path.glob("sign-*.pem"), default=ring if ring.exists() else self.path)

    def _listed(self) -> Sequence[KeyRecord]:
        ring = self.path / RING
        if not ring.exists():
            return ()
        require_owner_only(ring)
        return read_records(ring)

    def _unlisted(self, listed: Sequence[KeyRecord]) -> Iterator[KeyRecord]:
        """Returns records of files without an entry, which sign from the day in their name, as in earlier versions."""
        day, files = _FIRST_DAY, {record.file for record in listed}
        kids = {record.kid for record in listed}
        for path in sorted(self.path.glob("sign-*.pem")):
            named = _UNLISTED.fullmatch(path.name)
            if named is None or path.name in files:
                continue
            day = _day(named["date"]) or day
            signer = load_signer(path)
            # A file whose key has an entry is a copy under another name: the entry decides, or a compromised key
            # would come back.
            if signer.kid not in kids:
                kids.add(signer.kid)
                # Only the day is known: it may have signed from its first instant, and was made by its last.
                last = day + timedelta(days=1)
                kid, alg = signer.kid, signer.alg
                yield KeyRecord(kid=kid, alg=alg, file=path.name, created_at=last, active_from=day)

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
    """Raises BadKeyFile when an algorithm has no active key: then no relying party of that algorithm can be served."""
    if any(schedule.active(alg, now) is None for alg in ALGS):
        raise BadKeyFile(f"{directory.path}: needs an RSA and a P-256 key; run `idp keys generate`")


def _token_of(place: str) -> Pkcs11Uri:
    uri = parse_pkcs11_uri(place)
    if uri.names_key:
        raise BadPkcs11Uri(
            "this URI names a key: `idp keys generate` takes one that is there, `rotate` makes one"
        )
    return uri


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
