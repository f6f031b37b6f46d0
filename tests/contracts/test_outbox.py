"""The contract of `Outbox`, and what its worker promises, on SQLite and PostgreSQL."""

import smtplib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from structlog.testing import capture_logs

from idp.adapters.sql.database import open_database, reading
from idp.adapters.sql.outbox import OutboxWorker, SqlOutbox
from idp.adapters.sql.schema import outbox
from idp.core.clock import SystemClock
from idp.core.mailer import Mail
from tests.contracts.races import race
from tests.contracts.specimens import FixedClock


@dataclass
class Relay:
    """Takes mails as an SMTP relay does, or fails as told."""

    failures: list[Exception] = field(default_factory=list)
    sent: list[Mail] = field(default_factory=list)

    def send(self, mail: Mail) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.sent.append(mail)


def a_mail(number: int = 1) -> Mail:
    return Mail(
        to=f"dr{number}@example.org", subject="Votre code", text=f"Code : 12345{number} é", html="<p>Code</p>"
    )


def waiting(database: Engine) -> int:
    with reading(database) as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(outbox)).scalar_one()


def test_posted_mails_are_sent_in_order_then_gone(database: Engine) -> None:
    clock, relay = FixedClock(), Relay()
    for number in range(3):
        SqlOutbox(database, clock).post(a_mail(number), expires_after_seconds=600)
    worker = OutboxWorker(database, clock, relay)
    assert worker.drain_once() == 3
    assert relay.sent == [a_mail(0), a_mail(1), a_mail(2)]
    assert waiting(database) == 0
    assert worker.drain_once() == 0


def test_failed_mail_is_retried_after_growing_delays(database: Engine) -> None:
    clock = FixedClock()
    relay = Relay([OSError(), smtplib.SMTPServerDisconnected(), TimeoutError()])
    SqlOutbox(database, clock).post(a_mail(), expires_after_seconds=600)
    worker = OutboxWorker(database, clock, relay)
    assert worker.drain_once() == 0
    waits = []
    for _ in range(3):
        failed_at = clock.at
        left = len(relay.failures)
        while len(relay.failures) == left and not relay.sent:
            clock.at += timedelta(seconds=1)
            worker.drain_once()
        waits.append((clock.at - failed_at).seconds)
    assert waits == [5, 10, 20]
    assert relay.sent == [a_mail()]
    assert waiting(database) == 0


def test_one_failing_mail_does_not_hold_the_others(database: Engine) -> None:
    clock, relay = FixedClock(), Relay([OSError()])
    for number in range(3):
        SqlOutbox(database, clock).post(a_mail(number), expires_after_seconds=600)
    assert OutboxWorker(database, clock, relay).drain_once() == 2
    assert relay.sent == [a_mail(1), a_mail(2)]


def test_expired_mail_is_dropped_unsent(database: Engine) -> None:
    clock, relay = FixedClock(), Relay()
    SqlOutbox(database, clock).post(a_mail(1), expires_after_seconds=600)
    SqlOutbox(database, clock).post(a_mail(2), expires_after_seconds=601)
    clock.at += timedelta(seconds=600)
    assert OutboxWorker(database, clock, relay).drain_once() == 1
    assert relay.sent == [a_mail(2)]
    assert waiting(database) == 0


def test_unsendable_mail_is_dropped_at_once(database: Engine) -> None:
    clock, relay = FixedClock(), Relay([ValueError("no address")])
    SqlOutbox(database, clock).post(a_mail(), expires_after_seconds=600)
    assert OutboxWorker(database, clock, relay).drain_once() == 0
    assert waiting(database) == 0


def test_logs_of_the_worker_never_name_the_recipient(database: Engine) -> None:
    clock = FixedClock()
    refusal = smtplib.SMTPRecipientsRefused({"dr1@example.org": (550, b"no dr1@example.org")})
    relay = Relay([refusal, ValueError("dr1@example.org")])
    for _ in range(3):
        SqlOutbox(database, clock).post(a_mail(), expires_after_seconds=600)
    with capture_logs() as logs:
        OutboxWorker(database, clock, relay).drain_once()
        SqlOutbox(database, clock).post(a_mail(), expires_after_seconds=600)
        clock.at += timedelta(hours=1)
        OutboxWorker(database, clock, relay).drain_once()
    events = [entry["event"] for entry in logs]
    assert events == ["mail_not_sent", "mail_dropped_as_unsendable", "mails_expired_unsent"]
    assert "example.org" not in str(logs)
    assert "12345" not in str(logs)


@dataclass
class CrashingRelay:
    """Stands for a worker killed while it sends: nothing after `send` runs."""

    def send(self, mail: Mail) -> None:
        raise KeyboardInterrupt


