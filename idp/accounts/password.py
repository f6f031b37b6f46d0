"""Passwords: which are accepted, how they are hashed, and how many at once (facts/security PW1-PW5, §4.5)."""

import base64
import hmac
import secrets
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from importlib import resources

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from zxcvbn import zxcvbn

from idp.settings.password import PasswordSettings

#: zxcvbn's own bound, against its cost on long texts. What follows only adds strength.
_ESTIMATED = 72
_MINIMUM_SCORE = 3
#: zxcvbn keeps the words of the current caller in a dictionary of its module: only one thread may use it at a time.
_one_estimate = threading.Lock()
#: Characters a password must have besides the words an attacker knows about this person.
_OWN = 8


class HashingBusy(Exception):
    """Too many hashes are waiting: the request is refused. Card and Pro Santé Connect need no hash and still work."""


def normalised(password: str) -> str:
    """Returns the password in Unicode form NFC, otherwise unchanged, never truncated (NIST 800-63B §3.1.1.2)."""
    return unicodedata.normalize("NFC", password)


@cache
def _blocklist() -> frozenset[str]:
    text = resources.files(__package__).joinpath("blocklist.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def _is_built_of(text: str, words: frozenset[str]) -> bool:
    """Whether the text is made only of listed words and digits: « motdepasse123456 »."""
    letters = "".join(character for character in text if character.isalpha())
    return letters in words or any(
        letters.replace(word, "") == "" or len(letters.replace(word, "")) <= 2
        for word in words
        if len(word) >= 6 and word in letters
    )


def _without(text: str, words: Iterable[str]) -> str:
    for word in sorted(words, key=len, reverse=True):
        text = text.replace(word, "")
    return text


def password_fault(password: str, *, minimum: int, maximum: int, personal: Iterable[str]) -> str | None:
    """Returns why it is refused, as a catalogue key, or None. Length, blocklist and strength; no composition rule.

    `personal`: the words an attacker knows: names, RPPS, parts of the e-mail address.
    """
    length = len(normalised(password))
    if length < minimum:
        return "enrolment.password_short"
    if length > maximum:
        return "enrolment.password_long"
    lower = normalised(password).casefold()
    words = frozenset(normalised(word).casefold() for word in personal if len(word) >= 4)
    # A password may contain a personal word, if what is left without it is long enough.
    own = _without(lower, words)
    if _is_built_of(lower, words) or (own != lower and len(own) < _OWN):
        return "enrolment.password_personal"
    with _one_estimate:
        is_weak = zxcvbn(lower[:_ESTIMATED], user_inputs=[*words])["score"] < _MINIMUM_SCORE
    if is_weak or _is_built_of(lower, _blocklist()):
        return "enrolment.password_common"
    return None


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
