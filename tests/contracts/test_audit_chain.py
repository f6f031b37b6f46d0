"""The chain of the audit trail on SQLite and PostgreSQL: what binds its rows, and what is found when one is touched."""

import os
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.grants import GrantSpent
from idp.adapters.sql.audit import People, SqlAudit, Trail
from idp.adapters.sql.audit_keeping import AuditKeeper
from idp.adapters.sql.audit_reading import Asked, SqlAuditTrail
from idp.adapters.sql.grants import SqlGrants
from idp.adapters.sql.schema import audit_events, audit_seals
from idp.adapters.sql.work import SqlUnitOfWork
from idp.core.audit import AuditEvent
from idp.core.audit_chain import Chains, day_of
from idp.core.audit_record import AuditRecord, on_committed
from idp.core.audit_seals import faults_by_seals, faults_of_seals
from idp.core.audit_walk import Fault, Finding, Stored, Walk
from idp.core.origin import Origin, coming_from, commanded_by, found_in_session
from tests.contracts.specimens import ALICE
from tests.fakes import NOON, FixedClock
from tests.logged import logged_here
from tests.people import ALICE_RPPS

KEY = b"k" * 32
DAY = "2026-11-23"
LIFE = timedelta(days=20)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def audit(database: Engine, clock: FixedClock) -> SqlAudit:
    return SqlAudit(database, clock, Trail(Chains(KEY, "a"), People(KEY)))


def keeper(database: Engine, clock: FixedClock) -> AuditKeeper:
    return AuditKeeper(database=database, clock=clock, key=KEY, life=LIFE, address_life=LIFE / 2)


def rows(database: Engine) -> Sequence[Stored]:
    return list(SqlAuditTrail(database).after(0))


def record(audit: SqlAudit, clock: FixedClock, count: int) -> None:
    for number in range(count):
        audit.record(AuditEvent.CODE_ISSUED, account_id=ALICE, number=number)
        clock.advance(seconds=1)


def faults(
    database: Engine, kept_since: str = DAY, bare_until: str = "9999-12-31"
) -> list[tuple[Fault, int | None]]:
    walk, found = Walk(key=KEY, kept_since=kept_since, bare_until=bare_until), list[Finding]()
    for stored in rows(database):
        found += walk.feed(stored)
    found += walk.finish()
    seals = SqlAuditTrail(database).seals()
    found += faults_of_seals(KEY, seals)
    found += faults_by_seals(seals, walk.heads(), kept_since)
    return [(one.fault, one.row) for one in found]


def change(database: Engine, row: int, **values: Any) -> None:
    with database.begin() as connection:
        connection.execute(sa.update(audit_events).where(audit_events.c.id == row).values(**values))


def test_events_one_after_the_other_are_one_chain(
    audit: SqlAudit, clock: FixedClock, database: Engine
) -> None:
    record(audit, clock, 3)
    written = [stored.record for stored in rows(database)]
    assert [one.sequence for one in written] == [1, 2, 3]
    assert len({one.chain for one in written}) == 1
    assert written[0].chain.startswith(f"{DAY}.a.")
    assert faults(database) == []


def test_the_next_day_begins_a_chain(audit: SqlAudit, clock: FixedClock, database: Engine) -> None:
    record(audit, clock, 1)
    clock.advance(days=1)
    record(audit, clock, 1)
    assert [day_of(stored.record.chain) for stored in rows(database)] == [DAY, "2026-11-24"]
    assert [stored.record.sequence for stored in rows(database)] == [1, 1]


def test_what_is_committed_together_stands_in_one_chain_at_one_instant(
    audit: SqlAudit, clock: FixedClock, database: Engine
) -> None:
    for _ in range(2):
        with SqlUnitOfWork(database).together():
            for number in range(3):
                audit.record(AuditEvent.CODE_REDEEMED, number=number)
                clock.advance(seconds=1)
    numbers = sorted((stored.record.sequence, stored.record.at) for stored in rows(database))
    assert [number for number, _at in numbers] == [1, 2, 3, 4, 5, 6]
    assert [at for _number, at in numbers] == [NOON] * 3 + [NOON + timedelta(seconds=3)] * 3
    assert faults(database) == []


