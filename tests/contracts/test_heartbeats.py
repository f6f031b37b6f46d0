"""Signs of life, what one process at a time does, and depth and age of the queues, on SQLite and PostgreSQL."""

import dataclasses
import os
import threading
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.logouts import NoticeState
from idp.adapters.sql.database import insert_into, open_database, writing
from idp.adapters.sql.heartbeats import SqlHeartbeats, SqlLeases
from idp.adapters.sql.outbox import SqlOutbox
from idp.adapters.sql.queues import SqlQueues
from idp.adapters.sql.schema import logout_notices
from idp.core.heartbeats import ALWAYS_RUN, Heartbeat, Lane, LaneState, Waiting, not_run
from idp.core.mailer import Mail
from tests.contracts.races import race
from tests.contracts.specimens import LATER, NOON, FixedClock

BEAT = Heartbeat(
    node="a",
    process="worker 1",
    lane=Lane.MAILS,
    at=NOON,
    state=LaneState.WORKING,
    since=NOON - timedelta(seconds=3),
    due_by=NOON + timedelta(seconds=57),
    waiting=Waiting(number=7, oldest_at=NOON - timedelta(minutes=2)),
)
MINUTE = timedelta(minutes=1)


def test_the_last_beat_of_each_lane_of_each_process_stays(database: Engine) -> None:
    beats = SqlHeartbeats(database)
    beats.beat([])
    other = dataclasses.replace(BEAT, lane=Lane.PURGES, waiting=None)
    elsewhere = dataclasses.replace(BEAT, node="b")
    beats.beat([BEAT, other])
    beats.beat([elsewhere])
    failing = dataclasses.replace(BEAT, at=LATER, state=LaneState.FAILING, fault="OSError", waiting=None)
    beats.beat([failing])
    assert beats.all() == [failing, other, elsewhere]


def test_who_ends_in_good_order_leaves_no_sign(database: Engine) -> None:
    beats = SqlHeartbeats(database)
    elsewhere = dataclasses.replace(BEAT, node="b")
    beats.beat([BEAT, dataclasses.replace(BEAT, lane=Lane.KEYS), elsewhere])
    beats.leave("a", "worker 1")
    assert beats.all() == [elsewhere]


def test_the_sign_of_one_that_died_long_ago_is_purged(database: Engine) -> None:
    beats = SqlHeartbeats(database)
    beats.beat([BEAT, dataclasses.replace(BEAT, node="b", at=LATER)])
    assert beats.purge(NOON) == 0
    assert beats.purge(LATER) == 1
    assert [beat.node for beat in beats.all()] == ["b"]


@pytest.mark.parametrize(
    ("at", "due_by", "is_alive"),
    [
        (0, 60, True),
        (-60, 60, True),
        (-61, 600, False),  # its process is dead
        (0, -60, True),
        (0, -61, False),  # its process lives, the lane is stuck
        (5, 60, True),  # a clock of another node
    ],
)
def test_a_lane_is_alive_while_its_process_beats_and_its_turn_is_not_overdue(
    at: int, due_by: int, is_alive: bool
) -> None:
    beat = dataclasses.replace(BEAT, at=NOON + timedelta(seconds=at), due_by=NOON + timedelta(seconds=due_by))
    assert beat.is_alive(NOON) is is_alive


def test_a_lane_that_nobody_runs_is_named() -> None:
    everything = [dataclasses.replace(BEAT, lane=lane) for lane in ALWAYS_RUN]
    assert not_run(everything, NOON) == ()
    # One that died does no harm while another does its work.
    dead = dataclasses.replace(BEAT, node="b", at=NOON - timedelta(days=1))
    assert not_run([dead, *everything], NOON) == ()
    assert not_run([dead, *everything[1:]], NOON) == ("mails",)
    assert set(not_run([], NOON)) == set(ALWAYS_RUN)
    assert Lane.LISTS not in not_run([], NOON)


def test_one_process_at_a_time_holds_a_lease(database: Engine) -> None:
    leases = SqlLeases(database)
    assert leases.hold("lanes", "one", NOON, MINUTE)
    assert not leases.hold("lanes", "two", NOON, MINUTE)
    assert leases.hold("others", "two", NOON, MINUTE)
    assert leases.hold("lanes", "one", NOON + MINUTE / 2, MINUTE)
    assert not leases.hold("lanes", "two", NOON + MINUTE, MINUTE)


def test_a_lease_runs_out_when_its_holder_died(database: Engine) -> None:
    leases = SqlLeases(database)
    assert leases.hold("lanes", "one", NOON, MINUTE)
    assert leases.hold("lanes", "two", NOON + MINUTE, MINUTE)
    assert not leases.hold("lanes", "one", NOON + MINUTE, MINUTE)


def test_a_lease_given_back_is_taken_at_once_and_only_by_its_holder(database: Engine) -> None:
    leases = SqlLeases(database)
    assert leases.hold("lanes", "one", NOON, MINUTE)
    leases.release("lanes", "two")
    assert not leases.hold("lanes", "two", NOON, MINUTE)
    leases.release("lanes", "one")
    assert leases.hold("lanes", "two", NOON, MINUTE)


def take(database: Engine) -> bool:
    return SqlLeases(database).hold("lanes", f"{os.getpid()} {threading.get_ident()}", NOON, MINUTE)


def test_of_many_that_race_for_a_lease_one_gets_it(database_url: str) -> None:
    taken = race(take, open_database, database_url)
    assert taken[True] == 1


def test_depth_and_age_of_the_mails_that_wait(database: Engine) -> None:
    queues, clock = SqlQueues(database), FixedClock()
    assert queues.mails(clock.now()) == Waiting(number=0, oldest_at=None)
    outbox = SqlOutbox(database, clock)
    mail = Mail(to="a@b.example", subject="s", text="t", html="h")
    outbox.post(mail, expires_after_seconds=60)
    first = clock.at
    clock.at += timedelta(seconds=30)
    outbox.post(mail, expires_after_seconds=600)
    assert queues.mails(clock.now()) == Waiting(number=2, oldest_at=first)
    clock.at += timedelta(seconds=30)
    assert queues.mails(clock.now()) == Waiting(number=1, oldest_at=first + timedelta(seconds=30))


def test_depth_and_age_of_the_notices_that_wait(database: Engine) -> None:
    queues = SqlQueues(database)
    row = {
        "client_id": "via",
        "account_id": "account-1",
        "not_before": NOON,
        "deliveries": 0,
        "attempts": 0,
    }
    rows = [
        {**row, "sid": "1", "ended_at": NOON, "state": NoticeState.DELIVERED},
        {**row, "sid": "2", "ended_at": LATER, "state": NoticeState.WAITING},
        {**row, "sid": "3", "ended_at": LATER + MINUTE, "state": NoticeState.WAITING},
    ]
    with writing(database) as connection:
        connection.execute(insert_into(connection, logout_notices), rows)
    assert queues.notices() == Waiting(number=2, oldest_at=LATER)
    with writing(database) as connection:
        connection.execute(sa.delete(logout_notices))
    assert queues.notices() == Waiting(number=0, oldest_at=None)
