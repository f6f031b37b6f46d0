"""The contract of `Outbox`, and what its worker promises, on SQLite and PostgreSQL."""

import itertools
import smtplib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from structlog.testing import capture_logs

from idp.adapters.sql.batches import AT_ONCE
from idp.adapters.sql.database import open_database, reading, writing
from idp.adapters.sql.dead_mails import DeadMail, SqlDeadMails
from idp.adapters.sql.mail_sender import MailSender
from idp.adapters.sql.outbox import SqlOutbox
from idp.adapters.sql.schema import outbox
from idp.adapters.sql.worker_schema import dead_mails
from idp.core.clock import Clock, SystemClock
from idp.core.mailer import Mail, MailPutOff, MailRefused, MailTransport
from tests.contracts.races import race
from tests.contracts.specimens import NOON, FixedClock


class KeptOpen:
    def rest(self) -> None:
        """Nothing is open."""

    close = rest


@dataclass
class Relay(KeptOpen):
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


def sender_of(database: Engine, clock: Clock, relay: MailTransport) -> MailSender:
    return MailSender(database=database, clock=clock, transport=relay)


def drain(sender: MailSender) -> int:
    """What one turn of a worker does. Returns how many mails were tried."""
    sender.drop_expired()
    tried = 0
    while sender.send_next():
        tried += 1
    return tried


def test_posted_mails_are_sent_in_order_then_gone(database: Engine) -> None:
    clock, relay = FixedClock(), Relay()
    for number in range(3):
        SqlOutbox(database, clock).post(a_mail(number), expires_after_seconds=600)
    worker = sender_of(database, clock, relay)
    assert drain(worker) == 3
    assert relay.sent == [a_mail(0), a_mail(1), a_mail(2)]
    assert waiting(database) == 0
    assert drain(worker) == 0


def waits_of(
    failures: list[Exception], clock: FixedClock, relay: Relay, worker: MailSender
) -> list[timedelta]:
    """Between the tries of the one mail, until it is sent."""
    relay.failures, waits = list(failures), []
    while drain(worker) and not relay.sent:
        with reading(worker.database) as connection:
            due: datetime = connection.execute(sa.select(outbox.c.not_before)).scalar_one()
        waits.append(due - clock.at)
        clock.at = due - timedelta(seconds=1)
        assert drain(worker) == 0
        clock.at = due
    return waits


def test_mail_put_off_is_tried_again_after_growing_delays(database: Engine) -> None:
    clock, relay = FixedClock(), Relay()
    SqlOutbox(database, clock).post(a_mail(), expires_after_seconds=3600)
    put_off: list[Exception] = [MailPutOff("451 4.7.1")] * 8
    waits = waits_of(put_off, clock, relay, sender_of(database, clock, relay))
    assert waits == [timedelta(seconds=one) for one in (5, 10, 20, 40, 80, 160, 300, 300)]
    assert relay.sent == [a_mail()]
    assert waiting(database) == 0


def test_mail_that_failed_with_the_relay_is_due_again_soon_after_its_return(database: Engine) -> None:
    clock, relay = FixedClock(), Relay()
    SqlOutbox(database, clock).post(a_mail(), expires_after_seconds=3600)
    down: list[Exception] = [OSError(), smtplib.SMTPServerDisconnected(), TimeoutError()] * 2
    waits = waits_of(down, clock, relay, sender_of(database, clock, relay))
    assert waits == [timedelta(seconds=one) for one in (5, 10, 20, 40, 40, 40)]
    assert relay.sent == [a_mail()]


def test_relay_that_is_down_is_tried_by_one_mail_at_a_time_and_all_are_sent_once_it_is_back(
    database: Engine,
) -> None:
    clock, relay = FixedClock(), Relay([OSError()] * 5)
    for number in range(50):
        SqlOutbox(database, clock).post(a_mail(number), expires_after_seconds=3600)
    worker, tries = sender_of(database, clock, relay), []
    while relay.failures:
        assert worker.due(4) in (0, 1 if tries else 4)
        if drain(worker):
            tries.append(clock.at)
        clock.at += timedelta(seconds=1)
    assert [(later - sooner).seconds for sooner, later in itertools.pairwise(tries)] == [1, 2, 4, 8]
    clock.at += timedelta(seconds=40)
    assert worker.due(4) == 1
    drain(worker)
    assert worker.due(4) == 0
    assert {mail.to for mail in relay.sent} == {a_mail(number).to for number in range(50)}


