"""An ephemeral store that does not answer: every use says so in time, and work resumes when it is back."""

import sqlite3
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine

from idp.adapters.redis_store import RedisStore, connect_redis
from idp.adapters.sql.database import initialise, open_database
from idp.adapters.sql.store import SqlStore
from idp.core.clock import SystemClock
from idp.core.ephemeral import EphemeralStore, Kind, StoreUnavailable
from tests.limits import within
from tests.servers import free_port, postgresql_server, redis_sentinel, redis_server

LIFE = timedelta(minutes=1)
CODE = Kind.AUTHORIZATION_CODE
TRIES = Kind.MAIL_CODE_TRIES


def assert_fails_closed(store: EphemeralStore, seconds: float) -> None:
    uses: list[Callable[[], object]] = [
        lambda: store.put(CODE, "k", {}, LIFE),
        lambda: store.get(CODE, "k"),
        lambda: store.take(CODE, "k"),
        lambda: store.swap(CODE, "k", {}, expected_version=0),
        lambda: store.count(TRIES, "k", LIFE),
        lambda: store.counted(TRIES, "k"),
    ]
    for use in uses:
        began = time.monotonic()
        with pytest.raises(StoreUnavailable):
            use()
        assert time.monotonic() - began < within(seconds)
    assert not store.is_alive()


def test_stopped_redis_fails_closed_and_comes_back() -> None:
    with redis_server() as server, connect_redis(server.url) as client:
        store = RedisStore(client)
        store.count(TRIES, "k", LIFE)
        server.stop()
        assert_fails_closed(store, seconds=1.0)
        server.start()
        assert store.count(TRIES, "k", LIFE) == 1
        server.stop()
        server.start()
        # The first use after an unnoticed restart finds a dead pooled connection, and must not fail for it.
        assert store.is_alive()


def test_hanging_redis_fails_closed_in_time() -> None:
    with redis_server() as server, connect_redis(server.url) as client:
        store = RedisStore(client)
        assert store.is_alive()
        server.pause()
        assert_fails_closed(store, seconds=1.5)


def test_full_redis_fails_closed() -> None:
    with redis_server() as server, connect_redis(server.url) as client:
        client.config_set("maxmemory", "1")
        with pytest.raises(StoreUnavailable):
            RedisStore(client).put(CODE, "k", {}, LIFE)


def test_redis_is_reached_by_unix_socket_and_through_sentinel() -> None:
    with redis_server(unix_socket=True) as server, connect_redis(server.url) as client:
        assert RedisStore(client).count(TRIES, "k", LIFE) == 1
    with (
        redis_server() as server,
        redis_sentinel(server.url, "caducee") as sentinel,
        connect_redis(sentinel.url) as client,
    ):
        store = RedisStore(client)
        store.put(CODE, "k", {"n": 1}, LIFE)
        assert store.take(CODE, "k") == {"n": 1}
        server.stop()
        assert_fails_closed(store, seconds=1.5)


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
