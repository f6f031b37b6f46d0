"""Connections to the relay are kept open from one mail to the next, and given up when they are of no more use."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from aiosmtpd.smtp import Envelope, Session

from idp.adapters.mail.connections import KeptConnections
from idp.core.mailer import MailPutOff, MailRefused
from tests.adapters.mail.test_smtp import MAIL, Received, smtp_relay, to
from tests.limits import within


@dataclass
class Counting(Received):
    """Remembers on which connection each mail came, and ends one after so many."""

    came_on: list[Session] = field(default_factory=list)
    ends_after: int = 1000

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.came_on.append(session)
        answer = await super().handle_DATA(server, session, envelope)
        if self.came_on.count(session) >= self.ends_after:
            # As a relay that has enough, or is restarted: at its next word the connection is gone.
            server.loop.call_soon(server.transport.close)
        return answer

    def connections(self) -> int:
        return len({id(session) for session in self.came_on})


@contextmanager
def kept(received: Received, **changes: Any) -> Iterator[KeptConnections]:
    with smtp_relay(received) as relay:
        connections = KeptConnections(relay=to(relay), **changes)
        try:
            yield connections
        finally:
            connections.close()


def send_at_once(connections: KeptConnections) -> None:
    """Three mails, each from a thread of its own."""
    gate = threading.Barrier(3)

    def send(_number: int) -> None:
        gate.wait(within(10))
        connections.send(MAIL)

    with ThreadPoolExecutor(3) as threads:
        list(threads.map(send, range(3)))


def test_mails_one_after_the_other_go_by_one_connection() -> None:
    received = Counting()
    with kept(received) as connections:
        for _ in range(5):
            connections.send(MAIL)
    assert (len(received.envelopes), received.connections()) == (5, 1)


def test_mails_at_once_have_a_connection_each() -> None:
    received = Counting()
    with kept(received) as connections:
        send_at_once(connections)
    assert len(received.envelopes) == 3


def test_a_connection_has_enough_after_so_many_mails() -> None:
    received = Counting()
    with kept(received, mails_each=2) as connections:
        for _ in range(5):
            connections.send(MAIL)
    assert (len(received.envelopes), received.connections()) == (5, 3)


def test_a_connection_that_the_relay_closed_costs_no_mail_and_sends_none_twice() -> None:
    received = Counting(ends_after=2)
    with kept(received) as connections:
        for _ in range(5):
            connections.send(MAIL)
    assert (len(received.envelopes), received.connections()) == (5, 3)


def test_a_relay_that_fell_silent_takes_the_time_of_one_connection_only() -> None:
    """Of all that are idle the first tells; asked one by one they would take longer than a mail is leased."""
    received = Counting()
    with kept(received) as connections:
        send_at_once(connections)
        idle = [one.session for one in connections._idle]
        asked: list[object] = []

        def silent(session: object) -> Any:
            asked.append(session)
            raise TimeoutError

        for session in idle:
            session.noop = partial(silent, session)
        connections.send(MAIL)
        assert (len(idle) > 1, len(asked)) == (True, 1)
        assert all(session.sock is None for session in idle)
    assert len(received.envelopes) == 4


def test_a_connection_that_nobody_used_for_long_is_closed() -> None:
    received = Counting()
    with kept(received, idle_seconds=0) as connections:
        connections.send(MAIL)
        connections.rest()
        connections.send(MAIL)
    assert received.connections() == 2


def test_a_connection_in_use_lately_is_left_open() -> None:
    received = Counting()
    with kept(received) as connections:
        connections.send(MAIL)
        connections.rest()
        connections.send(MAIL)
    assert received.connections() == 1


@pytest.mark.parametrize(("verdict", "means"), [("451 later", MailPutOff), ("550 never", MailRefused)])
def test_after_a_mail_that_is_refused_the_next_goes_by_the_same_connection(
    verdict: str, means: type[Exception]
) -> None:
    received = Counting(verdict=verdict)
    with kept(received) as connections:
        with pytest.raises(means):
            connections.send(MAIL)
        received.verdict = "250 OK"
        connections.send(MAIL)
    assert received.connections() == 1


def test_a_relay_that_says_it_closes_is_believed() -> None:
    received = Counting(of_recipient="421 4.3.2 closing")
    with kept(received) as connections:
        with pytest.raises(MailPutOff, match=r"^421 4\.3\.2$"):
            connections.send(MAIL)
        received.of_recipient = "250 OK"
        connections.send(MAIL)
    assert len(received.envelopes) == 1
