"""The audit trail by months on PostgreSQL: made ahead, dropped whole, divided while others write."""

import argparse
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from idp.adapters.sql.audit import SqlAudit, Trail
from idp.adapters.sql.audit_keeping import AuditKeeper
from idp.adapters.sql.audit_months import add_months, divide, drop_months, month_of
from idp.adapters.sql.audit_reading import Asked
from idp.adapters.sql.backends import parse_url, unopened_database
from idp.adapters.sql.database import migrate, upgrade_to, writing
from idp.adapters.sql.schema import audit_events
from idp.adapters.sql.schema_state import DatabaseUnusable
from idp.cli.db.database import partition
from idp.core.audit import AuditEvent
from idp.core.audit_chain import Chains
from idp.core.audit_walk import Fault
from tests.configured import settings_with
from tests.contracts.test_audit_chain import KEY, faults, rows
from tests.fakes import FixedClock
from tests.limits import within

#: The months that a database of today has from its first day begin with the next one.
NEXT = month_of(datetime.now(UTC), 1)
YEAR, LIFE = timedelta(days=365), timedelta(days=3)
_BIG = "SELECT n, repeat('x', 7900), '{}' FROM generate_series(1, 8500) n"
_PARTS = "SELECT part, since, until FROM audit_events_parts() ORDER BY until"


@pytest.fixture
def database(postgresql_url: str, opened: Callable[[str], Engine]) -> Engine:
    return opened(postgresql_url)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NEXT)


@pytest.fixture
def audit(database: Engine, clock: FixedClock) -> SqlAudit:
    return audit_of(database, clock)


def audit_of(database: Engine, clock: FixedClock) -> SqlAudit:
    return SqlAudit(database, clock, Trail(Chains(KEY, "a")))


def keeper(database: Engine, clock: FixedClock, *, by_month: bool = False) -> AuditKeeper:
    return AuditKeeper(
        database=database, clock=clock, key=KEY, life=LIFE, address_life=LIFE, by_month=by_month
    )


def parts(database: Engine) -> Sequence[str]:
    with database.connect() as connection:
        return [part for part, _since, _until in connection.exec_driver_sql(_PARTS)]


def rows_of(database: Engine, part: str) -> int:
    with database.connect() as connection:
        return int(connection.exec_driver_sql(f"SELECT count(*) FROM {part}").scalar_one())  # noqa: S608


def name(later: int = 0) -> str:
    return month_of(NEXT, later).strftime("audit_events_%Y_%m")


def add_row(database: Engine, at: datetime) -> None:
    with writing(database) as connection:
        connection.execute(sa.insert(audit_events).values(at=at, event="x", facts={}))


def test_months_are_made_ahead_and_each_row_goes_to_its_own(
    database: Engine, clock: FixedClock, audit: SqlAudit
) -> None:
    assert parts(database) == ["audit_events_before", "audit_events_default"]
    assert add_months(database, clock.now()) == 3
    assert add_months(database, clock.now()) == 0
    assert parts(database) == ["audit_events_before", name(), name(1), name(2), "audit_events_default"]
    for later, part in enumerate((name(), name(1), name(2))):
        clock.at = month_of(NEXT, later + 1) - timedelta(microseconds=1)
        audit.record(AuditEvent.CODE_ISSUED)
        assert rows_of(database, part) == 1
    assert faults(database) == []


def test_no_row_is_refused_for_want_of_a_month_and_it_moves_once_there_is_one(
    database: Engine, clock: FixedClock, audit: SqlAudit
) -> None:
    for _ in range(3):
        audit.record(AuditEvent.CODE_ISSUED)
    assert rows_of(database, "audit_events_default") == 3
    ids = [stored.id for stored in rows(database)]
    add_months(database, clock.now())
    assert (rows_of(database, "audit_events_default"), rows_of(database, name())) == (0, 3)
    assert [stored.id for stored in rows(database)] == ids
    assert faults(database) == []


def test_a_month_is_dropped_whole_once_all_of_it_is_over_and_sealed(
    database: Engine, clock: FixedClock, audit: SqlAudit
) -> None:
    worker, following = keeper(database, clock, by_month=True), month_of(NEXT, 1)
    worker.run_due()
    for at in (NEXT, NEXT + LIFE, following - LIFE / 9, following + LIFE / 9):
        clock.at = at
        audit.record(AuditEvent.CODE_ISSUED)
    # All but the last day of the first month are too old: it stays as it is.
    clock.at = following + LIFE - timedelta(hours=1)
    worker.run_due()
    assert parts(database)[0] == name()
    assert rows_of(database, name()) == 3
    assert faults(database, (clock.now() - LIFE).date().isoformat()) == []
    clock.at = following + LIFE
    worker.run_due()
    assert parts(database)[0] == name(1)
    assert len(rows(database)) == 1
    assert faults(database, following.date().isoformat()) == []
    # What is not sealed is not dropped.
    with writing(database) as connection:
        connection.exec_driver_sql("DELETE FROM audit_seals")
    assert drop_months(database, following + YEAR) == 0


