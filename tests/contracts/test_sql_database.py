"""What is really in force on a connection: durability, locks, time limits, survival of a fork."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.charter import CharterRevision
from idp.adapters.sql.charters import SqlCharters
from idp.adapters.sql.database import MIGRATIONS, reading, writing
from idp.core.ephemeral import StoreUnavailable
from tests.fakes import NOON
from tests.faults import faulty_connections
from tests.limits import within
from tests.servers import RunningServer


def file_of(sqlite_url: str) -> Path:
    return Path(sqlite_url.removeprefix("sqlite:///"))


def test_sqlite_settings_are_in_force_on_every_connection(
    sqlite_url: str, opened: Callable[[str], Engine]
) -> None:
    database = opened(sqlite_url)
    expected = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 5000,
        "secure_delete": 1,
    }
    with reading(database) as first, reading(database) as second:
        for connection in (first, second):
            found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in expected}
            assert found == expected


def test_foreign_keys_are_enforced(database: Engine) -> None:
    orphan = (
        "INSERT INTO grants (id, account_id, client_id, sid, granted_at) VALUES ('g', 'nobody', 'c', 's', 0)"
    )
    with pytest.raises(sa.exc.IntegrityError), writing(database) as connection:
        connection.exec_driver_sql(orphan)


def test_sqlite_writer_holds_the_lock_from_the_start_and_a_reader_never_does(
    sqlite_url: str, opened: Callable[[str], Engine]
) -> None:
    database = opened(sqlite_url)
    other = sqlite3.connect(file_of(sqlite_url), isolation_level=None, timeout=0)
    with writing(database), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    with reading(database) as connection:
        connection.exec_driver_sql("SELECT count(*) FROM accounts")
        other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
    other.close()


def test_commit_that_sqlite_refuses_leaves_no_transaction_open(
    sqlite_url: str, opened: Callable[[str], Engine]
) -> None:
    """A full disk, say. The connection went back to the pool as it was, and kept every other writer out."""
    revision = CharterRevision(revision="2026-1", published_at=NOON, texts={"fr": "# Charte"})
    with faulty_connections() as faults:
        database = opened(sqlite_url)
        begin_and_insert = 2
        with faults.armed(begin_and_insert), pytest.raises(StoreUnavailable):
            SqlCharters(database).publish(revision)
        with reading(database) as connection:
            assert connection.execute(sa.text("SELECT count(*) FROM charter_revisions")).scalar_one() == 0
        SqlCharters(opened(sqlite_url)).publish(revision)


def test_postgresql_settings_are_in_force(
    postgresql: RunningServer, postgresql_url: str, opened: Callable[[str], Engine]
) -> None:
    name = postgresql_url.rpartition("/")[2]
    with psycopg.connect(postgresql.url, autocommit=True) as operator:
        operator.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        operator.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    expected = {
        "statement_timeout": "2500ms",
        "synchronous_commit": "on",
        "transaction_isolation": "read committed",
        "application_name": "caducee",
    }
    with reading(opened(postgresql_url)) as connection:
        found = {name: connection.exec_driver_sql(f"SHOW {name}").scalar() for name in expected}
    assert found == expected


def test_stricter_postgresql_durability_is_left_alone(
    postgresql: RunningServer, postgresql_url: str, opened: Callable[[str], Engine]
) -> None:
    name = postgresql_url.rpartition("/")[2]
    with psycopg.connect(postgresql.url, autocommit=True) as operator:
        operator.execute(f"ALTER DATABASE {name} SET synchronous_commit = remote_apply")
    with reading(opened(postgresql_url)) as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "remote_apply"


def test_postgresql_that_lost_its_connections_is_used_again(
    postgresql: RunningServer, postgresql_url: str, opened: Callable[[str], Engine]
) -> None:
    database = opened(postgresql_url)
    with psycopg.connect(postgresql.url, autocommit=True) as operator:
        operator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'caducee'"
        )
    with reading(database) as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1


_FORKING = """
import os, sys, time
from datetime import timedelta
from idp.adapters.sql.database import open_database
from idp.adapters.sql.store import SqlStore
from idp.core.clock import SystemClock
from idp.core.ephemeral import Kind

store = SqlStore(open_database(sys.argv[1]), SystemClock())
count = lambda: store.count(Kind.MAIL_CODE_TRIES, "forked", timedelta(minutes=1))
count()
children = []
for _ in range(2):
    child = os.fork()
    if not child:
        for _ in range(100):
            count()
        os._exit(0)
    children.append(child)
for _ in range(100):
    count()
statuses = [os.waitpid(child, 0)[1] for child in children]
print(statuses, count())
"""


def test_engine_survives_a_fork(database_url: str) -> None:
    forked = subprocess.run(
        [sys.executable, "-c", _FORKING, database_url],
        capture_output=True,
        cwd=MIGRATIONS.parent,
        timeout=within(60),
        text=True,
    )
    assert forked.stderr == ""
    assert forked.stdout == "[0, 0] 302\n"
