"""Passwords: how they are hashed, and how many at once (facts/security PW2, PW4, PW5, §4.5).

Not here: which are accepted (`accounts/password_rules`).
"""

import base64
import hmac
import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from idp.accounts.argon2id import Argon2id, Cost, StoredHash
from idp.core.measures import HASHES_ADMITTED, HASHES_PLACES, HASHES_REFUSED, HASHES_RUNNING
from idp.settings.password import PasswordSettings

#: facts/security PW4: 128 bits. The digest has the length that argon2-cffi gave all hashes before.
_SALT_BYTES, _DIGEST_BYTES = 16, 32
_LONGEST_BYTES = 4096


class HashingBusy(Exception):
    """Too many hashes are waiting: the request is refused. Card and Pro Santé Connect need no hash and still work."""

    #: facts/security §4.5.
    RETRY_AFTER = timedelta(seconds=5)


def normalised(password: str) -> str:
    """Returns the password in Unicode form NFC, otherwise unchanged, never truncated (NIST 800-63B §3.1.1.2)."""
    return unicodedata.normalize("NFC", password)


class Passwords:
    """argon2id over HMAC(pepper, password), at most `parallel` at once and `hash_queue` waiting; of both together, at
    most `admitted`."""

    def __init__(self, settings: PasswordSettings, argon2: Argon2id, *, parallel: int, admitted: int) -> None:
        self._pepper = settings.pepper.encode()
        self._argon2 = argon2
        self._cost = Cost(
            passes=settings.argon2_time,
            memory_kib=settings.argon2_memory_kib,
            lanes=settings.argon2_parallelism,
        )
        self._running = threading.BoundedSemaphore(parallel)
        most = max(min(parallel + settings.hash_queue, admitted), parallel)
        self._admitted = threading.BoundedSemaphore(most)
        HASHES_PLACES.of().set(most)
        self._here = threading.local()
        # Compared when no account has the RPPS: unknown and known numbers take the same time (facts/security T24).
        # The digest of no known password: it is drawn, not computed.
        self._decoy = StoredHash(
            self._cost, secrets.token_bytes(_SALT_BYTES), secrets.token_bytes(_DIGEST_BYTES)
        )

    def _peppered(self, password: str) -> bytes:
        return base64.b64encode(hmac.digest(self._pepper, normalised(password).encode(), "sha256"))

    @contextmanager
    def room(self) -> Iterator[None]:
        """Keep a place for the hashes of this thread: none that it asks for meanwhile finds the queue full.

        Raises HashingBusy.
        """
        if getattr(self._here, "has_room", False):
            yield
            return
        if not self._admitted.acquire(blocking=False):
            HASHES_REFUSED.of().add()
            raise HashingBusy
        HASHES_ADMITTED.of().add()
        self._here.has_room = True
        try:
            yield
        finally:
            self._here.has_room = False
            HASHES_ADMITTED.of().add(-1)
            self._admitted.release()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Raises HashingBusy: at once, or for want of memory in the turn."""
        # Two limits: running hashes bound memory and CPU, admitted ones bound how long a request may wait.
        with self.room(), self._running:
            HASHES_RUNNING.of().add()
            try:
                yield
            except MemoryError as error:
                raise HashingBusy from error
            finally:
                HASHES_RUNNING.of().add(-1)

    def hash(self, password: str) -> str:
        """Returns a PHC string with a random 128-bit salt. Raises HashingBusy."""
        salt = secrets.token_bytes(_SALT_BYTES)
        with self._turn():
            digest = self._argon2.digest(self._peppered(password), salt, self._cost, _DIGEST_BYTES)
        return str(StoredHash(self._cost, salt, digest))

    def is_right(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is right. `password_hash` None (no account), "" (no password) or damaged: False, after
        the same work; so is a password too long to be anybody's, which is not hashed (facts/security PW5).

        Raises HashingBusy.
        """
        candidate = password if len(password.encode()) <= _LONGEST_BYTES else ""
        stored = StoredHash.read(password_hash or "")
        compared = stored or self._decoy
        with self._turn():
            try:
                digest = self._argon2.digest(
                    self._peppered(candidate), compared.salt, compared.cost, len(compared.digest)
                )
            except ValueError:
                return False
        return hmac.compare_digest(digest, compared.digest) and stored is not None

    def needs_rehash(self, password_hash: str) -> bool:
        """Whether the hash parameters were raised since this hash was made."""
        stored = StoredHash.read(password_hash)
        lengths = (_SALT_BYTES, _DIGEST_BYTES)
        return stored is None or (stored.cost, len(stored.salt), len(stored.digest)) != (self._cost, *lengths)
