"""argon2id by the library itself: what argon2-cffi answers, in memory that stays, several at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from argon2.low_level import Type, hash_secret_raw
from hypothesis import given
from hypothesis import strategies as st

from idp.accounts.argon2id import Cost
from idp.adapters.argon2.builds import verified, wheel
from idp.adapters.argon2.library import Argon2Library, _Memory
from tests.limits import within

CHEAP = Cost(passes=1, memory_kib=8, lanes=1)
LIBRARY = verified(wheel())


@given(
    secret=st.binary(max_size=200),
    salt=st.binary(min_size=8, max_size=40),
    passes=st.integers(1, 3),
    lanes=st.integers(1, 3),
    more_kib=st.integers(0, 40),
    length=st.integers(4, 70),
)
def test_the_answer_is_that_of_argon2_cffi(
    secret: bytes, salt: bytes, passes: int, lanes: int, more_kib: int, length: int
) -> None:
    memory = 8 * lanes + more_kib
    cost = Cost(passes=passes, memory_kib=memory, lanes=lanes)
    expected = hash_secret_raw(secret, salt, passes, memory, lanes, length, Type.ID)
    assert LIBRARY.digest(secret, salt, cost, length) == expected


def test_at_the_cost_of_a_password_too() -> None:
    secret, salt = b"x" * 44, b"salt" * 4
    cost = Cost(passes=2, memory_kib=19456, lanes=1)
    assert LIBRARY.digest(secret, salt, cost, 32) == hash_secret_raw(secret, salt, 2, 19456, 1, 32, Type.ID)


@pytest.mark.parametrize(
    ("cost", "salt"),
    [
        (Cost(passes=1, memory_kib=8, lanes=2), b"s" * 16),
        (Cost(passes=0, memory_kib=8, lanes=1), b"s" * 16),
        (CHEAP, b"short"),
    ],
)
def test_what_rfc_9106_does_not_know_is_an_error(cost: Cost, salt: bytes) -> None:
    with pytest.raises(ValueError, match="argon2: error -"):
        LIBRARY.digest(b"secret", salt, cost, 32)


def test_memory_that_there_is_not_is_told_as_such() -> None:
    """More than a process can address, whatever the kernel promises."""
    with pytest.raises(MemoryError):
        _Memory(2**62)


def test_memory_is_kept_one_for_each_hash_that_there_was_at_once() -> None:
    library = Argon2Library(wheel())
    held = library._free
    for kib in (8, 4096, 4096, 64):
        library.digest(b"x", b"s" * 16, Cost(passes=1, memory_kib=kib, lanes=1), 32)
        assert len(held) == 1
    assert held[0].size == 4096 * 1024


def test_a_hash_holds_up_no_other_thread() -> None:
    """Both are in the library at once: each waits there for the other."""
    together = threading.Barrier(2)

    class Meeting(Argon2Library):
        def _give(self, place: Any, size: int) -> int:
            together.wait(within(20))
            return super()._give(place, size)

    library = Meeting(wheel())
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(library.digest, b"x", b"s" * 16, CHEAP, 32) for _ in range(2)]
        first, second = (one.result(within(30)) for one in both)
    assert first == second == LIBRARY.digest(b"x", b"s" * 16, CHEAP, 32)
    assert len(library._free) == 2