def test_mail_at_which_the_relay_hangs_up_keeps_no_other_waiting(database: Engine) -> None:
    clock, relay = FixedClock(), Relay([smtplib.SMTPServerDisconnected()])
    for number in range(3):
        SqlOutbox(database, clock).post(a_mail(number), expires_after_seconds=600)
    worker = sender_of(database, clock, relay)
    drain(worker)
    clock.at += timedelta(seconds=1)
    drain(worker)
    assert relay.sent == [a_mail(1), a_mail(2)]


def test_relay_is_asked_again_by_a_clock_that_was_set_back(database: Engine) -> None:
    clock, relay = FixedClock(), Relay([OSError()])
    worker = sender_of(database, clock, relay)
    SqlOutbox(database, clock).post(a_mail(), expires_after_seconds=3600)
    drain(worker)
    clock.at -= timedelta(hours=1)
    SqlOutbox(database, clock).post(a_mail(2), expires_after_seconds=3600)
    assert drain(worker) == 1
    assert relay.sent == [a_mail(2)]


def test_codes_are_sent_before_notices_however_many_wait(database: Engine) -> None:
    clock, relay = FixedClock(), Relay()
    for number in range(3):
        SqlOutbox(database, clock).post(a_mail(number), expires_after_seconds=3600)
    clock.at += timedelta(seconds=1)
    SqlOutbox(database, clock).post(a_mail(9), expires_after_seconds=600, topic="code of alice")
    worker = sender_of(database, clock, relay)
    assert worker.due(9) == 4
    drain(worker)
    assert relay.sent == [a_mail(number) for number in (9, 0, 1, 2)]


def test_expired_code_is_dropped_and_any_other_mail_given_up(database: Engine) -> None:
    clock, relay = FixedClock(), Relay()
    SqlOutbox(database, clock).post(a_mail(1), expires_after_seconds=600, topic="code of alice")
    SqlOutbox(database, clock).post(a_mail(2), expires_after_seconds=600)
    SqlOutbox(database, clock).post(a_mail(3), expires_after_seconds=601)
    clock.at += timedelta(seconds=600)
    worker = sender_of(database, clock, relay)
    assert drain(worker) == 1
    assert relay.sent == [a_mail(3)]
    clock.at += timedelta(seconds=1)
    drain(worker)
    assert waiting(database) == 0
    assert [(mail.recipient, mail.reason) for mail in given_up(database)] == [(a_mail(2).to, "expired")]


def test_a_backlog_of_expired_mails_is_dropped_in_batches_until_told_to_stop(database: Engine) -> None:
    clock = FixedClock()
    with writing(database) as connection:
        row = {
            "recipient": "r",
            "subject": "s",
            "text": "t",
            "html": "h",
            "created_at": NOON,
            "expires_at": NOON,
        }
        rows = [
            {**row, "not_before": NOON, "attempts": 0, "topic": f"{one}"} for one in range(2 * AT_ONCE + 1)
        ]
        connection.execute(sa.insert(outbox), rows)
    clock.at += timedelta(seconds=1)
    worker = sender_of(database, clock, Relay())
    turns = iter([False, False, True, True])
    worker.drop_expired(lambda: next(turns))
    assert waiting(database) == 1
    worker.drop_expired()
    assert waiting(database) == 0


def given_up(database: Engine) -> list[DeadMail]:
    return list(SqlDeadMails(database).newest(100))


def test_mail_that_is_refused_for_ever_is_given_up_at_once_and_holds_no_other(database: Engine) -> None:
    clock, relay = FixedClock(), Relay([MailRefused("550 5.1.1")])
    for number in range(2):
        SqlOutbox(database, clock).post(a_mail(number), expires_after_seconds=600)
    clock.at += timedelta(seconds=9)
    assert drain(sender_of(database, clock, relay)) == 2
    assert relay.sent == [a_mail(1)]
    assert waiting(database) == 0
    (dead,) = given_up(database)
    assert dead == DeadMail(
        id=dead.id,
        recipient=a_mail(0).to,
        subject="Votre code",
        created_at=NOON,
        died_at=clock.at,
        attempts=1,
        reason="550 5.1.1",
        may_be_sent=True,
    )