def test_what_is_not_committed_leaves_no_gap_and_is_not_told(
    audit: SqlAudit, clock: FixedClock, database: Engine
) -> None:
    told = list[AuditRecord]()
    take_back = on_committed(told.append)
    try:
        record(audit, clock, 1)
        with suppress(ValueError), SqlUnitOfWork(database).together():
            audit.record(AuditEvent.CODE_ISSUED)
            raise ValueError("left")
        with suppress(GrantSpent), SqlUnitOfWork(database).together():
            audit.record(AuditEvent.CODE_ISSUED)
            SqlGrants(database).redeem("nobody's", NOON)
        record(audit, clock, 1)
    finally:
        take_back()
    assert [stored.record.sequence for stored in rows(database)] == [1, 2]
    assert [one.sequence for one in told] == [1, 2]
    assert [stored.record for stored in rows(database)] == told
    assert faults(database) == []


def test_commits_at_once_have_chains_of_their_own(
    audit: SqlAudit, clock: FixedClock, database: Engine
) -> None:
    together = threading.Barrier(4)

    def work() -> None:
        for _ in range(5):
            together.wait()
            with SqlUnitOfWork(database).together():
                audit.record(AuditEvent.CODE_ISSUED)
                together.wait()
                audit.record(AuditEvent.CODE_REDEEMED)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(rows(database)) == 40
    assert len({stored.record.chain for stored in rows(database)}) == 4
    assert faults(database) == []


