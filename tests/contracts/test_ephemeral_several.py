"""What is read, counted and deleted of several records at once: every adapter of `EphemeralStore`, and the fake."""

import contextlib
import itertools
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from idp.adapters.sql.store import SqlStore
from idp.adapters.sql.work import SqlUnitOfWork
from idp.core.clock import SystemClock
from idp.core.ephemeral import EphemeralStore, Kind, Limited, Place, Put
from idp.core.unit_of_work import UnitOfWork
from tests.contracts.races import PROCESSES, open_store, race
from tests.contracts.test_ephemeral_store import outlive
from tests.contracts.test_ephemeral_units import Failed, elsewhere, touch

LIFE = timedelta(minutes=1)
SHORT = timedelta(milliseconds=600)
CODE = Kind.AUTHORIZATION_CODE
TRIES = Kind.MAIL_CODE_TRIES
SHARE: Place = (Kind.PASSWORD_FAILURES_OF_DEVICE, "k")
USED_UP = Failed("used up")
WHOLE: Place = (Kind.PASSWORD_FAILURES_IN_A_ROW, "k")


def counts(store: EphemeralStore) -> list[int]:
    return [store.counted(*place) for place in (SHARE, WHOLE)]


def count_both(store: EphemeralStore, share: int, whole: int, window: timedelta = LIFE) -> list[int]:
    return list(store.count_all([Limited(SHARE, window, share), Limited(WHOLE, window, whole)]))


# --- reading


def test_several_are_read_in_the_order_asked(any_store: EphemeralStore) -> None:
    any_store.put(CODE, "a", {"n": 1}, LIFE)
    any_store.put(CODE, "b", {"n": 2}, LIFE)
    any_store.swap(CODE, "b", {"n": 3}, expected_version=0)
    any_store.count(TRIES, "a", LIFE)
    any_store.count(TRIES, "a", LIFE)
    found = any_store.get_all([(CODE, "b"), (CODE, "none"), (TRIES, "a"), (CODE, "a")])
    assert list(found) == [({"n": 3}, 1), None, ({}, 2), ({"n": 1}, 0)]


def test_several_are_read_anew_in_one_request(any_store: EphemeralStore, work: UnitOfWork) -> None:
    any_store.put(CODE, "a", {"n": 1}, LIFE)
    with work.request():
        assert any_store.get(CODE, "a") == ({"n": 1}, 0)
        elsewhere(lambda: any_store.put(CODE, "a", {"n": 2}, LIFE))
        assert list(any_store.get_all([(CODE, "a")])) == [({"n": 2}, 0)]


# --- counting


def test_each_is_counted_until_one_has_as_many_as_it_may(any_store: EphemeralStore) -> None:
    assert count_both(any_store, 3, 2) == [1, 1]
    any_store.count(*SHARE, LIFE)
    assert count_both(any_store, 3, 2) == [3, 2]
    # Neither: what one refuses costs nothing of the other.
    assert count_both(any_store, 3, 9) == [4, 3]
    assert count_both(any_store, 9, 2) == [4, 3]
    assert counts(any_store) == [3, 2]
    assert count_both(any_store, 4, 3) == [4, 3]


def test_one_or_many_are_counted_alike(any_store: EphemeralStore) -> None:
    for number in (1, 2, 5):
        counters = [Limited((TRIES, f"{number} {rank}"), LIFE, 2) for rank in range(number)]
        assert [list(any_store.count_all(counters)) for _ in range(3)] == [
            [count] * number for count in (1, 2, 3)
        ]


def test_nothing_may_be_counted_at_all(any_store: EphemeralStore) -> None:
    assert count_both(any_store, 0, 9) == [1, 1]
    assert counts(any_store) == [0, 0]


def test_each_window_begins_at_its_first_count_and_what_is_over_is_not_there(
    any_store: EphemeralStore,
) -> None:
    refused = Limited((TRIES, "k"), SHORT, 1)
    any_store.count_or_refuse((refused, USED_UP))
    any_store.put(CODE, "k", {}, SHORT)
    any_store.count(*SHARE, LIFE)
    assert count_both(any_store, 9, 1, SHORT) == [2, 1]
    assert count_both(any_store, 9, 9, LIFE) == [3, 2]
    outlive(SHORT)
    assert counts(any_store) == [3, 0]
    assert list(any_store.get_all([(CODE, "k"), WHOLE, SHARE])) == [None, None, ({}, 3)]
    any_store.count_or_refuse((refused, USED_UP))
    assert count_both(any_store, 9, 1, SHORT) == [4, 1]


