"""The databases and the Redis of the contract suites: one server per run, one empty database per test."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from redis import Redis
from sqlalchemy import Engine

from idp.adapters.redis_urls import redis_store
from idp.adapters.sql.database import initialise, open_database
from idp.adapters.sql.store import SqlStore
from idp.adapters.sql.work import SqlUnitOfWork
from idp.adapters.unit import in_request, in_unit
from idp.core.clock import SystemClock
from idp.core.ephemeral import EphemeralStore
from idp.core.unit_of_work import UnitOfWork
from tests.fakes import MemoryStore
from tests.made_once import place_database
from tests.servers import RunningServer, postgresql_server, redis_cluster, redis_masters, redis_server

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[RunningServer]:
    """A running cluster whose database `initialised` has our tables and is copied for each test."""
    with postgresql_server() as server:
        with psycopg.connect(server.url, autocommit=True) as operator:
            operator.execute("CREATE DATABASE initialised")
        initialise(_database(server, "initialised"))
        yield server


@pytest.fixture(scope="session")
def redis() -> Iterator[RunningServer]:
    with redis_server() as server:
        yield server


@pytest.fixture(scope="session")
def cluster() -> Iterator[list[RunningServer]]:
    with redis_cluster() as nodes:
        yield nodes


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """`test_migrations` makes its own."""
    return place_database(tmp_path / "caducee.db")


@pytest.fixture
def postgresql_url(postgresql: RunningServer) -> str:
    name = f"contract_{next(_numbers)}"
    with psycopg.connect(postgresql.url, autocommit=True) as operator:
        operator.execute(f"CREATE DATABASE {name} TEMPLATE initialised")
    return _database(postgresql, name)


@pytest.fixture
def empty_postgresql_url(postgresql: RunningServer) -> str:
    """A database that was not initialised."""
    name = f"empty_{next(_numbers)}"
    with psycopg.connect(postgresql.url, autocommit=True) as operator:
        operator.execute(f"CREATE DATABASE {name}")
    return _database(postgresql, name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An initialised, empty database: each test that asks for it runs on both."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def opened() -> Iterator[Callable[[str], Engine]]:
    """Opens engines that are closed at the end of the test."""
    databases: list[Engine] = []

    def open_one(url: str) -> Engine:
        databases.append(open_database(url))
        return databases[-1]

    yield open_one
    for database in databases:
        database.dispose()


@pytest.fixture
def database(database_url: str, opened: Callable[[str], Engine]) -> Engine:
    return opened(database_url)


@pytest.fixture(params=["sqlite", "postgresql", "redis", "redis+cluster"])
def store_url(request: pytest.FixtureRequest) -> str:
    return _emptied(request, request.param)


@pytest.fixture
def store(store_url: str, opened: Callable[[str], Engine]) -> Iterator[EphemeralStore]:
    with _opened_store(store_url, opened) as store:
        yield store


@pytest.fixture(params=["memory", "sqlite", "postgresql", "redis", "redis+cluster"])
def any_store(request: pytest.FixtureRequest, opened: Callable[[str], Engine]) -> Iterator[EphemeralStore]:
    """The stores in use, and the fake that the suites of the other rooms rely on."""
    if request.param == "memory":
        yield MemoryStore(SystemClock())
        return
    with _opened_store(_emptied(request, request.param), opened) as store:
        yield store


@dataclass(frozen=True)
class EphemeralWork:
    """`UnitOfWork` around a store on a server of its own: nothing else is committed."""

    def request(self) -> AbstractContextManager[None]:
        return in_request()

    def together(self) -> AbstractContextManager[None]:
        return in_unit(lambda _unit: None, lambda _unit: None)


@pytest.fixture
def work(any_store: EphemeralStore) -> UnitOfWork:
    return SqlUnitOfWork(any_store.database) if isinstance(any_store, SqlStore) else EphemeralWork()


def _emptied(request: pytest.FixtureRequest, kind: str) -> str:
    """Returns the URL of an empty store."""
    if kind == "redis+cluster":
        nodes: list[RunningServer] = request.getfixturevalue("cluster")
        for master in redis_masters(nodes[-1].url):
            with Redis.from_url(master) as operator:
                operator.flushall()
        return nodes[-1].url
    if kind == "redis":
        server: RunningServer = request.getfixturevalue("redis")
        with Redis.from_url(server.url) as operator:
            operator.flushall()
        return server.url
    url: str = request.getfixturevalue(f"{kind}_url")
    return url


@contextmanager
def _opened_store(url: str, opened: Callable[[str], Engine]) -> Iterator[EphemeralStore]:
    if not url.startswith("redis"):
        yield SqlStore(opened(url), SystemClock())
        return
    with closing(redis_store(url)) as store:
        yield store


def _database(server: RunningServer, name: str) -> str:
    return f"{server.url.rpartition('/')[0]}/{name}"
