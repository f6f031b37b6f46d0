"""PostgreSQL that dies, forgets, refuses or is slow, seen by statements that psycopg's own cursors do not send.

Whatever happens is StoreUnavailable, nothing of a unit is half written, and the next request works.
"""

import itertools
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine, PoolProxiedConnection

from idp.accounts.grants import Grant
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.audit import SqlAudit
from idp.adapters.sql.database import initialise, open_database
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.kept import kept_by
from idp.adapters.sql.statement import Statement
from idp.adapters.sql.work import SqlUnitOfWork, fetch
from idp.core.audit import AuditEvent
from idp.core.ephemeral import StoreUnavailable
from tests.contracts.specimens import ALICE, NOON, FixedClock, an_account
from tests.limits import eventually, within
from tests.servers import RunningServer, postgresql_server

_numbers = itertools.count()


def issue(database: Engine, name: str = "", before: Callable[[], object] = lambda: None) -> str:
    """Read, and write a grant and its audit event together, as /authorize does. Returns the id of the grant."""
    grant_id = name or f"grant-{next(_numbers)}"
    SqlGrants(database).get(grant_id)
    before()
    write_together(database, grant_id)
    return grant_id


def write_together(database: Engine, grant_id: str) -> None:
    with SqlUnitOfWork(database).together():
        SqlAudit(database, FixedClock()).record(AuditEvent.CODE_ISSUED, account_id=ALICE)
        SqlGrants(database).add(
            Grant(id=grant_id, account_id=ALICE, client_id="via", sid="sid", granted_at=NOON)
        )


def written(url: str) -> tuple[set[str], int]:
    """The grants, and how many audit events."""
    with psycopg.connect(url, autocommit=True) as operator:
        found = {row[0] for row in operator.execute("SELECT id FROM grants")}
        (events,) = operator.execute("SELECT count(*) FROM audit_events").fetchone() or (0,)
    return found, events


def outage(act: Callable[[], object]) -> None:
    with pytest.raises(StoreUnavailable):
        act()


@pytest.fixture
def database(postgresql_url: str, opened: Callable[[str], Engine]) -> Engine:
    database = opened(postgresql_url)
    SqlAccounts(database).add(an_account())
    return database


