"""The contract of `EphemeralStore`, on SQLite, PostgreSQL and Redis alike; races run over two processes."""

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from redis import Redis
from sqlalchemy import Engine

from idp.adapters.sql.store import SqlStore
from idp.core.clock import SystemClock
from idp.core.ephemeral import EphemeralStore, Kind, StaleRecord
from tests.contracts.races import CALLERS, open_store, race
from tests.servers import redis_masters

LIFE = timedelta(minutes=1)
SHORT = timedelta(milliseconds=600)
CODE = Kind.AUTHORIZATION_CODE
TRIES = Kind.MAIL_CODE_TRIES


def outlive(life: timedelta) -> None:
    time.sleep(life.total_seconds() + 0.05)


# --- records


def test_record_is_read_back_as_written(store: EphemeralStore) -> None:
    value = {"nom": "Aïcha \u0000 \U0001f489", "n": 1, "deep": {"list": [1, None, True, 0.5, "\ud800"]}}
    store.put(CODE, "k", value, LIFE)
    record = store.get(CODE, "k")
    assert record is not None
    assert (record.value, record.version) == (value, 0)


def test_absent_record_is_none(store: EphemeralStore) -> None:
    assert store.get(CODE, "k") is None
    assert store.take(CODE, "k") is None


def test_put_replaces_value_version_and_life(store: EphemeralStore) -> None:
    store.put(CODE, "k", {"n": 1}, SHORT)
    store.swap(CODE, "k", {"n": 2}, expected_version=0)
    store.put(CODE, "k", {"n": 3}, LIFE)
    outlive(SHORT)
    assert store.get(CODE, "k") == ({"n": 3}, 0)


def test_only_the_first_is_added(store: EphemeralStore) -> None:
    assert store.add(CODE, "k", {"n": 1}, LIFE)
    assert not store.add(CODE, "k", {"n": 2}, LIFE)
    assert store.get(CODE, "k") == ({"n": 1}, 0)
    store.swap(CODE, "k", {"n": 3}, expected_version=0)
    assert not store.add(CODE, "k", {"n": 4}, LIFE)
    assert store.take(CODE, "k") == {"n": 3}
    assert store.add(CODE, "k", {"n": 5}, LIFE)


def test_two_kinds_never_share_a_key(store: EphemeralStore) -> None:
    store.put(CODE, "k", {"n": 1}, LIFE)
    store.put(Kind.ACCESS_TOKEN, "k", {"n": 2}, LIFE)
    assert store.take(CODE, "k") == {"n": 1}
    assert store.get(Kind.ACCESS_TOKEN, "k") == ({"n": 2}, 0)


def test_any_text_may_be_a_key(store: EphemeralStore) -> None:
    for key in ("", "é\u0000", "\ud800", "x" * 100_000):
        store.put(CODE, key, {"length": len(key)}, LIFE)
        assert store.take(CODE, key) == {"length": len(key)}


def test_taken_record_is_gone(store: EphemeralStore) -> None:
    store.put(CODE, "k", {"n": 1}, LIFE)
    assert store.take(CODE, "k") == {"n": 1}
    assert store.take(CODE, "k") is None
    assert store.get(CODE, "k") is None


def test_store_is_alive(store: EphemeralStore) -> None:
    assert store.is_alive()


# --- swap


def test_swap_writes_the_next_version(store: EphemeralStore) -> None:
    store.put(CODE, "k", {"n": 1}, LIFE)
    store.swap(CODE, "k", {"n": 2}, expected_version=0)
    store.swap(CODE, "k", {"n": 3}, expected_version=1)
    assert store.get(CODE, "k") == ({"n": 3}, 2)


@pytest.mark.parametrize("seen", [0, 2, 10, 11])
def test_swap_at_another_version_is_stale_and_writes_nothing(store: EphemeralStore, seen: int) -> None:
    store.put(CODE, "k", {"n": 1}, LIFE)
    store.swap(CODE, "k", {"n": 2}, expected_version=0)
    with pytest.raises(StaleRecord):
        store.swap(CODE, "k", {"n": 3}, expected_version=seen)
    assert store.get(CODE, "k") == ({"n": 2}, 1)


def test_swap_of_an_absent_record_is_stale(store: EphemeralStore) -> None:
    with pytest.raises(StaleRecord):
        store.swap(CODE, "k", {"n": 1}, expected_version=0)
    assert store.get(CODE, "k") is None


def test_swap_without_ttl_keeps_the_end_of_life(store: EphemeralStore) -> None:
    store.put(CODE, "k", {"n": 1}, SHORT)
    store.swap(CODE, "k", {"n": 2}, expected_version=0)
    assert store.get(CODE, "k") is not None
    outlive(SHORT)
    assert store.get(CODE, "k") is None


def test_swap_with_ttl_moves_the_end_of_life(store: EphemeralStore) -> None:
    store.put(CODE, "longer", {"n": 1}, SHORT)
    store.put(CODE, "shorter", {"n": 1}, LIFE)
    store.swap(CODE, "longer", {"n": 2}, expected_version=0, ttl=LIFE)
    store.swap(CODE, "shorter", {"n": 2}, expected_version=0, ttl=SHORT)
    outlive(SHORT)
    assert store.get(CODE, "longer") == ({"n": 2}, 1)
    assert store.get(CODE, "shorter") is None


# --- life


def test_expired_record_is_never_returned_nor_swapped(store: EphemeralStore) -> None:
    for key in ("got", "taken", "swapped", "added"):
        store.put(CODE, key, {"n": 1}, SHORT)
        assert store.get(CODE, key) is not None
    outlive(SHORT)
    assert store.get(CODE, "got") is None
    assert store.take(CODE, "taken") is None
    with pytest.raises(StaleRecord):
        store.swap(CODE, "swapped", {"n": 2}, expected_version=0)
    assert store.add(CODE, "added", {"n": 2}, LIFE)
    assert store.get(CODE, "added") == ({"n": 2}, 0)


