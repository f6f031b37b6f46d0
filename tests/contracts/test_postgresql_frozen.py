"""PostgreSQL that keeps its connections and says nothing: its own time limits never run out, ours do."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.database import MIGRATION_LOCK, initialise, migrate, open_database, reading, writing
from idp.adapters.sql.patience import SECONDS
from idp.core.ephemeral import StoreUnavailable
from tests.contracts.specimens import an_account
from tests.contracts.test_postgresql_faults import issue, outage, written
from tests.limits import within
from tests.servers import RunningServer, postgresql_server

#: facts/security §4.6, and the requirement of every page.
ANSWERED_WITHIN = 5.0


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    with postgresql_server() as server:
        initialise(server.url)
        yield server


@pytest.fixture
def database(server: RunningServer) -> Iterator[Engine]:
    with psycopg.connect(server.url, autocommit=True) as operator:
        operator.execute("TRUNCATE accounts, grants, audit_events CASCADE")
    database = open_database(server.url)
    SqlAccounts(database).add(an_account())
    yield database
    database.dispose()


@contextmanager
def frozen(server: RunningServer) -> Iterator[None]:
    server.pause()
    try:
        yield
    finally:
        server.resume()


def seconds_of(act: Callable[[], object]) -> float:
    began = time.monotonic()
    outage(act)
    return time.monotonic() - began


def a_page(database: Engine) -> None:
    with reading(database) as connection:
        connection.execute(sa.text("SELECT 1"))


def a_long_write(database: Engine, freeze: Callable[[], None]) -> None:
    with writing(database) as connection:
        connection.execute(sa.text("DELETE FROM accounts"))
        freeze()
        connection.execute(sa.text("SELECT 1"))


def test_a_request_of_a_frozen_server_is_refused_in_time_and_the_next_at_once_until_it_answers(
    server: RunningServer, database: Engine
) -> None:
    with frozen(server):
        assert seconds_of(lambda: issue(database)) < within(ANSWERED_WITHIN)
        with ThreadPoolExecutor(8) as threads:
            taken = sorted(threads.map(lambda _: seconds_of(lambda: issue(database)), range(8)))
        # One of them connects to find out.
        assert taken[-2] < within(0.5)
        assert taken[-1] < within(ANSWERED_WITHIN)
    issue(database)


def test_what_was_under_way_when_it_froze_is_refused_in_time_and_nothing_of_it_is_written(
    server: RunningServer, database: Engine
) -> None:
    try:
        assert seconds_of(lambda: a_long_write(database, server.pause)) < within(ANSWERED_WITHIN)
    finally:
        server.resume()
    kept = issue(database)
    assert written(server.url)[0] == {kept}


def test_a_migration_waits_for_another_as_long_as_that_takes(server: RunningServer) -> None:
    with psycopg.connect(server.url, autocommit=True) as other, ThreadPoolExecutor(1) as operator:
        other.execute("SELECT pg_advisory_lock(%s)", [MIGRATION_LOCK])
        pending = operator.submit(migrate, server.url)
        time.sleep(SECONDS + 0.5)
        assert not pending.done()
        other.execute("SELECT pg_advisory_unlock(%s)", [MIGRATION_LOCK])
        pending.result()


def test_the_outage_has_the_one_name_that_every_caller_knows(server: RunningServer, database: Engine) -> None:
    with frozen(server), pytest.raises(StoreUnavailable) as raised:
        a_page(database)
    assert server.url not in str(raised.value)
