"""The work of `idp worker` within `idp serve`: in one process, given over at once, and left to a worker that lives."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Engine

from idp.adapters.sql.database import open_database
from idp.adapters.sql.heartbeats import SqlHeartbeats
from idp.cli.embedded import Embedded
from idp.core.ephemeral import StoreUnavailable
from idp.core.heartbeats import Heartbeat, Lane, LaneState
from idp.wiring.resources import Resources
from tests.adapters.granian.test_server import answers, pids
from tests.adapters.mail.test_smtp import smtp_relay
from tests.cli.test_worker import Shop, eventually, shop
from tests.cli.test_worker_ends import SlowRelay
from tests.commands import ROOT, command_line, set_environment
from tests.contracts.specimens import FixedClock
from tests.limits import within
from tests.made_once import place_database
from tests.servers import RunningServer, free_port

__all__ = ["shop"]


@dataclass
class Running:
    lives: bool = True

    def is_alive(self) -> bool:
        return self.lives

    def end(self) -> None:
        self.lives = False


@dataclass
class Process:
    """One of `idp serve`, without the work."""

    embedded: Embedded
    started: list[Running]

    def works(self) -> bool:
        self.embedded.look()
        return any(running.lives for running in self.started)


@dataclass
class House:
    database: Engine
    clock: FixedClock = field(default_factory=FixedClock)

    def process(self) -> Process:
        started: list[Running] = []

        def start(_resources: Resources) -> Running:
            started.append(Running())
            return started[-1]

        return Process(Embedded(resources=cast(Resources, self), start=cast(Any, start)), started)

    def beat_of_worker(self) -> None:
        now = self.clock.now()
        beat = Heartbeat(
            node="n",
            process="worker 1",
            lane=Lane.MAILS,
            at=now,
            state=LaneState.RESTING,
            since=now,
            due_by=now,
        )
        SqlHeartbeats(self.database).beat([beat, replace(beat, process="serve 7", lane=Lane.KEYS)])


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    database = open_database(place_database(tmp_path / "db.sqlite"))
    yield House(database)
    database.dispose()


def test_one_of_several_processes_works(house: House) -> None:
    processes = [house.process() for _ in range(3)]
    assert [process.works() for process in processes] == [True, False, False]
    for _ in range(20):
        house.clock.at += timedelta(seconds=5)
        assert [process.works() for process in processes] == [True, False, False]
    assert len(processes[0].started) == 1


def test_when_it_ends_another_begins_at_once(house: House) -> None:
    first, second = house.process(), house.process()
    assert (first.works(), second.works()) == (True, False)
    first.embedded.leave()
    assert [running.lives for running in first.started] == [False]
    assert second.works()


def test_when_it_is_killed_another_begins_once_its_lease_is_over(house: House) -> None:
    killed, other = house.process(), house.process()
    assert killed.works()
    house.clock.at += timedelta(seconds=19)
    assert not other.works()
    house.clock.at += timedelta(seconds=1)
    assert other.works()
    # One that only slept finds out that it has lost it.
    assert not killed.works()


def test_a_worker_that_lives_has_precedence_and_one_that_died_has_not(house: House) -> None:
    process = house.process()
    assert process.works()
    house.beat_of_worker()
    assert not process.works()
    house.clock.at += timedelta(seconds=61)
    assert process.works()
    assert len(process.started) == 2


def test_work_of_which_a_lane_died_begins_again(house: House) -> None:
    process = house.process()
    assert process.works()
    process.started[0].end()
    assert process.works()
    assert len(process.started) == 2


def test_an_outage_of_the_database_ends_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    process = house.process()
    assert process.works()

    def down(_beats: SqlHeartbeats) -> None:
        raise StoreUnavailable("down")

    with monkeypatch.context() as outage:
        outage.setattr(SqlHeartbeats, "all", down)
        assert process.works()
    assert process.works()
    assert len(process.started) == 1


# --- real processes


@contextmanager
def served(shop: Shop, patch: pytest.MonkeyPatch, *options: str, **changes: str) -> Iterator[RunningServer]:
    own = {"KEYS_DIRECTORY": str(shop.place / "keys"), "CLIENTS_FILE": str(shop.place / "clients.yaml")}
    set_environment(patch, DATABASE=shop.url, **own, **changes)
    patch.setenv("PYTHONPATH", str(ROOT))
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = command_line("serve", "--port", str(port), *options)
    server = RunningServer(url, command, lambda: answers(f"{url}/health/live"), shop.place / "log")
    server.start()
    try:
        yield server
    finally:
        server.stop()


def test_one_machine_needs_idp_serve_alone_and_its_end_cuts_no_mail(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    received = SlowRelay()
    with smtp_relay(received) as relay:
        port = str(relay.port)
        with served(shop, monkeypatch, "--workers", "2", SMTP_PORT=port) as server:
            shop.post_mails(5)
            shop.end_sessions("quick")
            eventually(lambda: len(received.envelopes) == 5 and not shop.leases())
            beats = SqlHeartbeats(shop.database)
            eventually(lambda: len({beat.process for beat in beats.all()}) == 1)
            received.seconds = 3
            shop.post_mails(9)
            eventually(lambda: len(received.begun) == 9)
            assert server.process is not None
            server.process.send_signal(signal.SIGTERM)
            told = time.monotonic()
            assert server.process.wait(within(30)) == 0
            assert time.monotonic() - told < within(10)
        assert received.taken() == sorted(received.begun)
    assert shop.leases() == [False] * 5
    assert beats.all() == []
    log = server.log.read_text()
    assert log.count("background_work_begins") == log.count("background_work_ends") == 1


def test_another_process_takes_over_the_work_of_one_that_was_killed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    beats, received = SqlHeartbeats(shop.database), SlowRelay()

    def at_work() -> set[int]:
        return {int(beat.process.removeprefix("serve ")) for beat in beats.all()}

    with (
        smtp_relay(received) as relay,
        served(shop, monkeypatch, "--workers", "2", SMTP_PORT=str(relay.port)) as server,
    ):
        eventually(lambda: len(at_work()) == 1 and len(pids(server)) == 2)
        (killed,) = at_work()
        os.kill(killed, signal.SIGKILL)
        shop.post_mails(1)
        eventually(lambda: len(received.envelopes) == 1)
        assert at_work() - {killed}


def test_whoever_says_so_leaves_the_work_to_idp_worker(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.post_mails(1)
    received = SlowRelay()
    with smtp_relay(received) as relay:
        options = ("--workers", "1", "--background", "off")
        with served(shop, monkeypatch, *options, SMTP_PORT=str(relay.port)):
            time.sleep(3)  # It would have begun by now.
            assert SqlHeartbeats(shop.database).all() == []
            shop.worker(SMTP_PORT=str(relay.port))
            eventually(lambda: not shop.leases())