@pytest.mark.parametrize(
    "ttl", [timedelta(), timedelta(seconds=-1), timedelta(microseconds=999), timedelta(days=32)]
)
def test_life_outside_the_bounds_is_refused(store: EphemeralStore, ttl: timedelta) -> None:
    store.put(CODE, "k", {"n": 1}, LIFE)
    with pytest.raises(ValueError, match="life of a record"):
        store.put(CODE, "k", {"n": 2}, ttl)
    with pytest.raises(ValueError, match="life of a record"):
        store.add(CODE, "other", {"n": 2}, ttl)
    with pytest.raises(ValueError, match="life of a record"):
        store.swap(CODE, "k", {"n": 2}, expected_version=0, ttl=ttl)
    with pytest.raises(ValueError, match="life of a record"):
        store.count(TRIES, "k", ttl)
    assert store.get(CODE, "k") == ({"n": 1}, 0)
    assert store.counted(TRIES, "k") == 0


@pytest.mark.parametrize("value", [{"n": float("nan")}, {"at": timedelta(seconds=1)}])
def test_value_that_is_not_json_is_refused(store: EphemeralStore, value: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError), match="JSON"):
        store.put(CODE, "k", value, LIFE)
    assert store.get(CODE, "k") is None


# --- counters


def test_count_adds_one_each_time(store: EphemeralStore) -> None:
    assert store.counted(TRIES, "k") == 0
    assert [store.count(TRIES, "k", LIFE) for _ in range(12)] == list(range(1, 13))
    assert store.counted(TRIES, "k") == 12
    assert store.counted(TRIES, "another") == 0


def test_window_starts_at_the_first_count_and_is_not_prolonged(store: EphemeralStore) -> None:
    store.count(TRIES, "k", SHORT)
    assert store.count(TRIES, "k", LIFE) == 2
    outlive(SHORT)
    assert store.counted(TRIES, "k") == 0
    assert store.count(TRIES, "k", LIFE) == 1
    outlive(SHORT)
    assert store.count(TRIES, "k", LIFE) == 2


def test_take_clears_a_counter(store: EphemeralStore) -> None:
    store.count(TRIES, "k", LIFE)
    store.count(TRIES, "k", LIFE)
    assert store.take(TRIES, "k") == {}
    assert store.counted(TRIES, "k") == 0
    assert store.count(TRIES, "k", LIFE) == 1


# --- at rest


def contents_of_redis(url: str) -> bytes:
    with Redis.from_url(url) as thief:
        return b"\n".join(key + b" " + thief.get(key) for key in thief.keys("*"))


def raw_contents(url: str) -> bytes:
    """Returns everything the store keeps, as a thief would read it."""
    if url.startswith("redis"):
        return b"\n".join(map(contents_of_redis, redis_masters(url)))
    if url.startswith("postgresql"):
        with psycopg.connect(url) as thief:
            return b"\n".join(
                " ".join(map(str, row)).encode() for row in thief.execute("SELECT * FROM ephemeral")
            )
    file = Path(url.removeprefix("sqlite:///"))
    return b"".join(part.read_bytes() for part in file.parent.glob(file.name + "*"))


def test_no_key_can_be_read_at_rest(store: EphemeralStore, store_url: str) -> None:
    store.put(CODE, "code-s3cret-bearer", {"client": "visible-value"}, LIFE)
    store.swap(CODE, "code-s3cret-bearer", {"client": "visible-value"}, expected_version=0)
    store.count(Kind.PASSWORD_TRIES, "10001234567", LIFE)
    contents = raw_contents(store_url)
    assert b"visible-value" in contents
    assert b"password_tries" in contents
    assert b"s3cret" not in contents
    assert b"10001234567" not in contents


# --- races: fifty callers over two processes


def take_it(store: EphemeralStore) -> bool:
    return store.take(CODE, "raced") is not None


def swap_it(store: EphemeralStore) -> str:
    store.swap(CODE, "raced", {"by": os.getpid()}, expected_version=0)
    return "swapped"


def count_it(store: EphemeralStore) -> int:
    return store.count(TRIES, "raced", LIFE)


def test_one_of_fifty_takers_gets_the_record(store: EphemeralStore, store_url: str) -> None:
    store.put(CODE, "raced", {"n": 1}, LIFE)
    assert race(take_it, open_store, store_url) == {True: 1, False: CALLERS - 1}


def test_one_of_fifty_swappers_wins(store: EphemeralStore, store_url: str) -> None:
    store.put(CODE, "raced", {"n": 1}, LIFE)
    assert race(swap_it, open_store, store_url) == {"swapped": 1, "StaleRecord": CALLERS - 1}
    record = store.get(CODE, "raced")
    assert record is not None
    assert record.version == 1


def test_fifty_counts_are_fifty(store: EphemeralStore, store_url: str) -> None:
    assert race(count_it, open_store, store_url) == dict.fromkeys(range(1, CALLERS + 1), 1)
    assert store.counted(TRIES, "raced") == CALLERS


# --- the worker's broom (SQL only: Redis removes its dead by itself)


def test_purge_removes_the_dead_only_and_by_portions(database: Engine) -> None:
    store = SqlStore(database, SystemClock())
    store.put(CODE, "alive", {"n": 1}, LIFE)
    for number in range(5):
        store.put(CODE, f"dead {number}", {}, timedelta(milliseconds=1))
    outlive(timedelta(milliseconds=1))
    assert [store.purge(limit=3), store.purge(limit=3), store.purge(limit=3)] == [3, 2, 0]
    assert store.get(CODE, "alive") == ({"n": 1}, 0)
