"""How passwords are hashed, and how many at once."""

import threading
import unicodedata
from dataclasses import dataclass, field

import pytest
from argon2 import PasswordHasher, Type, extract_parameters

from idp.accounts.account import NO_PASSWORD
from idp.accounts.argon2id import Argon2id, Cost, StoredHash
from idp.accounts.password import HashingBusy, Passwords, normalised
from idp.adapters.argon2.builds import choose
from idp.settings.password import PasswordSettings
from tests.limits import within


def hasher(
    pepper: bytes = b"pepper",
    *,
    parallel: int = 2,
    queue: int = 50,
    time_cost: int = 1,
    memory_kib: int = 8,
    admitted: int = 1000,
    argon2: Argon2id | None = None,
) -> Passwords:
    cheap = PasswordSettings(
        pepper=pepper.decode(), argon2_time=time_cost, argon2_memory_kib=memory_kib, hash_queue=queue
    )
    return Passwords(cheap, argon2 or choose().library, parallel=parallel, admitted=admitted)


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return hasher()


def test_the_right_password_is_right_and_another_is_wrong(passwords: Passwords) -> None:
    hashed = passwords.hash("violon tambour 9 orage lac")
    assert passwords.is_right(hashed, "violon tambour 9 orage lac")
    assert not passwords.is_right(hashed, "violon tambour 9 orage lac ")
    assert not passwords.is_right(hashed, "Violon tambour 9 orage lac")
    assert not passwords.is_right(hashed, "")


def test_nothing_is_cut_after_72_bytes(passwords: Passwords) -> None:
    stem = "é" * 60
    hashed = passwords.hash(stem + "a")
    assert passwords.is_right(hashed, stem + "a")
    assert not passwords.is_right(hashed, stem + "b")
    assert not passwords.is_right(hashed, stem)


def test_a_nul_character_ends_nothing(passwords: Passwords) -> None:
    hashed = passwords.hash("violon\0tambour")
    assert not passwords.is_right(hashed, "violon")
    assert not passwords.is_right(hashed, "violon\0autre")


def test_both_ways_to_type_an_accent_are_the_same_password(passwords: Passwords) -> None:
    hashed = passwords.hash(unicodedata.normalize("NFD", "éléphant prune zèbre"))
    assert passwords.is_right(hashed, unicodedata.normalize("NFC", "éléphant prune zèbre"))


def test_compatibility_forms_stay_different_passwords() -> None:
    assert normalised("ﬁ") != normalised("fi")
    assert normalised("①") != normalised("1")


def test_emoji_are_characters_like_any(passwords: Passwords) -> None:
    hashed = passwords.hash("🦊" * 15)
    assert passwords.is_right(hashed, "🦊" * 15)
    assert not passwords.is_right(hashed, "🦊" * 16)


def test_the_pepper_matters() -> None:
    hashed = hasher(b"one").hash("violon tambour 9 orage lac")
    assert not hasher(b"two").is_right(hashed, "violon tambour 9 orage lac")
    assert hasher(b"one").is_right(hashed, "violon tambour 9 orage lac")


def test_the_hash_is_argon2id_with_the_parameters_given_and_a_salt_of_its_own(passwords: Passwords) -> None:
    first, second = passwords.hash("x"), passwords.hash("x")
    assert first != second
    assert first.startswith("$argon2id$")
    found = extract_parameters(first)
    assert (found.time_cost, found.memory_cost, found.parallelism) == (1, 8, 1)
    assert found.salt_len >= 16


def test_nobody_is_right_even_with_the_decoy_itself(passwords: Passwords) -> None:
    assert not passwords.is_right(None, "decoy")
    assert not passwords.is_right(None, "")


@dataclass
class Recording:
    """Argon2id that says what it was asked, and answers when it is let go."""

    go: threading.Event = field(default_factory=threading.Event)
    asked: list[tuple[Cost, int, int]] = field(default_factory=list)
    at_once: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def digest(self, secret: bytes, salt: bytes, cost: Cost, length: int) -> bytes:
        with self.lock:
            self.asked.append((cost, len(salt), length))
            self.at_once += 1
            self.most = max(self.most, self.at_once)
        assert self.go.wait(within(30))
        with self.lock:
            self.at_once -= 1
        return b"d" * length


