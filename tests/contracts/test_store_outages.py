"""An ephemeral store that does not answer: every use says so in time, and work resumes when it is back."""

import signal
import sqlite3
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from redis import Redis
from sqlalchemy import Engine

from idp.adapters.redis_store import RedisStore
from idp.adapters.redis_urls import connect_redis
from idp.adapters.sql.database import initialise, open_database
from idp.adapters.sql.store import SqlStore
from idp.adapters.unit import in_request, in_unit
from idp.core.clock import SystemClock
from idp.core.ephemeral import EphemeralStore, Kind, Limited, StoreUnavailable
from tests.limits import within
from tests.servers import RunningServer, free_port, postgresql_server, redis_sentinel, redis_server

LIFE = timedelta(minutes=1)
CODE = Kind.AUTHORIZATION_CODE
TRIES = Kind.MAIL_CODE_TRIES


def assert_fails_closed(store: EphemeralStore, seconds: float) -> None:
    uses: list[Callable[[], object]] = [
        lambda: store.put(CODE, "k", {}, LIFE),
        lambda: store.get(CODE, "k"),
        lambda: store.take(CODE, "k"),
        lambda: store.swap(CODE, "k", {}, expected_version=0),
        lambda: store.touch(CODE, "k", {}, expected_version=0, ttl=LIFE),
        lambda: store.count(TRIES, "k", LIFE),
        lambda: store.put_counted(CODE, "k", {}, LIFE, counter=Limited((TRIES, "k"), LIFE, 1)),
        lambda: store.counted(TRIES, "k"),
    ]
    for use in uses:
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            use()
        assert time.monotonic() - began < within(seconds)
    assert not store.is_alive()


@pytest.mark.parametrize("killed", [signal.SIGTERM, signal.SIGKILL])
def test_stopped_redis_fails_closed_and_comes_back(killed: signal.Signals) -> None:
    with redis_server() as server, connect_redis(server.url) as connections:
        server.stop_signal = killed
        store = RedisStore(connections)
        store.count(TRIES, "k", LIFE)
        server.stop()
        assert_fails_closed(store, seconds=1.0)
        server.start()
        assert store.count(TRIES, "k", LIFE) == 1
        server.stop()
        server.start()
        # The first use after an unnoticed restart finds a dead connection before it sends: also a write goes through.
        assert store.count(TRIES, "k", LIFE) == 1


def test_hanging_redis_fails_closed_in_time() -> None:
    with redis_server() as server, connect_redis(server.url) as connections:
        store = RedisStore(connections)
        assert store.is_alive()
        server.pause()
        assert_fails_closed(store, seconds=1.5)


def test_nothing_is_committed_for_what_redis_could_not_keep_and_the_end_of_a_request_may_be_missing() -> None:
    with redis_server() as server, connect_redis(server.url) as connections:
        store = RedisStore(connections)
        committed: list[object] = []
        undone: list[object] = []
        with pytest.raises(StoreUnavailable), in_unit(committed.append, undone.append):
            _put_and_stop(store, server)
        assert (len(committed), len(undone)) == (0, 1)
        server.start()
        with in_request():
            store.touch(CODE, "k", {}, expected_version=0, ttl=LIFE)
            server.stop()
        server.start()
        # Neither comes later.
        assert store.count(TRIES, "k", LIFE) == 1
        assert store.get(CODE, "k") is None


def _put_and_stop(store: EphemeralStore, server: RunningServer) -> None:
    store.put(CODE, "k", {}, LIFE)
    server.stop()


def put_together(store: EphemeralStore) -> None:
    with in_unit(lambda _unit: None, lambda _unit: None):
        store.put(CODE, "a", {}, LIFE)
        store.put(CODE, "b", {}, LIFE)


def test_redis_that_is_full_or_a_replica_fails_closed_and_comes_back() -> None:
    with (
        redis_server() as server,
        connect_redis(server.url) as connections,
        Redis.from_url(server.url) as operator,
    ):
        store = RedisStore(connections)
        store.put(CODE, "k", {"n": 1}, LIFE)
        outages: list[tuple[Callable[[], object], Callable[[], object]]] = [
            (lambda: operator.config_set("maxmemory", "1"), lambda: operator.config_set("maxmemory", "0")),
            (
                lambda: operator.replicaof("127.0.0.1", str(free_port())),
                lambda: operator.replicaof("NO", "ONE"),
            ),
        ]
        for begin, end in outages:
            begin()
            for write in (
                lambda: store.put(CODE, "k", {}, LIFE),
                lambda: store.swap(CODE, "k", {}, expected_version=0),
                lambda: store.count(TRIES, "k", LIFE),
                lambda: put_together(store),
            ):
                with pytest.raises(StoreUnavailable):
                    write()
                # The answers of the next question are its own.
                assert store.get(CODE, "k") == ({"n": 1}, 0)
            end()
            put_together(store)


