"""What the Redis store sends: how many commands, in how many round trips, and what becomes of them when one breaks."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from redis import Redis

from idp.adapters.redis_store import RedisStore
from idp.adapters.redis_urls import connect_redis
from idp.adapters.unit import in_request, in_unit
from idp.core.ephemeral import EphemeralStore, Kind, Limited, StoreUnavailable
from tests.redis_traffic import RedisTraffic, counted_redis
from tests.servers import RunningServer

LIFE = timedelta(minutes=1)
CODE = Kind.AUTHORIZATION_CODE
TRIES = Kind.MAIL_CODE_TRIES
POSTS = Kind.PASSWORD_POSTS_BY_IP


@pytest.fixture
def traffic(redis: RunningServer) -> Iterator[RedisTraffic]:
    with Redis.from_url(redis.url) as operator:
        operator.flushall()
    with counted_redis(redis.url) as traffic:
        yield traffic


@pytest.fixture
def store(traffic: RedisTraffic) -> Iterator[RedisStore]:
    with connect_redis(traffic.url) as connections:
        store = RedisStore(connections)
        store.put(CODE, "k", {"n": 1}, LIFE)
        traffic.clear()
        yield store


def touch(store: EphemeralStore, key: str = "k", version: int = 0) -> None:
    store.touch(CODE, key, {"n": 2}, expected_version=version, ttl=LIFE)


def every_operation(store: RedisStore) -> list[tuple[str, Callable[[], object]]]:
    """Each with the command that it is."""
    return [
        ("SET", lambda: store.put(CODE, "k", {}, LIFE)),
        ("SET", lambda: store.add(CODE, "new", {}, LIFE)),
        ("GET", lambda: store.get(CODE, "k")),
        ("EVAL", lambda: store.swap(CODE, "k", {}, expected_version=0)),
        ("EVAL", lambda: touch(store)),
        ("EVAL", lambda: store.count(TRIES, "k", LIFE)),
        ("GET", lambda: store.counted(TRIES, "k")),
        (
            "EVAL",
            lambda: store.put_counted(CODE, "p", {}, LIFE, counter=Limited((POSTS, "p"), LIFE, 1)),
        ),
        ("GETDEL", lambda: store.take(CODE, "k")),
        ("PING", store.is_alive),
    ]


def test_every_operation_is_one_command_in_one_round_trip(store: RedisStore, traffic: RedisTraffic) -> None:
    uses = every_operation(store)
    for _name, use in uses:
        use()
    assert traffic.round_trips == [[name] for name, _use in uses]


def test_a_request_reads_a_record_once_and_its_touch_goes_along(
    store: RedisStore, traffic: RedisTraffic
) -> None:
    with in_request():
        for _ in range(3):
            assert store.get(CODE, "k") is not None
            assert store.get(CODE, "absent") is None
        touch(store)
        store.count(TRIES, "k", LIFE)
        touch(store, "other")
        with in_unit(lambda _unit: None, lambda _unit: None):
            store.put(CODE, "a", {}, LIFE)
            store.put(CODE, "b", {}, LIFE)
        touch(store, "last")
    # What is absent is asked again: another may have put it there.
    assert traffic.round_trips == [
        ["GET"],
        ["GET"],
        ["GET"],
        ["GET"],
        ["EVAL", "EVAL"],
        ["EVAL", "SET", "SET"],
        ["EVAL"],
    ]


def test_nothing_is_sent_for_a_request_or_a_unit_that_writes_nothing(
    store: RedisStore, traffic: RedisTraffic
) -> None:
    with in_request(), in_unit(lambda _unit: None, lambda _unit: None):
        pass
    assert traffic.round_trips == []


# --- a connection that breaks


def test_a_write_whose_outcome_is_unknown_is_not_repeated(store: RedisStore, traffic: RedisTraffic) -> None:
    # facts/security §4.3: a try would be counted twice.
    uses: list[Callable[[], object]] = [
        lambda: store.count(TRIES, "k", LIFE),
        lambda: store.put(CODE, "k", {}, LIFE),
        lambda: store.add(CODE, "new", {}, LIFE),
        lambda: store.swap(CODE, "k", {}, expected_version=0),
        lambda: touch(store),
        lambda: store.put_counted(CODE, "p", {}, LIFE, counter=Limited((TRIES, "k"), LIFE, 9)),
        lambda: store.take(CODE, "k"),
    ]
    for use in uses:
        assert store.is_alive()
        traffic.clear()
        traffic.break_next()
        with pytest.raises(StoreUnavailable):
            use()
        assert len(traffic.round_trips) == 1
    # Each was done once, as it happens.
    assert store.counted(TRIES, "k") == 2


def test_a_read_is_repeated_once_on_a_new_connection(store: RedisStore, traffic: RedisTraffic) -> None:
    traffic.break_next()
    assert store.get(CODE, "k") == ({"n": 1}, 0)
    assert traffic.round_trips == [["GET"], ["GET"]]
    traffic.break_next(times=2)
    with pytest.raises(StoreUnavailable):
        store.get(CODE, "k")
    assert len(traffic.round_trips) == 4
    # The one that is new is not repeated.
    traffic.break_next()
    with pytest.raises(StoreUnavailable):
        store.get(CODE, "k")
    assert store.get(CODE, "k") == ({"n": 1}, 0)


def test_a_read_that_a_touch_goes_along_with_is_not_repeated(
    store: RedisStore, traffic: RedisTraffic
) -> None:
    with pytest.raises(StoreUnavailable), in_request():
        _touch_and_lose_the_read(store, traffic)
    assert traffic.round_trips == [["EVAL", "GET"]]


def _touch_and_lose_the_read(store: RedisStore, traffic: RedisTraffic) -> None:
    touch(store)
    traffic.break_next()
    store.get(CODE, "k")


@pytest.mark.parametrize("answers", [0, 1])
def test_a_break_in_the_middle_of_several_commands_is_an_outage_and_mixes_up_no_answers(
    store: RedisStore, traffic: RedisTraffic, answers: int
) -> None:
    def put_two() -> None:
        with in_unit(lambda _unit: None, lambda _unit: None):
            store.put(CODE, "a", {"n": 5}, LIFE)
            store.put(CODE, "b", {"n": 6}, LIFE)

    traffic.break_next(answers=answers)
    with pytest.raises(StoreUnavailable):
        put_two()
    assert traffic.commands == ["SET", "SET"]
    assert [store.get(CODE, key) for key in ("k", "a", "b")] == [
        ({"n": 1}, 0),
        ({"n": 5}, 0),
        ({"n": 6}, 0),
    ]


@pytest.mark.parametrize(
    "refusal",
    [b"-LOADING Redis is loading", b"+only one", b"no protocol"],
    ids=["loading", "silent", "garbled"],
)
def test_an_answer_that_is_none_is_an_outage(
    store: RedisStore, traffic: RedisTraffic, refusal: bytes
) -> None:
    traffic.instead = refusal + b"\r\n"
    with pytest.raises(StoreUnavailable), in_request():
        _touch_and_count(store)
    assert store.count(TRIES, "k", LIFE) == 1


def _touch_and_count(store: RedisStore) -> None:
    touch(store)
    store.count(TRIES, "k", LIFE)