@pytest.mark.parametrize("hashed", [None, NO_PASSWORD, "damaged"])
def test_an_unknown_person_costs_the_work_of_a_known_one(hashed: str | None) -> None:
    """The decoy has the parameters of the newest real hash: measured on what argon2 is asked to compute."""
    asked = Recording()
    asked.go.set()
    passwords = hasher(argon2=asked)
    assert passwords.is_right(
        passwords.hash("violon tambour 9 orage lac"), "wrong"
    )  # All digests are the same here.
    assert not passwords.is_right(hashed, "wrong")
    _made, known, unknown = asked.asked
    assert known == unknown


def test_hashes_are_those_of_argon2_cffi_and_go_both_ways(passwords: Passwords) -> None:
    """Accounts keep the hashes that the versions before made."""
    theirs = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1, type=Type.ID)
    secret = passwords._peppered("violon tambour 9 orage lac")
    assert theirs.verify(passwords.hash("violon tambour 9 orage lac"), secret)
    before = theirs.hash(secret)
    assert passwords.is_right(before, "violon tambour 9 orage lac")
    assert not passwords.is_right(before, "violon tambour 9 orage")
    assert not passwords.needs_rehash(before)
    assert str(StoredHash.read(before)) == before


@pytest.mark.parametrize(
    "broken",
    [
        "",
        "x",
        "$argon2id$",
        "$2b$12$abcdefghijklmnopqrstuv",
        "$argon2id$v=19$m=8$x$y",
        # Base64 of no length that Base64 has; a cost that RFC 9106 does not know (8 KiB for each lane at least).
        "$argon2id$v=19$m=8,t=1,p=1$AAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=8,t=1,p=4$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA",
    ],
)
def test_a_damaged_hash_is_a_wrong_password(passwords: Passwords, broken: str) -> None:
    assert not passwords.is_right(broken, "violon tambour 9 orage lac")
    assert passwords.needs_rehash("x")


def test_a_hash_of_older_parameters_is_to_be_renewed(passwords: Passwords) -> None:
    stronger = hasher(time_cost=2)
    old = passwords.hash("x")
    assert stronger.needs_rehash(old)
    assert not passwords.needs_rehash(old)
    assert stronger.is_right(old, "x")
    assert not stronger.needs_rehash(stronger.hash("x"))


def _at_once(passwords: Passwords, callers: int) -> list[str]:
    start = threading.Barrier(callers)
    results: list[str] = []

    def hash_one() -> None:
        start.wait()
        try:
            results.append(passwords.hash("x"))
        except HashingBusy:
            results.append("busy")

    threads = [threading.Thread(target=hash_one) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_no_password_opens_an_account_that_has_none() -> None:
    passwords = hasher()
    for absent in (None, NO_PASSWORD):
        assert not any(passwords.is_right(absent, typed) for typed in ("", "decoy", "violon tambour cerise"))


def test_sixteen_threads_hash_as_many_at_once_as_there_are_cores_and_half_are_refused() -> None:
    """facts/security PW5: at once, while not one hash has ended."""
    asked = Recording()
    passwords = hasher(argon2=asked, parallel=2, queue=50, admitted=8)
    refused, done = threading.Semaphore(0), threading.Semaphore(0)

    def hash_one() -> None:
        try:
            passwords.hash("x")
        except HashingBusy:
            refused.release()
        else:
            done.release()

    threads = [threading.Thread(target=hash_one) for _ in range(16)]
    for thread in threads:
        thread.start()
    for _ in range(8):
        assert refused.acquire(timeout=within(30))
    assert asked.most <= 2
    asked.go.set()
    for thread in threads:
        thread.join()
    assert (asked.most, len(asked.asked)) == (2, 8)
    assert not refused.acquire(blocking=False)
    passwords.hash("x")


def test_those_who_find_room_in_the_queue_are_all_served() -> None:
    assert "busy" not in _at_once(hasher(parallel=1, queue=11), 12)


def test_who_has_room_finds_none_full_and_one_is_let_in_again_after() -> None:
    """Room is taken before a try of the person is used up: no hash that follows is refused."""
    passwords = hasher(parallel=1, queue=0)
    others: list[str] = []

    def ask() -> None:
        try:
            passwords.hash("x")
        except HashingBusy:
            others.append("busy")

    with passwords.room():
        other = threading.Thread(target=ask)
        other.start()
        other.join()
        assert passwords.is_right(passwords.hash("x"), "x")
    assert others == ["busy"]
    assert passwords.hash("x")


def test_without_memory_it_is_busy_and_no_wrong_password() -> None:
    class Poor:
        def digest(self, secret: bytes, salt: bytes, cost: Cost, length: int) -> bytes:
            raise MemoryError

    with pytest.raises(HashingBusy):
        hasher(argon2=Poor()).is_right(None, "x")
