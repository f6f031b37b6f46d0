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

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from idp.settings.password import PasswordSettings


class HashingBusy(Exception):
    """Too many hashes are waiting: the request is refused. Card and Pro Santé Connect need no hash and still work."""


def normalised(password: str) -> str:
    """Returns the password in Unicode form NFC, otherwise unchanged, never truncated (NIST 800-63B §3.1.1.2)."""
    return unicodedata.normalize("NFC", password)


class Passwords:
    """argon2id over HMAC(pepper, password), at most `parallel` at once and `hash_queue` waiting."""

    def __init__(self, settings: PasswordSettings, *, parallel: int) -> None:
        self._pepper = settings.pepper.encode()
        self._hasher = PasswordHasher(
            time_cost=settings.argon2_time,
            memory_cost=settings.argon2_memory_kib,
            parallelism=settings.argon2_parallelism,
            type=Type.ID,
        )
        self._running = threading.BoundedSemaphore(parallel)
        self._admitted = threading.BoundedSemaphore(parallel + settings.hash_queue)
        # Checked when no account has the RPPS: unknown and known numbers take the same time (facts/security T24).
        self._decoy = self._hasher.hash(self._peppered(secrets.token_urlsafe()))

    def _peppered(self, password: str) -> str:
        return base64.b64encode(hmac.digest(self._pepper, normalised(password).encode(), "sha256")).decode()

    @contextmanager
    def _turn(self) -> Iterator[None]:
        # Two limits: running hashes bound memory and CPU, admitted ones bound how long a request may wait.
        if not self._admitted.acquire(blocking=False):
            raise HashingBusy
        try:
            with self._running:
                yield
        finally:
            self._admitted.release()

    def require_room(self) -> None:
        """Raises HashingBusy: a hash asked for now would be refused."""
        if not self._admitted.acquire(blocking=False):
            raise HashingBusy
        self._admitted.release()

    def hash(self, password: str) -> str:
        """Returns a PHC string with a random 128-bit salt. Raises HashingBusy."""
        with self._turn():
            return self._hasher.hash(self._peppered(password))

    def is_right(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is right. `password_hash` None (no account) or "" (no password): False, after the same
        work.

        Raises HashingBusy.
        """
        with self._turn():
            try:
                self._hasher.verify(password_hash or self._decoy, self._peppered(password))
            except (VerifyMismatchError, VerificationError, InvalidHashError):
                return False
        return bool(password_hash)

    def needs_rehash(self, password_hash: str) -> bool:
        """Whether the hash parameters were raised since this hash was made."""
        return self._hasher.check_needs_rehash(password_hash)
