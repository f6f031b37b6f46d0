"""What an ephemeral store writes late and reads again in a request and in a unit: every adapter, and the fake."""

import contextlib
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from idp.core.ephemeral import EphemeralStore, Kind, StaleRecord
from idp.core.unit_of_work import UnitOfWork
from tests.contracts.test_ephemeral_counted import put_counted

LIFE = timedelta(minutes=1)
CODE = Kind.AUTHORIZATION_CODE
TRIES = Kind.MAIL_CODE_TRIES


class Failed(Exception):
    """What goes wrong in the middle of a block."""


def elsewhere(act: Callable[[], Any]) -> Any:
    """Returns what another request gets, in a thread of its own."""
    results: list[Any] = []
    other = threading.Thread(target=lambda: results.append(act()))
    other.start()
    other.join()
    (result,) = results
    return result


# --- a touch


def touch(store: EphemeralStore, number: int, *, version: int) -> None:
    store.touch(CODE, "k", {"n": number}, expected_version=version, ttl=LIFE)


def test_a_touch_of_what_changed_or_is_gone_does_nothing(any_store: EphemeralStore) -> None:
    touch(any_store, 1, version=0)
    assert any_store.get(CODE, "k") is None
    any_store.put(CODE, "k", {"n": 2}, LIFE)
    touch(any_store, 3, version=1)
    assert any_store.get(CODE, "k") == ({"n": 2}, 0)


def test_a_touch_is_written_by_the_end_of_the_request(any_store: EphemeralStore, work: UnitOfWork) -> None:
    any_store.put(CODE, "k", {"n": 1}, LIFE)
    with work.request():
        assert any_store.get(CODE, "k") == ({"n": 1}, 0)
        touch(any_store, 2, version=0)
        # Its own request sees it.
        assert any_store.get(CODE, "k") == ({"n": 2}, 1)
        touch(any_store, 3, version=1)
    assert any_store.get(CODE, "k") == ({"n": 3}, 2)


def test_a_touch_never_undoes_what_another_request_did_meanwhile(
    any_store: EphemeralStore, work: UnitOfWork
) -> None:
    any_store.put(CODE, "k", {"n": 1}, LIFE)
    with work.request():
        assert any_store.get(CODE, "k") is not None
        elsewhere(lambda: any_store.take(CODE, "k"))
        touch(any_store, 2, version=0)
    assert any_store.get(CODE, "k") is None


@pytest.mark.parametrize(
    ("act", "left"),
    [
        (lambda store: store.put(CODE, "k", {"n": 3}, LIFE), ({"n": 3}, 0)),
        (lambda store: store.swap(CODE, "k", {"n": 3}, expected_version=1), ({"n": 3}, 2)),
        (lambda store: store.take(CODE, "k"), None),
        (lambda store: store.add(CODE, "k", {"n": 3}, LIFE), ({"n": 2}, 1)),
        (lambda store: store.count(TRIES, "k", LIFE), ({"n": 2}, 1)),
        (lambda store: put_counted(store, 3, most=1), ({"n": 3}, 0)),
    ],
    ids=["put", "swap", "take", "add", "count", "put_counted"],
)
def test_what_follows_a_touch_in_its_request_comes_after_it(
    any_store: EphemeralStore, work: UnitOfWork, act: Callable[[EphemeralStore], object], left: object
) -> None:
    any_store.put(CODE, "k", {"n": 1}, LIFE)
    with work.request():
        touch(any_store, 2, version=0)
        act(any_store)
    assert any_store.get(CODE, "k") == left


# --- what one request reads again


