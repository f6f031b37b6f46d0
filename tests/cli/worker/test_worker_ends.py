"""`idp worker` and mails, with a real relay: connections kept; a relay that refuses, is slow or down; end and kill."""

import asyncio
import json
import signal
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from aiosmtpd.smtp import Envelope, Session

from idp.adapters.sql.heartbeats import SqlHeartbeats
from idp.adapters.sql.schema import outbox
from idp.core.clock import SystemClock
from idp.core.heartbeats import not_run
from tests.adapters.mail.test_smtp import Received, smtp_relay
from tests.cli.worker.test_worker import Shop, eventually, shop
from tests.commands import idp
from tests.limits import within
from tests.servers import free_port

__all__ = ["shop"]


@dataclass
class SlowRelay(Received):
    """Takes its time for each mail, and keeps count of connections and of what is under way."""

    seconds: float = 0.0
    begun: list[str] = field(default_factory=list)
    connections: set[int] = field(default_factory=set)

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.connections.add(id(session))
        self.begun.append(envelope.rcpt_tos[0])
        await asyncio.sleep(self.seconds)
        return await super().handle_DATA(server, session, envelope)

    def taken(self) -> list[str]:
        return sorted(envelope.rcpt_tos[0] for envelope in self.envelopes)


def waiting(shop: Shop) -> int:
    return len(shop.leases())


def test_mails_go_at_once_on_connections_that_are_kept(shop: Shop) -> None:
    shop.post_mails(40)
    received = SlowRelay()
    with smtp_relay(received) as relay:
        shop.worker(SMTP_PORT=str(relay.port), SMTP_CONNECTIONS="3")
        eventually(lambda: waiting(shop) == 0)
        kept = len(received.connections)
        shop.post_mails(1)
        eventually(lambda: waiting(shop) == 0)
        assert (kept <= 3, len(received.connections)) == (True, kept)
    assert len(set(received.taken())) == 40
    assert len(received.envelopes) == 41


def test_worker_told_to_stop_cuts_no_mail_and_begins_none(shop: Shop) -> None:
    """A hundred wait, each takes seconds: it ends with those that it was at, and each of them is sent once."""
    shop.post_mails(100)
    received = SlowRelay(seconds=3)
    with smtp_relay(received) as relay:
        worker = shop.worker(SMTP_PORT=str(relay.port))
        eventually(lambda: len(received.begun) == 4)
        worker.send_signal(signal.SIGTERM)
        told = time.monotonic()
        assert worker.wait(within(30)) == 0
        assert time.monotonic() - told < within(10)
        assert received.taken() == sorted(received.begun)
    assert len(received.begun) == 4
    assert shop.leases() == [False] * 96
    assert "worker_ended_before_its_work" not in worker.stderr
    assert SqlHeartbeats(shop.database).all() == []


def test_another_worker_takes_over_at_once(shop: Shop) -> None:
    shop.post_mails(8)
    received = SlowRelay(seconds=1)
    with smtp_relay(received) as relay:
        first = shop.worker(SMTP_PORT=str(relay.port))
        eventually(lambda: len(received.begun) >= 2)
        first.send_signal(signal.SIGTERM)
        received.seconds = 0
        shop.worker(SMTP_PORT=str(relay.port))
        eventually(lambda: waiting(shop) == 0)
        assert first.wait(within(30)) == 0
    assert received.taken() == sorted({envelope.rcpt_tos[0] for envelope in received.envelopes})
    assert len(received.envelopes) == 8


def test_mail_of_a_worker_killed_in_the_middle_is_sent_by_the_next(shop: Shop) -> None:
    shop.post_mails(1)
    received = SlowRelay(seconds=60)
    with smtp_relay(received) as relay:
        killed = shop.worker(SMTP_PORT=str(relay.port))
        eventually(lambda: len(received.begun) == 1)
        killed.kill()
        assert shop.leases() == [True]
        received.seconds = 0
        # Instead of the minute that its lease has left.
        with shop.database.begin() as connection:
            connection.execute(sa.update(outbox).values(leased_until=SystemClock().now()))
        shop.worker(SMTP_PORT=str(relay.port))
        eventually(lambda: waiting(shop) == 0)
        assert received.taken() == ["dr0@hopital.example"]


def test_mail_that_the_relay_never_takes_is_listed_at_once_and_sent_again_on_demand(shop: Shop) -> None:
    shop.post_mails(1)
    received = SlowRelay(of_recipient="550 5.1.1 no dr0@hopital.example")
    with smtp_relay(received) as relay:
        worker = shop.worker(SMTP_PORT=str(relay.port))
        eventually(lambda: waiting(shop) == 0)
        (dead,) = json.loads(idp("mails", "list", "--json", DATABASE=shop.url).stdout)["given_up"]
        assert (dead["to"], dead["reason"], dead["tries"]) == ("d•••@hopital.example", "550 5.1.1", 1)
        assert "dr0@" not in worker.stderr
        received.of_recipient = "250 OK"
        assert idp("mails", "retry", str(dead["id"]), DATABASE=shop.url).returncode == 0
        eventually(lambda: received.taken() == ["dr0@hopital.example"])


def test_nothing_is_lost_while_the_relay_is_down(shop: Shop) -> None:
    port = free_port()
    shop.post_mails(20)
    worker = shop.worker(SMTP_PORT=str(port))
    eventually(lambda: "mail_not_sent" in worker.stderr)
    assert waiting(shop) == 20
    received = SlowRelay()
    with smtp_relay(received, port=port):
        eventually(lambda: waiting(shop) == 0)
    assert len(received.envelopes) == 20
    # One mail at a time asked whether it is back.
    assert worker.stderr.count("mail_not_sent") < 15


def test_a_worker_shows_that_each_of_its_lanes_lives(shop: Shop) -> None:
    beats = SqlHeartbeats(shop.database)
    shop.post_mails(2)
    worker = shop.worker(SMTP_PORT=str(free_port()))
    eventually(lambda: not_run(beats.all(), SystemClock().now()) == ())
    (mails,) = [beat for beat in beats.all() if beat.lane == "mails"]
    assert mails.process == f"worker {worker.pid}"
    assert mails.waiting is not None
    assert mails.waiting.number == 2
    worker.kill()
    assert "mails" in not_run(beats.all(), SystemClock().now() + timedelta(minutes=2))
