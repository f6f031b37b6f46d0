"""Members of a key, each for its own time: every adapter of `EphemeralStore`, and the fake."""

from datetime import timedelta

import pytest

from idp.core.ephemeral import EphemeralStore, Kind
from idp.core.unit_of_work import UnitOfWork
from tests.contracts.races import CALLERS, open_store, race
from tests.contracts.test_ephemeral_store import outlive

LIFE = timedelta(minutes=1)
SHORT = timedelta(milliseconds=600)
HERE, THERE = Kind.REFUSED_IN_NETWORK, Kind.REFUSED_IN_MINUTE


def test_a_member_counts_once_however_often_it_is_noted(any_store: EphemeralStore) -> None:
    noted = [any_store.note_member(HERE, "k", member, LIFE) for member in ("a", "b", "a", "a", "c", "b")]
    assert noted == [1, 2, 2, 2, 3, 3]
    assert any_store.members(HERE, "k") == 3


def test_keys_and_kinds_have_members_of_their_own(any_store: EphemeralStore) -> None:
    any_store.note_member(HERE, "k", "a", LIFE)
    assert any_store.note_member(HERE, "other", "a", LIFE) == 1
    assert any_store.note_member(THERE, "k", "b", LIFE) == 1
    assert any_store.members(HERE, "nobody") == 0
    # Nor are they records or counters of that name.
    assert any_store.get(HERE, "other k") is None
    assert any_store.count(Kind.MAIL_CODE_TRIES, "k", LIFE) == 1


def test_a_member_that_is_dropped_counts_no_more_and_others_do(any_store: EphemeralStore) -> None:
    for member in ("a", "b"):
        any_store.note_member(HERE, "k", member, LIFE)
    any_store.drop_member(HERE, "k", "a")
    any_store.drop_member(HERE, "k", "nobody")
    assert any_store.members(HERE, "k") == 1
    assert any_store.note_member(HERE, "k", "a", LIFE) == 2


def test_each_ends_by_itself_and_noting_it_again_prolongs_it(any_store: EphemeralStore) -> None:
    any_store.note_member(HERE, "k", "short", SHORT)
    any_store.note_member(HERE, "k", "prolonged", SHORT)
    any_store.note_member(HERE, "k", "long", LIFE)
    assert any_store.note_member(HERE, "k", "prolonged", LIFE) == 3
    outlive(SHORT)
    assert any_store.members(HERE, "k") == 2
    # A short one takes nothing from the life of the others.
    assert any_store.note_member(HERE, "k", "short", SHORT) == 3
    outlive(SHORT)
    assert any_store.note_member(HERE, "k", "new", SHORT) == 3


@pytest.mark.parametrize("ttl", [timedelta(), timedelta(days=32)])
def test_no_life_is_out_of_bounds(any_store: EphemeralStore, ttl: timedelta) -> None:
    with pytest.raises(ValueError, match="life of a record"):
        any_store.note_member(HERE, "k", "a", ttl)
    assert any_store.members(HERE, "k") == 0


def test_a_member_is_dropped_with_its_unit_of_work_or_not_at_all(
    any_store: EphemeralStore, work: UnitOfWork
) -> None:
    for member in ("a", "b"):
        any_store.note_member(HERE, "k", member, LIFE)

    def fail() -> None:
        with work.together():
            any_store.drop_member(HERE, "k", "a")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert any_store.members(HERE, "k") == 2
    with work.together():
        any_store.drop_member(HERE, "k", "a")
    assert any_store.members(HERE, "k") == 1
    with work.request():
        any_store.drop_member(HERE, "k", "b")
    assert any_store.members(HERE, "k") == 0


def note_one_of_seven(store: EphemeralStore) -> int:
    note_one_of_seven.number = getattr(note_one_of_seven, "number", 0) + 1  # type: ignore[attr-defined]
    return store.note_member(HERE, "raced", str(note_one_of_seven.number % 7), LIFE)  # type: ignore[attr-defined]


def test_of_many_at_once_none_is_lost_and_none_counts_twice(store: EphemeralStore, store_url: str) -> None:
    results = race(note_one_of_seven, open_store, store_url)
    assert sum(results.values()) == CALLERS
    assert store.members(HERE, "raced") == 7
    assert max(results) == 7