def test_mail_that_is_no_mail_is_given_up_by_the_kind_of_its_fault(database: Engine) -> None:
    clock, relay = FixedClock(), Relay([ValueError("dr1@example.org")])
    SqlOutbox(database, clock).post(a_mail(), expires_after_seconds=600)
    drain(sender_of(database, clock, relay))
    assert [mail.reason for mail in given_up(database)] == ["ValueError"]


def test_mail_given_up_is_sent_again_when_an_operator_says_so(database: Engine) -> None:
    clock, relay = FixedClock(), Relay([MailRefused("550"), MailRefused("550")])
    for number in range(3):
        SqlOutbox(database, clock).post(a_mail(number), expires_after_seconds=600)
    worker, dead = sender_of(database, clock, relay), SqlDeadMails(database)
    drain(worker)
    first, second = sorted(mail.id for mail in given_up(database))
    clock.at += timedelta(days=1)
    assert dead.retry(first, clock.at, timedelta(days=3)) == 1
    assert dead.retry(first, clock.at, timedelta(days=3)) == 0
    drain(worker)
    assert relay.sent == [a_mail(2), a_mail(0)]
    assert dead.retry(None, clock.at, timedelta(days=3)) == 1
    assert dead.retry(None, clock.at, timedelta(days=3)) == 0
    drain(worker)
    assert relay.sent == [a_mail(2), a_mail(0), a_mail(1)]
    assert (given_up(database), second) != ([], first)


def test_code_given_up_is_listed_but_never_sent_again(database: Engine) -> None:
    clock, relay = FixedClock(), Relay([MailRefused("550")])
    SqlOutbox(database, clock).post(a_mail(), expires_after_seconds=600, topic="code of alice")
    drain(sender_of(database, clock, relay))
    (dead,) = given_up(database)
    assert not dead.may_be_sent
    with reading(database) as connection:
        assert connection.execute(sa.select(dead_mails.c.text, dead_mails.c.html)).one() == ("", "")
    assert SqlDeadMails(database).retry(dead.id, clock.at, timedelta(days=3)) == 0
    assert SqlDeadMails(database).retry(None, clock.at, timedelta(days=3)) == 0
    assert given_up(database) == [dead]


def test_mails_given_up_are_forgotten_when_an_operator_says_so_or_they_are_old(database: Engine) -> None:
    clock, relay = FixedClock(), Relay([MailRefused("550")] * 4)
    for number in range(4):
        SqlOutbox(database, clock).post(a_mail(number), expires_after_seconds=600)
    drain(sender_of(database, clock, relay))
    dead = SqlDeadMails(database)
    assert dead.purge(clock.at) == 0
    assert (dead.drop(given_up(database)[0].id), dead.drop(0)) == (1, 0)
    assert len(given_up(database)) == 3
    assert (dead.drop(None), dead.drop(None)) == (3, 0)
    SqlOutbox(database, clock).post(a_mail(), expires_after_seconds=600)
    drain(sender_of(database, clock, Relay([MailRefused("550")])))
    assert dead.purge(clock.at + timedelta(seconds=1)) == 1


def test_logs_of_the_worker_never_name_the_recipient(database: Engine) -> None:
    clock = FixedClock()
    relay = Relay(
        [MailPutOff("451"), ValueError("dr1@example.org"), smtplib.SMTPServerDisconnected("dr1@example.org")]
    )
    for _ in range(3):
        SqlOutbox(database, clock).post(a_mail(), expires_after_seconds=600)
    with capture_logs() as logs:
        drain(sender_of(database, clock, relay))
        SqlOutbox(database, clock).post(a_mail(), expires_after_seconds=600)
        clock.at += timedelta(hours=1)
        drain(sender_of(database, clock, relay))
    events = [entry["event"] for entry in logs]
    assert events == ["mail_not_sent", "mail_given_up", "mail_not_sent", "mails_expired_unsent"]
    assert "example.org" not in str(logs)
    assert "12345" not in str(logs)