def test_by_day_old_rows_go_each_in_its_time_and_then_the_empty_month(
    database: Engine, clock: FixedClock, audit: SqlAudit
) -> None:
    worker, following = keeper(database, clock), month_of(NEXT, 1)
    worker.run_due()
    for at in (NEXT, NEXT + LIFE, following):
        clock.at = at
        audit.record(AuditEvent.CODE_ISSUED)
    clock.at = NEXT + LIFE + timedelta(days=1)
    worker.run_due()
    assert (rows_of(database, name()), faults(database, "2026-11-30")) == (1, [(Fault.REMOVED, None)])
    assert faults(database, (clock.now() - LIFE).date().isoformat()) == []
    clock.at = following + LIFE
    worker.run_due()
    assert (parts(database)[0], len(rows(database))) == (name(1), 1)


def test_a_search_since_a_day_looks_at_the_months_since_then_only(
    database: Engine, clock: FixedClock
) -> None:
    add_months(database, clock.now())
    since = sa.select(audit_events.c.id).where(*Asked(since=month_of(NEXT, 1)).conditions())
    with database.connect() as connection:
        text = str(since.compile(connection, compile_kwargs={"literal_binds": True}))
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {text}").scalars())
    assert name(1) in plan
    assert name() not in plan
    assert "audit_events_before" not in plan


@pytest.fixture
def full_url(empty_postgresql_url: str) -> str:
    """A database of the release before, with a trail that is too big to be divided in passing, and rights on it."""
    database = unopened_database(parse_url(empty_postgresql_url))
    with writing(database) as connection:
        upgrade_to(connection, "0027")
        for statement in (
            "GRANT SELECT, INSERT ON audit_events TO PUBLIC",
            "GRANT UPDATE (network) ON audit_events TO PUBLIC",
            "ALTER TABLE audit_events ALTER event SET STORAGE PLAIN",
            "INSERT INTO audit_events (at, event, facts) " + _BIG,
        ):
            connection.exec_driver_sql(statement)
    database.dispose()
    migrate(empty_postgresql_url)
    return empty_postgresql_url


_RIGHTS = sa.text(
    "SELECT '', privilege_type FROM pg_class, aclexplode(relacl) "
    "WHERE oid = CAST(:part AS regclass) AND grantee = 0 UNION ALL "
    "SELECT attname, privilege_type FROM pg_attribute, aclexplode(attacl) "
    "WHERE attrelid = CAST(:part AS regclass) AND grantee = 0"
)


def rights(database: Engine, part: str) -> list[tuple[str, str]]:
    """Returns what everybody may do with it: of the whole, and of columns."""
    with database.connect() as connection:
        return sorted((column, right) for column, right in connection.execute(_RIGHTS, {"part": part}))


def test_a_big_trail_is_divided_by_a_command_while_others_write(
    full_url: str,
    opened: Callable[[str], Engine],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    database, clock = opened(full_url), FixedClock(datetime.now(UTC))
    assert add_months(database, clock.now()) == drop_months(database, clock.now()) == 0
    audit, is_over, written, begun = audit_of(database, clock), threading.Event(), [0], threading.Event()

    def write_on() -> None:
        while not is_over.is_set():
            audit.record(AuditEvent.CODE_ISSUED)
            written[0] += 1
            begun.set()

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        assert begun.wait(within(10))
        with psycopg.connect(full_url.replace("+psycopg", ""), autocommit=True) as reader:
            # Whoever reads at that moment is waited for, a moment at a time.
            reader.execute("BEGIN")
            reader.execute("SELECT FROM audit_events LIMIT 1")
            threading.Timer(0.5, reader.execute, ["COMMIT"]).start()
            assert divide(database, clock.now()) is True
            was = written[0]
            while written[0] < was + 3 and writer.is_alive():
                is_over.wait(0.01)
    finally:
        is_over.set()
        writer.join()
    assert written[0] >= was + 3
    assert divide(database, clock.now()) is False
    until = month_of(clock.now(), 2)
    assert parts(database)[1] == until.strftime("audit_events_%Y_%m")
    assert len(rows(database)) == 8500 + written[0]
    assert rights(database, "audit_events") == [("", "INSERT"), ("", "SELECT"), ("network", "UPDATE")]
    for part in parts(database):
        assert rights(database, part) == []
    with database.connect() as connection:
        assert (
            connection.exec_driver_sql(
                "SELECT count(*) FROM pg_constraint WHERE conname = 'audit_events_bound'"
            ).scalar()
            == 0
        )


def test_what_cannot_be_divided_stays_as_it_is(full_url: str, opened: Callable[[str], Engine]) -> None:
    database, now = opened(full_url), datetime.now(UTC)
    add_row(database, now + YEAR)  # by a clock that is far ahead
    with pytest.raises(DatabaseUnusable, match="a clock was ahead"):
        divide(database, now)
    add_row(database, now + YEAR)
    assert len(rows(database)) == 8502


def test_the_command_says_what_it_did(
    postgresql_url: str, sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for url, status, words in (
        (postgresql_url, 0, "divided by months already"),
        (sqlite_url, 2, "SQLite has no partitions"),
    ):
        told = {"issuer": "http://localhost:8400", "card_host": "https://localhost:8443", "database": url}
        settings = settings_with(**told, application_key="k" * 43, password_pepper="p" * 43)
        assert partition(settings, argparse.Namespace()) == status
        assert words in capsys.readouterr().out