def test_a_child_process_goes_on_with_no_chain_of_its_parent(audit: SqlAudit, clock: FixedClock) -> None:
    record(audit, clock, 1)
    child = os.fork()
    if child == 0:
        os._exit(0 if audit.trail.chains.take(clock.now()).sequence == 0 else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert audit.trail.chains.take(clock.now()).sequence == 1


@pytest.mark.parametrize(
    "values",
    [
        {"event": "code:redeem:accepted"},
        {"account_id": "another"},
        {"account_id": None},
        {"at": NOON - timedelta(seconds=1)},
        {"facts": {"number": 7}},
        {"operator": "root"},
        {"network": "192.0.2.9"},
        {"network_digest": None},
        {"browsing": None},
        {"digest": "0" * 32},
        {"chain": None},
    ],
    ids=lambda values: str(*values),
)
def test_a_changed_row_is_named(
    audit: SqlAudit, clock: FixedClock, database: Engine, values: dict[str, Any]
) -> None:
    with coming_from(Origin(find_address=lambda: "192.0.2.1", find_browsing=lambda: "browser")):
        record(audit, clock, 5)
    assert faults(database) == []
    change(database, 3, **values)
    (fault, row), *others = faults(database)
    if "chain" in values:  # It is as good as gone; as one of before, nothing binds it.
        assert (fault, row) == (Fault.REMOVED, None)
    elif "digest" in values:  # The next one follows from the true digest.
        assert (fault, row) == (Fault.CHANGED, 3)
        assert others == [(Fault.CHANGED, 4)]
    else:
        assert [(fault, row), *others] == [(Fault.CHANGED, 3)]


def test_removed_inserted_and_reordered_rows_are_named(
    audit: SqlAudit, clock: FixedClock, database: Engine
) -> None:
    record(audit, clock, 6)
    table = audit_events
    with database.begin() as connection:
        connection.execute(sa.delete(table).where(table.c.id == 2))
        copied = connection.execute(sa.select(table).where(table.c.id == 4)).mappings().one()
        connection.execute(sa.insert(table).values({**copied, "id": 20, "event": "card:login:accepted"}))
        # Rows 5 and 6 change places.
        for before, after in ((5, 50), (6, 5), (50, 6)):
            connection.execute(sa.update(table).where(table.c.id == before).values(id=after))
    assert faults(database) == [(Fault.REMOVED, None), (Fault.INSERTED, 20), (Fault.REORDERED, 5)]


def test_a_row_without_chain_is_as_old_as_the_chain_or_inserted(
    audit: SqlAudit, clock: FixedClock, database: Engine
) -> None:
    def insert(at: Any) -> None:
        with database.begin() as connection:
            connection.execute(sa.insert(audit_events).values(at=at, event="x", facts={}))

    insert(NOON - timedelta(days=3))
    record(audit, clock, 1)
    insert(NOON + timedelta(hours=3))  # by a node of the release before, during the upgrade
    assert faults(database) == []
    insert(NOON + timedelta(days=2))
    assert faults(database) == [(Fault.INSERTED, 4)]


def test_a_sealed_day_knows_how_long_its_chains_were(
    audit: SqlAudit, clock: FixedClock, database: Engine
) -> None:
    record(audit, clock, 5)
    assert keeper(database, clock).seal_due() == 0
    clock.advance(days=2)
    assert keeper(database, clock).seal_due() == 2
    assert keeper(database, clock).seal_due() == 0
    assert [seal.day for seal in SqlAuditTrail(database).seals()] == [DAY, "2026-11-24"]
    assert faults(database) == []
    with database.begin() as connection:
        connection.execute(sa.delete(audit_events).where(audit_events.c.id > 3))
    assert faults(database) == [(Fault.CUT, None)]
    with database.begin() as connection:
        connection.execute(sa.delete(audit_events))
    assert faults(database) == [(Fault.REMOVED, None)]


def test_a_chain_made_after_the_seal_is_named(audit: SqlAudit, clock: FixedClock, database: Engine) -> None:
    record(audit, clock, 1)
    keeper(database, replace_clock(clock, days=1.2)).seal_due()
    record(audit, clock, 1)
    assert faults(database) == [(Fault.INSERTED, None)]


def replace_clock(clock: FixedClock, **later: float) -> FixedClock:
    return replace(clock, at=clock.at + timedelta(**later))


@pytest.mark.parametrize(
    ("touch", "found"),
    [
        (lambda s: sa.delete(s).where(s.c.day == "2026-11-24"), Fault.SEAL_REMOVED),
        (lambda s: sa.delete(s).where(s.c.day == DAY), Fault.SEAL_REMOVED),
        (lambda s: sa.update(s).where(s.c.day == "2026-11-24").values(chains=[]), Fault.SEAL_CHANGED),
        (lambda s: sa.update(s).where(s.c.day == "2026-11-24").values(faults=1), Fault.SEAL_CHANGED),
    ],
    ids=["one removed", "the first removed", "chains changed", "faults changed"],
)
def test_a_seal_that_was_touched_is_named(
    audit: SqlAudit, clock: FixedClock, database: Engine, touch: Callable[[sa.Table], Any], found: Fault
) -> None:
    for _ in range(3):
        record(audit, clock, 1)
        clock.advance(days=1)
    assert keeper(database, replace_clock(clock, hours=2)).seal_due() == 3
    with database.begin() as connection:
        connection.execute(touch(audit_seals))
    assert found in [fault for fault, _row in faults(database)]


def test_a_broken_day_is_sealed_as_it_is_and_says_so(
    audit: SqlAudit, clock: FixedClock, database: Engine
) -> None:
    record(audit, clock, 3)
    change(database, 2, event="x")
    clock.advance(days=2)
    keeper(database, clock).seal_due()
    assert [seal.faults for seal in SqlAuditTrail(database).seals()] == [1, 0]


def test_rows_go_with_time_and_seals_stay(audit: SqlAudit, clock: FixedClock, database: Engine) -> None:
    record(audit, clock, 2)
    clock.advance(days=1)
    record(audit, clock, 2)
    clock.advance(days=21)
    keeping = keeper(database, clock)
    assert keeping.purge() == 0  # not sealed
    keeping.run_due()
    assert [stored.record.sequence for stored in rows(database)] == []
    assert len(SqlAuditTrail(database).seals()) == 22
    record(audit, clock, 1)
    kept_since = (clock.now() - LIFE).date().isoformat()
    assert faults(database, kept_since) == []


def test_addresses_are_erased_and_the_chain_goes_on_vouching(
    audit: SqlAudit, clock: FixedClock, database: Engine
) -> None:
    with coming_from(Origin(find_address=lambda: "192.0.2.1", find_browsing=lambda: None)):
        record(audit, clock, 2)
    clock.advance(days=15)
    with coming_from(Origin(find_address=lambda: "192.0.2.2", find_browsing=lambda: None)):
        record(audit, clock, 1)
    keeping = keeper(database, clock)
    keeping.seal_due()
    assert keeping.erase_addresses() == 2
    assert keeping.erase_addresses() == 0
    with database.connect() as connection:
        kept = connection.execute(
            sa.select(audit_events.c.network, audit_events.c.network_salt).order_by(audit_events.c.id)
        ).all()
    assert [tuple(one) for one in kept[:2]] == [(None, None)] * 2
    assert kept[2].network == "192.0.2.2"
    bare_until = (clock.now() - LIFE / 2).date().isoformat()
    assert faults(database, bare_until=bare_until) == []
    change(database, 3, network=None, network_salt=None)
    assert faults(database, bare_until=bare_until) == [(Fault.CHANGED, 3)]
    change(database, 1, network="192.0.2.3", network_salt="0")
    assert faults(database) == [(Fault.CHANGED, 1)]


def test_a_row_that_names_a_chain_of_long_ago_is_not_taken_for_what_time_left(
    audit: SqlAudit, clock: FixedClock, database: Engine
) -> None:
    record(audit, clock, 1)
    forged = {"event": "card:login:accepted", "account_id": "account-1", "facts": {}, "digest": "00" * 16}
    with database.begin() as connection:
        connection.execute(
            sa.insert(audit_events).values(at=NOON, chain="2000-01-01.node.0", sequence=2, **forged)
        )
    assert [fault for fault, _row in faults(database)] == [Fault.REMOVED]


def test_where_an_event_comes_from_is_in_its_row(
    audit: SqlAudit, clock: FixedClock, database: Engine
) -> None:
    with coming_from(Origin(find_address=lambda: "2001:db8::7", find_browsing=lambda: "known")):
        audit.record(AuditEvent.PASSWORD_REFUSED, rpps=ALICE_RPPS)
        found_in_session("sid-1")
        audit.record(AuditEvent.SESSION_STARTED, account_id=ALICE, rpps=ALICE_RPPS)
    commanded_by("aicha")
    try:
        audit.record(AuditEvent.ACCOUNT_DISABLED, account_id=ALICE)
    finally:
        commanded_by("")
    unknown, started, disabled = (stored.record for stored in rows(database))
    assert (unknown.network and unknown.network.address, unknown.browsing) == ("2001:db8::7", "known")
    # An account has its id; beside it, the hash of the RPPS would lead from there to the person for good.
    assert (unknown.person, started.person) == (People(KEY).of(ALICE_RPPS), None)
    assert started.browsing == "sid-1"
    assert (disabled.operator, disabled.network, disabled.browsing) == ("aicha", None, None)
    assert ALICE_RPPS not in unknown.line()
    assert faults(database) == []


def test_an_operator_finds_events_by_what_is_known_of_them(
    audit: SqlAudit, clock: FixedClock, database: Engine
) -> None:
    trail, people = SqlAuditTrail(database), People(KEY)
    with coming_from(Origin(find_address=lambda: "192.0.2.1", find_browsing=lambda: "known")):
        audit.record(AuditEvent.PASSWORD_REFUSED, rpps=ALICE_RPPS, interaction_id="abcd1234")
    audit.record(AuditEvent.CARD_LOGIN_REFUSED, rpps=ALICE_RPPS, reason="expired")
    clock.advance(hours=1)
    audit.record(AuditEvent.PSC_LOGIN_REFUSED, client_id="rp", incident="0a1b2c3d")
    audit.record(AuditEvent.CODE_ISSUED, account_id=ALICE, client_id="rp")

    def found(**asked: Any) -> list[int]:
        return [stored.id for stored in trail.search(Asked(**asked), 10)]

    assert found() == [1, 2, 3, 4]
    assert found(person=people.of(ALICE_RPPS)) == [1, 2]
    assert found(person=people.of(ALICE_RPPS), account_id=ALICE) == [1, 2, 4]
    assert found(events=("card:*", "code:issue:accepted")) == [2, 4]
    assert found(events=("card:login",)) == []
    assert found(client_id="rp", account_id=ALICE) == [4]
    assert found(since=NOON + timedelta(minutes=1)) == [3, 4]
    assert found(until=NOON + timedelta(minutes=1)) == [1, 2]
    assert found(reference="abcd1234-and-the-rest") == [1]
    assert found(reference="0a1b2c3d") == [3]
    assert found(reference="known") == [1]
    assert found(network="192.0.") == [1]
    assert found(network="%") == []
    assert [stored.id for stored in trail.search(Asked(), 2, newest=True)] == [3, 4]


def test_a_day_that_is_broken_when_it_is_sealed_is_told_with_its_first_row(
    audit: SqlAudit, clock: FixedClock, database: Engine
) -> None:
    record(audit, clock, 4)
    third = rows(database)[2].id
    change(database, third, event="code:redeem:accepted")
    clock.advance(days=2)
    with logged_here() as told:
        assert keeper(database, clock).seal_due() == 2
    (broken,) = [line for line in told if line["event"] == "audit_chain_broken"]
    assert (broken["day"], broken["faults"], broken["first"], broken["row"], broken["number"]) == (
        DAY,
        1,
        "changed",
        third,
        3,
    )
    trail = SqlAuditTrail(database)
    assert (trail.faults_since(DAY), trail.faults_since("2026-11-24")) == (1, 0)