@dataclass
class CrashingRelay(KeptOpen):
    """Stands for a worker killed while it sends: nothing after `send` runs."""

    def send(self, mail: Mail) -> None:
        raise KeyboardInterrupt


def test_mail_of_a_dead_worker_is_sent_when_its_lease_ends(database: Engine) -> None:
    clock, relay = FixedClock(), Relay()
    SqlOutbox(database, clock).post(a_mail(), expires_after_seconds=600)
    with pytest.raises(KeyboardInterrupt):
        drain(sender_of(database, clock, CrashingRelay()))
    survivor = sender_of(database, clock, relay)
    clock.at += timedelta(seconds=59)
    assert drain(survivor) == 0
    clock.at += timedelta(seconds=1)
    assert drain(survivor) == 1


@dataclass
class SlowRelay(KeptOpen):
    """A relay so slow that, before it fails, another worker has been given the same mail."""

    clock: FixedClock
    meanwhile: Callable[[], object]

    def send(self, mail: Mail) -> None:
        self.clock.at += timedelta(minutes=2)
        self.meanwhile()
        raise TimeoutError


def test_worker_that_outlived_its_lease_leaves_the_mail_to_its_new_holder(database: Engine) -> None:
    clock = FixedClock()
    SqlOutbox(database, clock).post(a_mail(), expires_after_seconds=3600)

    def crash() -> None:
        with pytest.raises(KeyboardInterrupt):
            drain(sender_of(database, clock, CrashingRelay()))

    assert drain(sender_of(database, clock, SlowRelay(clock, crash))) == 1
    clock.at += timedelta(seconds=30)
    # Still leased by the second worker, although the first, late, wished to postpone it.
    assert drain(sender_of(database, clock, Relay())) == 0
    clock.at += timedelta(seconds=30)
    assert drain(sender_of(database, clock, Relay())) == 1


def test_newer_mail_of_a_topic_withdraws_those_that_wait(database: Engine) -> None:
    clock, relay = FixedClock(), Relay()
    waiting_room = SqlOutbox(database, clock)
    waiting_room.post(a_mail(1), expires_after_seconds=600, topic="code of alice")
    waiting_room.post(a_mail(2), expires_after_seconds=600, topic="code of bob")
    waiting_room.post(a_mail(3), expires_after_seconds=600)
    waiting_room.post(a_mail(4), expires_after_seconds=600)
    waiting_room.post(a_mail(5), expires_after_seconds=600, topic="code of alice")
    drain(sender_of(database, clock, relay))
    assert relay.sent == [a_mail(number) for number in (2, 5, 3, 4)]


def test_topic_that_is_withdrawn_is_sent_no_more(database: Engine) -> None:
    clock, relay = FixedClock(), Relay()
    SqlOutbox(database, clock).post(a_mail(1), expires_after_seconds=600, topic="code of alice")
    SqlOutbox(database, clock).post(a_mail(2), expires_after_seconds=600, topic="code of bob")
    assert SqlOutbox(database, clock).withdraw("code of alice")
    assert not SqlOutbox(database, clock).withdraw("code of alice")
    drain(sender_of(database, clock, relay))
    assert relay.sent == [a_mail(2)]


@dataclass
class FailingRelay(KeptOpen):
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
        drain(sender_of(database, clock, relay))

    drain(sender_of(database, clock, FailingRelay(another_is_posted)))
    clock.at += timedelta(minutes=5)
    drain(sender_of(database, clock, relay))
    assert relay.sent == [a_mail(2)]
    assert waiting(database) == 0


def send_all(database: Engine) -> tuple[str, ...]:
    """One worker until nothing is left: the recipients it sent to."""
    relay = Relay()
    drain(sender_of(database, SystemClock(), relay))
    return tuple(mail.to for mail in relay.sent)


def test_fifty_workers_send_each_mail_once(database_url: str, database: Engine) -> None:
    mails = range(20)
    for number in mails:
        SqlOutbox(database, SystemClock()).post(a_mail(number), expires_after_seconds=600)
    drained = race(send_all, open_database, database_url)
    sent = Counter(recipient for recipients in drained.elements() for recipient in recipients)
    assert sent == {f"dr{number}@example.org": 1 for number in mails}
    assert waiting(database) == 0
