"""A write that a counter allows, on every adapter of `EphemeralStore` and on the fake."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from idp.core.ephemeral import EphemeralStore, Kind, Limited
from tests.contracts.races import CALLERS, open_store, race
from tests.contracts.test_ephemeral_store import outlive

LIFE = timedelta(minutes=1)
SHORT = timedelta(milliseconds=600)
CODE = Kind.AUTHORIZATION_CODE
POSTS = Kind.PASSWORD_POSTS_BY_IP


def put_counted(store: EphemeralStore, number: int, *, most: int, window: timedelta = LIFE) -> bool:
    return store.put_counted(CODE, "k", {"n": number}, LIFE, counter=Limited((POSTS, "ip"), window, most))


def test_as_many_are_written_as_the_counter_allows(any_store: EphemeralStore) -> None:
    assert [put_counted(any_store, n, most=2) for n in (1, 2, 3, 4)] == [True, True, False, False]
    assert any_store.get(CODE, "k") == ({"n": 2}, 0)
    # What was refused is counted too: a caller that keeps trying does not get through.
    assert any_store.counted(POSTS, "ip") == 4
    assert not any_store.put_counted(CODE, "other", {}, LIFE, counter=Limited((POSTS, "ip"), LIFE, 4))
    assert any_store.get(CODE, "other") is None


def test_a_counted_write_and_a_count_are_one_window(any_store: EphemeralStore) -> None:
    def put_by(counter: str, window: timedelta, most: int) -> bool:
        return any_store.put_counted(
            CODE, counter, {"n": most}, LIFE, counter=Limited((POSTS, counter), window, most)
        )

    assert put_by("begun by a write", SHORT, 9)
    assert any_store.count(POSTS, "begun by a count", SHORT) == 1
    # The first sets the end, whatever the others ask.
    assert any_store.count(POSTS, "begun by a write", LIFE) == 2
    assert put_by("begun by a write", LIFE, 9)
    assert not put_by("begun by a count", LIFE, 1)
    assert any_store.counted(POSTS, "begun by a write") == 3
    outlive(SHORT)
    for counter in ("begun by a write", "begun by a count"):
        assert any_store.counted(POSTS, counter) == 0
        assert put_by(counter, LIFE, 1)
        assert any_store.get(CODE, counter) == ({"n": 1}, 0)


def test_a_late_and_a_counted_write_set_the_end_of_life(any_store: EphemeralStore) -> None:
    any_store.put(CODE, "k", {"n": 1}, SHORT)
    any_store.put(CODE, "touched", {"n": 1}, SHORT)
    any_store.swap(CODE, "k", {"n": 2}, expected_version=0)
    assert put_counted(any_store, 3, most=1)
    any_store.touch(CODE, "touched", {"n": 4}, expected_version=0, ttl=LIFE)
    outlive(SHORT)
    assert any_store.get(CODE, "k") == ({"n": 3}, 0)
    assert any_store.get(CODE, "touched") == ({"n": 4}, 1)


@pytest.mark.parametrize("ttl", [timedelta(), timedelta(days=32)])
def test_neither_life_nor_window_may_be_out_of_bounds(any_store: EphemeralStore, ttl: timedelta) -> None:
    any_store.put(CODE, "k", {"n": 0}, LIFE)
    refused: list[Callable[[], object]] = [
        lambda: any_store.put_counted(CODE, "k", {}, ttl, counter=Limited((POSTS, "ip"), LIFE, 1)),
        lambda: any_store.put_counted(CODE, "k", {}, LIFE, counter=Limited((POSTS, "ip"), ttl, 1)),
        lambda: any_store.touch(CODE, "k", {}, expected_version=0, ttl=ttl),
    ]
    for refuse in refused:
        with pytest.raises(ValueError, match="life of a record"):
            refuse()
    assert any_store.get(CODE, "k") == ({"n": 0}, 0)
    assert any_store.counted(POSTS, "ip") == 0


def put_it_counted(store: EphemeralStore) -> bool:
    return store.put_counted(CODE, "raced", {}, LIFE, counter=Limited((POSTS, "raced"), LIFE, 7))


def test_of_fifty_counted_writes_as_many_as_allowed_succeed(store: EphemeralStore, store_url: str) -> None:
    assert race(put_it_counted, open_store, store_url) == {True: 7, False: CALLERS - 7}
    assert store.counted(POSTS, "raced") == CALLERS