def test_mail_of_a_dead_worker_is_sent_when_its_lease_ends(database: Engine) -> None:
    clock, relay = FixedClock(), Relay()
    SqlOutbox(database, clock).post(a_mail(), expires_after_seconds=600)
    with pytest.raises(KeyboardInterrupt):
        OutboxWorker(database, clock, CrashingRelay()).drain_once()
    survivor = OutboxWorker(database, clock, relay)
    clock.at += timedelta(seconds=179)
    assert survivor.drain_once() == 0
    clock.at += timedelta(seconds=1)
    assert survivor.drain_once() == 1


@dataclass
class SlowRelay:
    """A relay so slow that, before it fails, another worker has been given the same mail."""

    clock: FixedClock
    meanwhile: Callable[[], object]

    def send(self, mail: Mail) -> None:
        self.clock.at += timedelta(minutes=4)
        self.meanwhile()
        raise TimeoutError


def test_worker_that_outlived_its_lease_leaves_the_mail_to_its_new_holder(database: Engine) -> None:
    clock = FixedClock()
    SqlOutbox(database, clock).post(a_mail(), expires_after_seconds=3600)

    def crash() -> None:
        with pytest.raises(KeyboardInterrupt):
            OutboxWorker(database, clock, CrashingRelay()).drain_once()

    assert OutboxWorker(database, clock, SlowRelay(clock, crash)).drain_once() == 0
    clock.at += timedelta(minutes=1)
    # Still leased by the second worker, although the first, late, wished to postpone it.
    assert OutboxWorker(database, clock, Relay()).drain_once() == 0
    clock.at += timedelta(minutes=2)
    assert OutboxWorker(database, clock, Relay()).drain_once() == 1


def test_newer_mail_of_a_topic_withdraws_those_that_wait(database: Engine) -> None:
    clock, relay = FixedClock(), Relay()
    waiting_room = SqlOutbox(database, clock)
    waiting_room.post(a_mail(1), expires_after_seconds=600, topic="code of alice")
    waiting_room.post(a_mail(2), expires_after_seconds=600, topic="code of bob")
    waiting_room.post(a_mail(3), expires_after_seconds=600)
    waiting_room.post(a_mail(4), expires_after_seconds=600)
    waiting_room.post(a_mail(5), expires_after_seconds=600, topic="code of alice")
    OutboxWorker(database, clock, relay).drain_once()
    assert relay.sent == [a_mail(number) for number in (2, 3, 4, 5)]


def test_topic_that_is_withdrawn_is_sent_no_more(database: Engine) -> None:
    clock, relay = FixedClock(), Relay()
    SqlOutbox(database, clock).post(a_mail(1), expires_after_seconds=600, topic="code of alice")
    SqlOutbox(database, clock).post(a_mail(2), expires_after_seconds=600, topic="code of bob")
    assert SqlOutbox(database, clock).withdraw("code of alice")
    assert not SqlOutbox(database, clock).withdraw("code of alice")
    OutboxWorker(database, clock, relay).drain_once()
    assert relay.sent == [a_mail(2)]


@dataclass
class FailingRelay:
    """Fails after something happened meanwhile."""

    meanwhile: Callable[[], object]

    def send(self, mail: Mail) -> None:
        self.meanwhile()
        raise TimeoutError


def test_mail_withdrawn_while_it_is_sent_is_not_tried_again(database: Engine) -> None:
    clock, relay = FixedClock(), Relay()
    SqlOutbox(database, clock).post(a_mail(1), expires_after_seconds=600, topic="code of alice")

    def another_is_posted() -> None:
        SqlOutbox(database, clock).post(a_mail(2), expires_after_seconds=600, topic="code of alice")
        clock.at += timedelta(minutes=1)
        OutboxWorker(database, clock, relay).drain_once()

    OutboxWorker(database, clock, FailingRelay(another_is_posted)).drain_once()
    clock.at += timedelta(minutes=5)
    OutboxWorker(database, clock, relay).drain_once()
    assert relay.sent == [a_mail(2)]
    assert waiting(database) == 0


def drain(database: Engine) -> tuple[str, ...]:
    """One worker until nothing is left: the recipients it sent to."""
    relay = Relay()
    worker = OutboxWorker(database, SystemClock(), relay)
    while worker.drain_once():
        pass
    return tuple(mail.to for mail in relay.sent)


def test_fifty_workers_send_each_mail_once(database_url: str, database: Engine) -> None:
    mails = range(20)
    for number in mails:
        SqlOutbox(database, SystemClock()).post(a_mail(number), expires_after_seconds=600)
    drained = race(drain, open_database, database_url)
    sent = Counter(recipient for recipients in drained.elements() for recipient in recipients)
    assert sent == {f"dr{number}@example.org": 1 for number in mails}
    assert waiting(database) == 0
