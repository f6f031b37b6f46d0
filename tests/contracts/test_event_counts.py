"""What the administrators' page counts, on both databases: by the hour and its index, for a second at most."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from sqlalchemy.exc import ProgrammingError

from idp.adapters.sql import bounded
from idp.adapters.sql.accounts import SqlAccounts
from idp.adapters.sql.audit import SqlAudit
from idp.adapters.sql.audit_schema import audit_events
from idp.adapters.sql.bounded import reading_for
from idp.adapters.sql.charter_counts import charter_figures
from idp.adapters.sql.charters import SqlCharters
from idp.adapters.sql.database import reading, writing
from idp.adapters.sql.event_counts import SqlEventCounts, counts_between, uses_between
from idp.core.audit import AuditEvent
from idp.core.day_counts import Counted, TookTooLong
from idp.core.ephemeral import StoreUnavailable
from tests.contracts.specimens import LATER, NOON, FixedClock, a_revision, an_acceptance, an_account

HOUR = timedelta(hours=1)


def test_events_are_counted_by_their_reason_or_client_within_half_open_bounds(database: Engine) -> None:
    clock = FixedClock(NOON)
    audit = SqlAudit(database, clock)
    audit.record(AuditEvent.PASSWORD_REFUSED, reason="wrong", account_id="account-of-somebody")
    audit.record(AuditEvent.PASSWORD_REFUSED, reason="wrong")
    audit.record(AuditEvent.CARD_LOGIN_REFUSED, reason="expired")
    audit.record(AuditEvent.CODE_ISSUED, client_id="via", account_id="account-of-somebody")
    audit.record(AuditEvent.PSC_LOGIN_ACCEPTED)
    audit.record(AuditEvent.PSC_LOGIN_REFUSED)  # without a reason
    audit.record(AuditEvent.DATA_EXPORTED)  # nothing of the page
    clock.at = LATER
    audit.record(AuditEvent.CODE_ISSUED, client_id="via")
    events = SqlEventCounts(database)
    assert sorted(events.between(NOON, LATER)) == [
        Counted("card:login:refused", "expired", 1, NOON),
        Counted("code:issue:accepted", "via", 1, NOON),
        Counted("password:check:refused", "wrong", 2, NOON),
        Counted("psc:login:accepted", "", 1, NOON),
        Counted("psc:login:refused", "", 1, NOON),
    ]
    assert events.clients_used(NOON, LATER) == {"via": NOON}
    assert events.clients_used(NOON, LATER + HOUR) == {"via": LATER}
    assert events.begin() == NOON


def test_a_trail_that_is_empty_has_no_begin(database: Engine) -> None:
    assert SqlEventCounts(database).begin() is None


def test_an_hour_of_a_long_trail_is_found_by_its_index(database: Engine) -> None:
    rows = [
        {
            "at": NOON + timedelta(minutes=minute),
            "event": "code:issue:accepted",
            "client_id": "a",
            "facts": {},
        }
        for minute in range(5000)
    ]
    with writing(database) as connection:
        connection.execute(sa.insert(audit_events), rows)
    if database.dialect.name == "postgresql":
        with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE audit_events")
    for statement in (counts_between(NOON, LATER), uses_between(NOON, LATER)):
        with reading(database) as connection:
            text = str(statement.compile(connection, compile_kwargs={"literal_binds": True}))
            explain = "EXPLAIN QUERY PLAN" if database.dialect.name == "sqlite" else "EXPLAIN"
            plan = "\n".join(str(row) for row in connection.exec_driver_sql(f"{explain} {text}"))
        assert "_at" in plan, plan
        assert "Seq Scan on audit_events_2" not in plan
        assert "SCAN audit_events" not in plan


def test_charter_counts_those_who_may_sign_in(database: Engine) -> None:
    accounts, charters = SqlAccounts(database), SqlCharters(database, FixedClock(LATER))
    charters.publish(a_revision("1"))
    charters.publish(a_revision("2"))
    for number in range(1, 5):
        accounts.add(an_account(number))
    for number, revision in ((1, "1"), (2, "2"), (3, "2")):
        charters.accept(an_acceptance(revision, account_id=f"account-{number}"))
    accounts.add(an_account(5, enabled=False))
    accounts.add(an_account(6, closing_at=LATER))
    assert charter_figures(database, LATER) == {"people": 4, "left": 2, "due": 2}
    charters.publish(replace(a_revision("3"), due_from=LATER + HOUR))
    assert charter_figures(database, LATER) == {"people": 4, "left": 4, "due": 2}


#: Counts until somebody stops it.
_ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000) SELECT count(*) FROM n"


def test_a_statement_is_given_up_in_time_and_the_connection_serves_on(
    database: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No test waits a whole second for SQLite; PostgreSQL's limit is in whole seconds.
    if database.dialect.name == "sqlite":
        monkeypatch.setattr(bounded, "time", _Hurried())
    with pytest.raises(TookTooLong), reading_for(database, 1) as connection:
        connection.exec_driver_sql(_ENDLESS).all()
    with reading(database) as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1


def test_a_fault_that_is_no_limit_of_ours_keeps_its_name(database: Engine) -> None:
    # What SQLite's driver has no other name for counts as an outage.
    with pytest.raises((ProgrammingError, StoreUnavailable)), reading_for(database, 1) as connection:
        connection.exec_driver_sql("SELECT no_such_column FROM audit_events")


class _Hurried:
    """A clock on which every look is a tenth of a second later."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 0.1
        return self.now
