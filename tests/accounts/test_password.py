"""How passwords are hashed, and how many at once."""

import threading
import unicodedata

import pytest
from argon2 import PasswordHasher, extract_parameters

from idp.accounts.account import NO_PASSWORD
from idp.accounts.password import HashingBusy, Passwords, normalised
from idp.settings.password import PasswordSettings


def hasher(
    pepper: bytes = b"pepper",
    *,
    parallel: int = 2,
    queue: int = 50,
    time_cost: int = 1,
    memory_kib: int = 8,
) -> Passwords:
    cheap = PasswordSettings(
        pepper=pepper.decode(), argon2_time=time_cost, argon2_memory_kib=memory_kib, hash_queue=queue
    )
    return Passwords(cheap, parallel=parallel)


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


def test_an_unknown_person_costs_the_work_of_a_known_one() -> None:
    """The decoy has the parameters of the newest real hash: measured on what argon2 is asked to verify."""
    verified: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
            verified.append(str(hash))
            return super().verify(hash, password)  # type: ignore[return-value]

    passwords = hasher()
    passwords._hasher = Counting(time_cost=1, memory_cost=8, parallelism=1)
    hashed = passwords.hash("violon tambour 9 orage lac")
    passwords.is_right(hashed, "wrong")
    passwords.is_right(None, "wrong")
    known, unknown = (extract_parameters(text) for text in verified)
    assert known == unknown


@pytest.mark.parametrize(
    "broken", ["", "x", "$argon2id$", "$2b$12$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=8$x$y"]
)
def test_a_damaged_hash_is_a_wrong_password(passwords: Passwords, broken: str) -> None:
    assert not passwords.is_right(broken, "violon tambour 9 orage lac")


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


def test_when_the_queue_is_full_load_is_shed_and_nothing_hangs() -> None:
    slow = hasher(time_cost=4, memory_kib=32 * 1024, parallel=1, queue=1)
    results = _at_once(slow, 12)
    assert len(results) == 12
    assert "busy" in results
    assert sum(result != "busy" for result in results) >= 2
    assert slow.is_right(slow.hash("x"), "x")


def test_those_who_find_room_in_the_queue_are_all_served() -> None:
    assert "busy" not in _at_once(hasher(parallel=1, queue=11), 12)


def test_room_is_looked_for_before_a_try_of_the_person_is_used_up() -> None:
    full, free = hasher(parallel=1, queue=0), hasher(parallel=1, queue=0)
    for _ in range(3):
        free.require_room()
    began, end = threading.Event(), threading.Event()

    def hold() -> None:
        with full._turn():
            began.set()
            end.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    began.wait()
    try:
        with pytest.raises(HashingBusy):
            full.require_room()
    finally:
        end.set()
        holder.join()
    full.require_room()