def test_no_window_may_be_out_of_bounds(any_store: EphemeralStore) -> None:
    for window in (timedelta(), timedelta(days=32)):
        with pytest.raises(ValueError, match="life of a record"):
            count_both(any_store, 9, 9, window)
    assert counts(any_store) == [0, 0]


def test_they_are_counted_at_once_whatever_becomes_of_the_unit(
    any_store: EphemeralStore, work: UnitOfWork
) -> None:
    with contextlib.suppress(Failed), work.together():
        assert count_both(any_store, 9, 9) == [1, 1]
        raise Failed
    assert counts(any_store) == [1, 1]


# --- counting with a unit


def test_a_count_that_would_be_one_too_many_is_refused(any_store: EphemeralStore, work: UnitOfWork) -> None:
    counter = Limited(SHARE, LIFE, 2)
    for _ in range(2):
        with work.together():
            any_store.count_or_refuse((counter, USED_UP))
    with pytest.raises(Failed), work.together():
        any_store.count_or_refuse((counter, USED_UP))
    with pytest.raises(Failed):
        any_store.count_or_refuse((counter, USED_UP))
    with pytest.raises(Failed):
        any_store.count_or_refuse((Limited(SHARE, LIFE, 9), Failed()), (Limited(WHOLE, LIFE, 0), USED_UP))
    assert counts(any_store) == [2, 0]


def test_of_a_refused_unit_nothing_is_written(database: Engine) -> None:
    store = SqlStore(database, SystemClock())
    for _ in range(2):
        with contextlib.suppress(Failed), SqlUnitOfWork(database).together():
            store.put(CODE, f"k {store.counted(*SHARE)}", {}, LIFE)
            store.clear([WHOLE])
            store.count_or_refuse((Limited(SHARE, LIFE, 1), USED_UP))
    assert store.get_all([(CODE, "k 0"), (CODE, "k 1"), SHARE]) == [({}, 0), None, ({}, 1)]


# --- one put before another is added or taken


def test_what_is_put_before_is_there_whatever_becomes_of_the_other(any_store: EphemeralStore) -> None:
    for number, is_first in ((1, True), (2, False)):
        put = Put(CODE, f"put {number}", {"n": number}, LIFE)
        assert any_store.add(CODE, "added", {"n": number}, LIFE, after=put) is is_first
        assert any_store.get(CODE, f"put {number}") == ({"n": number}, 0)
    for number, taken in ((3, {"n": 1}), (4, None)):
        put = Put(CODE, f"put {number}", {"n": number}, LIFE)
        assert any_store.take(CODE, "added", after=put) == taken
        assert any_store.get(CODE, f"put {number}") == ({"n": number}, 0)


def test_what_is_put_before_may_not_be_out_of_bounds(any_store: EphemeralStore) -> None:
    any_store.put(CODE, "taken", {}, LIFE)
    put = Put(CODE, "put", {}, timedelta())
    for act in (
        lambda: any_store.add(CODE, "added", {}, LIFE, after=put),
        lambda: any_store.take(CODE, "taken", after=put),
    ):
        with pytest.raises(ValueError, match="life of a record"):
            act()
    assert any_store.get_all([(CODE, "added"), (CODE, "taken"), (CODE, "put")]) == [None, ({}, 0), None]


def test_a_request_reads_what_was_put_before(any_store: EphemeralStore, work: UnitOfWork) -> None:
    any_store.put(CODE, "k", {"n": 1}, LIFE)
    with work.request():
        assert any_store.get(CODE, "k") == ({"n": 1}, 0)
        assert any_store.add(CODE, "added", {}, LIFE, after=Put(CODE, "k", {"n": 2}, LIFE))
        assert any_store.get(CODE, "k") == ({"n": 2}, 0)


def take_it(store: EphemeralStore) -> str:
    """Who finds the one gone finds the other."""
    if store.take(CODE, "raced", after=Put(CODE, "trace", {}, LIFE)) is not None:
        return "taken"
    return "traced" if store.get(CODE, "trace") is not None else "lost"