@pytest.mark.parametrize(
    "write",
    [
        lambda store: store.put(CODE, "k", {"n": 2}, LIFE),
        lambda store: store.swap(CODE, "k", {"n": 2}, expected_version=0),
        lambda store: store.take(CODE, "k") and store.add(CODE, "k", {"n": 2}, LIFE),
        lambda store: put_counted(store, 2, most=1),
        lambda store: touch(store, 2, version=0),
    ],
    ids=["put", "swap", "add", "put_counted", "touch"],
)
def test_a_request_reads_what_it_wrote(
    any_store: EphemeralStore, work: UnitOfWork, write: Callable[[EphemeralStore], object]
) -> None:
    any_store.put(CODE, "k", {"n": 1}, LIFE)
    with work.request():
        assert any_store.get(CODE, "k") == ({"n": 1}, 0)
        write(any_store)
        record = any_store.get(CODE, "k")
        assert record is not None
        assert record.value == {"n": 2}
        any_store.take(CODE, "k")
        assert any_store.get(CODE, "k") is None


def test_a_request_counts_and_reads_its_count(any_store: EphemeralStore, work: UnitOfWork) -> None:
    with work.request():
        for number in (1, 2):
            assert any_store.count(TRIES, "k", LIFE) == number
            assert any_store.counted(TRIES, "k") == number
        assert elsewhere(lambda: any_store.count(TRIES, "k", LIFE)) == 3
        # A counter is what others count too.
        assert any_store.counted(TRIES, "k") == 3


def lose_a_swap(store: EphemeralStore) -> None:
    with pytest.raises(StaleRecord):
        store.swap(CODE, "a", {"n": 3}, expected_version=0)


def lose_an_add(store: EphemeralStore) -> None:
    assert not store.add(CODE, "a", {"n": 3}, LIFE)


@pytest.mark.parametrize("lose", [lose_a_swap, lose_an_add])
def test_after_a_lost_race_everything_is_read_anew(
    any_store: EphemeralStore, work: UnitOfWork, lose: Callable[[EphemeralStore], None]
) -> None:
    def read() -> list[Any]:
        return [any_store.get(CODE, key) for key in ("a", "b")]

    def change() -> None:
        for key in ("a", "b"):
            any_store.swap(CODE, key, {"n": 2}, expected_version=0)

    for key in ("a", "b"):
        any_store.put(CODE, key, {"n": 1}, LIFE)
    with work.request():
        assert read() == [({"n": 1}, 0)] * 2
        elsewhere(change)
        lose(any_store)
        assert read() == [({"n": 2}, 1)] * 2


def test_the_next_request_reads_anew(any_store: EphemeralStore, work: UnitOfWork) -> None:
    any_store.put(CODE, "k", {"n": 1}, LIFE)
    for number in (1, 2):
        with work.request():
            assert any_store.get(CODE, "k") == ({"n": number}, 0)
        any_store.put(CODE, "k", {"n": 2}, LIFE)


def test_what_a_caller_does_to_what_it_read_changes_no_later_read(
    any_store: EphemeralStore, work: UnitOfWork
) -> None:
    any_store.put(CODE, "k", {"of": [1]}, LIFE)
    with work.request():
        record = any_store.get(CODE, "k")
        assert record is not None
        record.value["of"].append(2)
        assert any_store.get(CODE, "k") == ({"of": [1]}, 0)


# --- a unit


def test_what_a_unit_puts_and_touches_waits_for_its_end(any_store: EphemeralStore, work: UnitOfWork) -> None:
    def seen() -> list[Any]:
        return [any_store.get(CODE, key) for key in ("new", "k")]

    any_store.put(CODE, "k", {"n": 1}, LIFE)
    before: list[Any] = [None, ({"n": 1}, 0)]
    with work.request(), work.together():
        any_store.put(CODE, "new", {"n": 1}, LIFE)
        touch(any_store, 2, version=0)
        assert seen() == before
        assert elsewhere(seen) == before
    assert seen() == [({"n": 1}, 0), ({"n": 2}, 1)]


def test_they_are_written_in_their_order(any_store: EphemeralStore, work: UnitOfWork) -> None:
    any_store.put(CODE, "k", {"n": 1}, LIFE)
    with work.request():
        touch(any_store, 2, version=0)
        with work.together():
            touch(any_store, 3, version=1)
            any_store.put(CODE, "k", {"n": 4}, LIFE)
            touch(any_store, 5, version=0)
        assert any_store.get(CODE, "k") == ({"n": 5}, 1)