@pytest.fixture
def operator(postgresql_url: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        yield connection


def close_all(operator: psycopg.Connection[Any]) -> None:
    """The server closes every connection of ours, and they are gone."""
    ours = (
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'caducee' AND datname = current_database()"
    )
    assert eventually(lambda: not operator.execute(ours).fetchall(), seconds=5, every=0.01)


def test_a_server_that_dies_between_the_read_and_the_commit_or_in_it_leaves_nothing() -> None:
    with postgresql_server() as server:
        server.stop_signal = signal.SIGQUIT
        initialise(server.url)
        database = open_database(server.url)
        SqlAccounts(database).add(an_account())
        outage(lambda: issue(database, before=server.stop))
        outage(lambda: issue(database))
        server.start()
        kept = issue(database)
        _die_in_the_commit(database, server)
        server.start()
        assert written(server.url) == ({kept}, 1)
        issue(database)
        database.dispose()


def _die_in_the_commit(database: Engine, server: RunningServer) -> None:
    with ThreadPoolExecutor(1) as caller, closing(psycopg.connect(server.url)) as blocker:
        blocker.execute("LOCK TABLE audit_events")
        pending = caller.submit(issue, database)
        waits = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        assert eventually(lambda: bool(blocker.execute(waits).fetchall()), seconds=2, every=0.01)
        server.stop()
        assert isinstance(pending.exception(), StoreUnavailable)


def test_connections_that_the_server_closed_while_they_were_idle_cost_nobody_a_write(
    database: Engine, operator: psycopg.Connection[Any], postgresql_url: str
) -> None:
    held = [database.raw_connection() for _ in range(3)]
    for raw in held:
        raw.close()
    close_all(operator)
    # Neither one write, nor several, nor a transaction, nor a read.
    SqlGrants(database).add(Grant(id="one", account_id=ALICE, client_id="c", sid="s", granted_at=NOON))
    close_all(operator)
    write_together(database, "two")
    close_all(operator)
    SqlAccounts(database).save(an_account(locale="en"))
    close_all(operator)
    assert SqlGrants(database).get("one") is not None
    assert written(postgresql_url) == ({"one", "two"}, 1)


def test_statements_and_transactions_by_turns_use_one_connection_which_is_closed_with_the_database(
    postgresql_url: str, operator: psycopg.Connection[Any]
) -> None:
    ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'caducee' AND datname = current_database()"
    database = open_database(postgresql_url)
    SqlAccounts(database).add(an_account())
    for _ in range(2):
        issue(database)
        SqlAccounts(database).save(an_account(version=SqlAccounts(database).get(ALICE).version))
    assert operator.execute(ours).fetchone() == (1,)
    issue(database)
    database.dispose()
    assert eventually(lambda: operator.execute(ours).fetchone() == (0,), seconds=5, every=0.01)


def _forget(operator: psycopg.Connection[Any], database: Engine) -> None:
    """As a pooler does that gives each transaction another connection of the server."""

    def forget(raw: PoolProxiedConnection) -> None:
        raw.driver_connection.pgconn.exec_(b"DEALLOCATE ALL")  # type: ignore[union-attr]

    kept_by(database).use(database, forget)


def _migrate(operator: psycopg.Connection[Any], database: Engine) -> None:
    operator.execute("ALTER TABLE grants ALTER COLUMN sid TYPE varchar(300)")


@pytest.mark.parametrize("meanwhile", [_forget, _migrate])
def test_statements_that_were_prepared_and_are_no_more_are_prepared_again(
    database: Engine,
    operator: psycopg.Connection[Any],
    meanwhile: Callable[[psycopg.Connection[Any], Engine], None],
) -> None:
    first = issue(database)
    meanwhile(operator, database)
    assert SqlGrants(database).get(first) is not None
    meanwhile(operator, database)
    write_together(database, "second")
    assert SqlGrants(database).get("second") is not None


def test_a_statement_prepared_by_another_worker_on_the_connection_is_the_same_one(database: Engine) -> None:
    issue(database)
    # Another worker knows nothing of what this one prepared.
    kept_by(database).use(database, lambda raw: raw.info.clear())
    assert SqlGrants(database).get(issue(database)) is not None


def test_in_a_transaction_of_a_unit_what_is_prepared_no_more_is_an_outage_once(
    database: Engine, operator: psycopg.Connection[Any]
) -> None:
    def unit() -> None:
        with SqlUnitOfWork(database).together():
            SqlAccounts(database).save(an_account(version=SqlAccounts(database).get(ALICE).version))
            SqlGrants(database).get("g")

    unit()
    _migrate(operator, database)
    outage(unit)
    unit()


def test_what_the_server_could_not_do_now_is_an_outage_and_nothing_is_written(
    database: Engine, operator: psycopg.Connection[Any], postgresql_url: str
) -> None:
    """Serialization, deadlock, full disk, lock not available, cancelled, corrupted. facts/security LG3 for the rest."""
    issue(database, "before")
    for state in ("40001", "40P01", "53100", "55P03", "57014", "XX001"):
        operator.execute(
            "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE 'the-secret' USING ERRCODE = '{state}'; END $$"
        )
        operator.execute("CREATE TRIGGER refuse BEFORE INSERT ON audit_events EXECUTE FUNCTION refuse()")
        with pytest.raises(StoreUnavailable) as caught:
            issue(database)
        told: BaseException | None = caught.value
        while told is not None:
            assert "the-secret" not in f"{told!r} {told.args}"
            told = told.__cause__ or told.__context__
        operator.execute("DROP TRIGGER refuse ON audit_events")
    issue(database, "after")
    assert written(postgresql_url) == ({"before", "after"}, 2)


def test_a_statement_that_waits_too_long_and_a_pool_without_a_free_connection_are_outages(
    database: Engine, postgresql_url: str
) -> None:
    issue(database)
    other = open_database(postgresql_url)

    def timed(act: Callable[[], object]) -> float:
        began = time.monotonic()
        outage(act)
        return time.monotonic() - began

    with ThreadPoolExecutor(2) as callers, psycopg.connect(postgresql_url) as blocker:
        held = [other.raw_connection() for _ in range(64)]
        blocker.execute("LOCK TABLE audit_events")
        waits = [callers.submit(timed, partial(issue, one)) for one in (database, other)]
        assert all(1.0 < wait.result() < within(4) for wait in waits)
        blocker.rollback()
    for raw in held:
        raw.close()
    kept = [issue(database), issue(other)]
    other.dispose()
    assert set(kept) < written(postgresql_url)[0]
    assert written(postgresql_url)[1] == 3


def test_statements_without_a_transaction_are_read_committed_whatever_the_server_says(
    postgresql: RunningServer, postgresql_url: str, opened: Callable[[str], Engine]
) -> None:
    name = postgresql_url.rpartition("/")[2]
    with psycopg.connect(postgresql.url, autocommit=True) as operator:
        operator.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'")
    setting = Statement(
        lambda _: sa.select(sa.func.current_setting("transaction_isolation", type_=sa.Text).label("level"))
    )
    assert [row[0] for row in fetch(opened(postgresql_url), setting)] == ["read committed"]