def test_redis_is_reached_by_unix_socket_and_through_sentinel() -> None:
    with redis_server(unix_socket=True) as server, connect_redis(server.url) as connections:
        assert RedisStore(connections).count(TRIES, "k", LIFE) == 1
    with (
        redis_server() as server,
        redis_sentinel(server.url, "caducee") as sentinel,
        connect_redis(sentinel.url) as connections,
    ):
        store = RedisStore(connections)
        store.put(CODE, "k", {"n": 1}, LIFE)
        assert store.take(CODE, "k") == {"n": 1}
        server.stop()
        assert_fails_closed(store, seconds=1.5)


def test_after_a_failover_the_new_master_is_found() -> None:
    with (
        redis_server() as first,
        redis_server() as second,
        redis_sentinel(first.url, "caducee") as sentinel,
        connect_redis(sentinel.url) as connections,
        Redis.from_url(first.url) as old,
        Redis.from_url(second.url) as new,
        Redis.from_url(sentinel.url.replace("redis+sentinel", "redis").removesuffix("/caducee")) as watch,
    ):
        store = RedisStore(connections)
        assert store.count(TRIES, "k", LIFE) == 1
        host, port = urlsplit(second.url).hostname, urlsplit(second.url).port
        watch.execute_command("SENTINEL REMOVE", "caducee")
        watch.execute_command("SENTINEL MONITOR", "caducee", host, port, 1)
        old.replicaof(str(host), str(port))
        # A connection that outlived the failover leads to the old one, which refuses, once.
        with pytest.raises(StoreUnavailable):
            store.count(TRIES, "k", LIFE)
        assert store.count(TRIES, "k", LIFE) == 1
        assert new.dbsize() == 1
        # Or it would be waited for when the new one is stopped.
        old.replicaof("NO", "ONE")


@pytest.mark.parametrize("url", ["http://:s3cret@localhost", "localhost:6379", "redis+sentinel://h:1/"])
def test_unknown_redis_url_is_refused_without_being_quoted(url: str) -> None:
    with pytest.raises(ValueError, match="Redis") as refusal:
        connect_redis(url)
    assert "s3cret" not in str(refusal.value)


def test_stopped_postgresql_fails_closed_and_comes_back() -> None:
    with postgresql_server() as server:
        initialise(server.url)
        database = open_database(server.url)
        store = SqlStore(database, SystemClock())
        store.put(CODE, "k", {"n": 1}, LIFE)
        server.stop()
        assert_fails_closed(store, seconds=4.0)
        server.start()
        assert store.take(CODE, "k") == {"n": 1}
        database.dispose()


def test_closed_postgresql_is_unavailable_at_opening() -> None:
    with pytest.raises(StoreUnavailable) as outage:
        open_database(f"postgresql://somebody:s3cret@127.0.0.1:{free_port()}/caducee")
    assert "s3cret" not in str(outage.value)


def test_statement_that_waits_too_long_is_an_outage(
    postgresql_url: str, opened: Callable[[str], Engine]
) -> None:
    store = SqlStore(opened(postgresql_url), SystemClock())
    with psycopg.connect(postgresql_url) as blocker:
        blocker.execute("LOCK TABLE ephemeral")
        assert_outage_within(4.0, store)


def test_sqlite_held_by_another_writer_is_readable_and_an_outage_for_writers(
    sqlite_url: str, opened: Callable[[str], Engine]
) -> None:
    store = SqlStore(opened(sqlite_url), SystemClock())
    store.put(CODE, "k", {"n": 1}, LIFE)
    blocker = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    assert store.get(CODE, "k") == ({"n": 1}, 0)
    assert_outage_within(8.0, store)
    blocker.close()
    assert store.take(CODE, "k") == {"n": 1}


def assert_outage_within(seconds: float, store: EphemeralStore) -> None:
    began = time.monotonic()
    with pytest.raises(StoreUnavailable):
        store.put(CODE, "k", {}, LIFE)
    assert 1.0 < time.monotonic() - began < within(seconds)


def test_vanished_sqlite_file_is_an_outage_and_is_not_created_again(
    sqlite_url: str, opened: Callable[[str], Engine]
) -> None:
    database = opened(sqlite_url)
    database.dispose()
    file = Path(sqlite_url.removeprefix("sqlite:///"))
    file.unlink()
    assert_fails_closed(SqlStore(database, SystemClock()), seconds=1.0)
    assert not file.exists()