def test_a_unit_that_fails_writes_nothing_later(any_store: EphemeralStore, work: UnitOfWork) -> None:
    with contextlib.suppress(Failed), work.together():
        any_store.put(CODE, "k", {"n": 1}, LIFE)
        raise Failed
    assert any_store.get(CODE, "k") is None
    any_store.put(CODE, "other", {}, LIFE)
    assert any_store.get(CODE, "k") is None


def test_what_a_caller_needs_the_outcome_of_is_done_at_once(
    any_store: EphemeralStore, work: UnitOfWork
) -> None:
    """A try is counted before the comparison, whatever becomes of the rest."""
    any_store.put(CODE, "taken", {"n": 1}, LIFE)
    any_store.put(CODE, "swapped", {"n": 1}, LIFE)
    with contextlib.suppress(Failed), work.together():
        assert any_store.count(TRIES, "k", LIFE) == 1
        assert put_counted(any_store, 1, most=1)
        assert any_store.add(CODE, "added", {}, LIFE)
        assert any_store.take(CODE, "taken") == {"n": 1}
        any_store.swap(CODE, "swapped", {"n": 2}, expected_version=0)
        raise Failed
    assert any_store.counted(TRIES, "k") == 1
    assert any_store.get(CODE, "k") == ({"n": 1}, 0)
    assert any_store.get(CODE, "added") == ({}, 0)
    assert any_store.get(CODE, "taken") is None
    assert any_store.get(CODE, "swapped") == ({"n": 2}, 1)


def test_a_value_that_is_not_json_is_refused_before_anything_waits(
    any_store: EphemeralStore, work: UnitOfWork
) -> None:
    any_store.put(CODE, "k", {"n": 1}, LIFE)
    refused: list[Callable[[], object]] = [
        lambda: any_store.put(CODE, "k", {"n": float("nan")}, LIFE),
        lambda: any_store.touch(CODE, "k", {"n": float("nan")}, expected_version=0, ttl=LIFE),
    ]
    for refuse in refused:
        with work.request(), work.together(), pytest.raises(ValueError, match="JSON"):
            refuse()
    assert any_store.get(CODE, "k") == ({"n": 1}, 0)


def test_a_block_within_a_block_is_part_of_the_outer_one(any_store: EphemeralStore, work: UnitOfWork) -> None:
    def seen() -> list[Any]:
        return [any_store.get(CODE, key) for key in ("k", "put")]

    any_store.put(CODE, "k", {"n": 1}, LIFE)
    with work.request(), work.together():
        with work.request(), work.together():
            any_store.put(CODE, "put", {"n": 1}, LIFE)
            touch(any_store, 2, version=0)
        assert elsewhere(seen) == [({"n": 1}, 0), None]
    assert seen() == [({"n": 2}, 1), ({"n": 1}, 0)]


# --- a look that is foreseen


def test_what_is_foreseen_is_read_as_if_it_were_asked_for_then(
    any_store: EphemeralStore, work: UnitOfWork
) -> None:
    any_store.put(CODE, "k", {"n": 1}, LIFE)
    any_store.foresee(CODE, "k")  # outside of a request nothing is
    with work.request():
        for key in ("k", "nobody's"):
            any_store.foresee(CODE, key)
        assert any_store.count(TRIES, "other", LIFE) == 1
        assert (any_store.get(CODE, "k"), any_store.get(CODE, "nobody's")) == (({"n": 1}, 0), None)
        # What the request then does itself, it sees.
        any_store.put(CODE, "nobody's", {"n": 2}, LIFE)
        touch(any_store, 3, version=0)
        assert (any_store.get(CODE, "k"), any_store.get(CODE, "nobody's")) == (({"n": 3}, 1), ({"n": 2}, 0))
    with work.request():
        any_store.foresee(CODE, "k")  # and nobody asks
    with work.request():
        any_store.foresee(CODE, "k")
        assert any_store.get(CODE, "k") == ({"n": 3}, 1)
        any_store.foresee(CODE, "gone")
        assert any_store.take(CODE, "k") == {"n": 3}
        touch(any_store, 4, version=0)
        assert any_store.get(CODE, "gone") is None
