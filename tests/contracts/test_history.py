"""What the audit trail says of one account, on SQLite and PostgreSQL."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from idp.accounts.account import AccountId
from idp.accounts.history import HistoryEntry
from idp.adapters.sql.audit import SqlAudit
from idp.adapters.sql.history import SqlHistory
from idp.core.audit import AuditEvent
from tests.contracts.specimens import ALICE, NOON, FixedClock

BOB = AccountId("account-2")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def audit(database: Engine, clock: FixedClock) -> SqlAudit:
    return SqlAudit(database, clock)


@pytest.fixture
def history(database: Engine) -> SqlHistory:
    return SqlHistory(database)


def record(audit: SqlAudit, *events: AuditEvent, account_id: str | None = ALICE) -> None:
    for event in events:
        audit.record(event, account_id=account_id, client_id="viatrajectoire", door="cps")


def test_a_person_reads_what_means_something_to_them_the_newest_first(
    history: SqlHistory, audit: SqlAudit
) -> None:
    record(audit, AuditEvent.SESSION_STARTED, AuditEvent.CODE_ISSUED, AuditEvent.PASSWORD_CHANGED)
    record(audit, AuditEvent.SESSION_STARTED, account_id=BOB)
    record(audit, AuditEvent.PASSWORD_REFUSED, account_id=None)
    changed, started = history.of(ALICE, NOON, 10)
    assert changed.event is AuditEvent.PASSWORD_CHANGED
    assert started == HistoryEntry(
        id=started.id,
        at=NOON,
        event=AuditEvent.SESSION_STARTED,
        client_id="viatrajectoire",
        facts={"door": "cps"},
    )
    assert history.of(AccountId("nobody"), NOON, 10) == []


def test_pages_follow_each_other_without_a_gap_while_more_happens(
    history: SqlHistory, audit: SqlAudit
) -> None:
    record(audit, *[AuditEvent.SESSION_STARTED] * 5)
    first = history.of(ALICE, NOON, 2)
    record(audit, AuditEvent.SESSION_STARTED)
    second = history.of(ALICE, NOON, 2, before=first[-1].id)
    third = history.of(ALICE, NOON, 2, before=second[-1].id)
    seen = [entry.id for entry in (*first, *second, *third)]
    assert (len(seen), seen) == (5, sorted(seen, reverse=True))
    assert history.of(ALICE, NOON, 2, before=third[-1].id) == []


def test_what_happened_long_ago_is_not_read(history: SqlHistory, audit: SqlAudit, clock: FixedClock) -> None:
    record(audit, AuditEvent.SESSION_STARTED)
    clock.at += timedelta(microseconds=1)
    record(audit, AuditEvent.SESSION_STARTED)
    assert [entry.at for entry in history.of(ALICE, clock.at, 10)] == [clock.at]


def test_an_entry_is_found_by_its_own_person_alone(history: SqlHistory, audit: SqlAudit) -> None:
    record(audit, AuditEvent.SESSION_STARTED, AuditEvent.CODE_ISSUED)
    (entry,) = history.of(ALICE, NOON, 10)
    assert history.find(ALICE, entry.id) == entry
    assert history.find(BOB, entry.id) is None
    # One that no page shows, one that is none.
    assert history.find(ALICE, entry.id + 1) is None
    assert history.find(ALICE, 10**17) is None