# --- deleting


def test_several_are_deleted_and_no_others(any_store: EphemeralStore) -> None:
    for key in ("a", "b", "c"):
        any_store.put(CODE, key, {}, LIFE)
    any_store.count(TRIES, "a", LIFE)
    any_store.clear([(CODE, "c"), (TRIES, "a"), (CODE, "none"), (CODE, "a")])
    found = any_store.get_all([(CODE, "a"), (CODE, "b"), (CODE, "c"), (TRIES, "a")])
    assert list(found) == [None, ({}, 0), None, None]
    assert any_store.count(TRIES, "a", LIFE) == 1
    any_store.clear([(TRIES, "a")])
    assert any_store.counted(TRIES, "a") == 0


def test_what_a_unit_deletes_waits_for_its_end(any_store: EphemeralStore, work: UnitOfWork) -> None:
    any_store.put(CODE, "k", {"n": 1}, LIFE)
    any_store.count(*SHARE, LIFE)
    places: list[Place] = [(CODE, "k"), SHARE]
    with work.request():
        with contextlib.suppress(Failed), work.together():
            any_store.clear(places)
            raise Failed
        assert any_store.counted(*SHARE) == 1
        with work.together():
            any_store.clear(places)
            assert any_store.get(CODE, "k") == ({"n": 1}, 0)
            assert elsewhere(lambda: any_store.counted(*SHARE)) == 1
        assert any_store.get(CODE, "k") is None
    assert any_store.counted(*SHARE) == 0


def test_a_request_does_not_read_what_it_deleted(any_store: EphemeralStore, work: UnitOfWork) -> None:
    any_store.put(CODE, "k", {"n": 1}, LIFE)
    with work.request():
        assert any_store.get(CODE, "k") is not None
        any_store.clear([(CODE, "k")])
        assert any_store.get(CODE, "k") is None


@pytest.mark.parametrize(
    ("act", "left"),
    [
        (lambda store: store.clear([(CODE, "k"), (CODE, "other")]), None),
        (lambda store: store.count_all([Limited((TRIES, "k"), LIFE, 1)]), ({"n": 2}, 1)),
        (lambda store: store.get_all([(CODE, "k"), (CODE, "other")]), ({"n": 2}, 1)),
    ],
    ids=["clear", "count_all", "get_all"],
)
def test_what_follows_a_touch_in_its_request_comes_after_it(
    any_store: EphemeralStore, work: UnitOfWork, act: Callable[[EphemeralStore], object], left: object
) -> None:
    any_store.put(CODE, "k", {"n": 1}, LIFE)
    with work.request():
        touch(any_store, 2, version=0)
        act(any_store)
    assert any_store.get(CODE, "k") == left


# --- races: eight callers over two processes

THREADS = 4
CALLERS = PROCESSES * THREADS


def count_them(store: EphemeralStore) -> bool:
    return count_both(store, 3, 20)[0] <= 3


def test_of_many_that_count_several_as_many_as_allowed_get_through(
    store: EphemeralStore, store_url: str
) -> None:
    assert race(count_them, open_store, store_url, threads=THREADS) == {True: 3, False: CALLERS - 3}
    share, whole = counts(store)
    # On PostgreSQL those that were refused in the race are counted where they were refused, and nowhere after it.
    assert 3 <= share <= CALLERS
    assert whole == 3


_turns = itertools.count()


def count_or_clear(store: EphemeralStore) -> str:
    """Every second one clears: the locks of the two must not cross."""
    for _ in range(6):
        if next(_turns) % 2:
            store.clear([SHARE, WHOLE])
        else:
            count_both(store, 1000, 1000)
    return "done"


def test_counting_and_clearing_wait_for_each_other_and_never_both(
    store: EphemeralStore, store_url: str
) -> None:
    assert race(count_or_clear, open_store, store_url, threads=THREADS) == {"done": CALLERS}
    share, whole = counts(store)
    assert share == whole


def test_of_many_takers_each_finds_the_record_or_its_trace(store: EphemeralStore, store_url: str) -> None:
    store.put(CODE, "raced", {}, LIFE)
    expected = {"taken": 1, "traced": CALLERS - 1}
    assert race(take_it, open_store, store_url, threads=THREADS) == expected
