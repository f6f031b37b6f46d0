"""The work of `idp worker` within `idp serve`: in one process, given over at once, and left to a worker that lives."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Engine

from idp.adapters.sql.database import open_database
from idp.adapters.sql.heartbeats import SqlHeartbeats
from idp.cli.serve import served
from idp.cli.worker import embedded
from idp.cli.worker.embedded import Embedded
from idp.core.ephemeral import StoreUnavailable
from idp.core.heartbeats import Heartbeat, Lane, LaneState
from idp.settings import Settings
from idp.wiring.resources import Resources
from tests.adapters.granian.test_server import answers, pids
from tests.adapters.mail.test_smtp import smtp_relay
from tests.cli.worker.test_worker import Shop, eventually, shop
from tests.cli.worker.test_worker_ends import SlowRelay
from tests.commands import ROOT, ForkedServer, set_environment
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

    def process(self, *, is_broken: bool = False) -> Process:
        started: list[Running] = []

        def start(_resources: Resources) -> Running:
            if is_broken:
                raise OSError("a key file that cannot be read here")
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


def test_a_process_that_cannot_do_it_leaves_it_to_another(house: House) -> None:
    broken, other = house.process(is_broken=True), house.process()
    with pytest.raises(OSError, match="key file"):
        broken.works()
    assert other.works()


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


@pytest.mark.parametrize(
    ("database", "on"),
    [
        ("sqlite:////srv/idp.db", {"auto", "on"}),
        ("postgresql://db/idp", {"on"}),
    ],
)
def test_on_sqlite_it_is_done_unless_said_otherwise(
    monkeypatch: pytest.MonkeyPatch, database: str, on: set[str]
) -> None:
    """Who has several machines has a worker."""
    set_environment(monkeypatch, DATABASE=database)
    begun: list[str] = []

    @contextmanager
    def noted(settings: Settings, _told: Connection) -> Iterator[None]:
        begun.append(settings.where.database)
        yield

    monkeypatch.setattr(embedded, "beside_requests", noted)
    told, _tell = Pipe(duplex=False)
    done = set()
    for option in ("auto", "on", "off"):
        begun.clear()
        with served.beside(option, told):
            done |= {option} if begun else set()
    assert done == on


# --- real processes


@pytest.fixture
def server(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[RunningServer, SlowRelay]]:
    """`idp serve` with two processes, and its relay."""
    received, port = SlowRelay(), free_port()
    own = {"KEYS_DIRECTORY": str(shop.place / "keys"), "CLIENTS_FILE": str(shop.place / "clients.yaml")}
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    url = f"http://127.0.0.1:{port}"
    with smtp_relay(received) as relay:
        set_environment(monkeypatch, DATABASE=shop.url, SMTP_PORT=str(relay.port), **own)
        command = ["serve", "--port", str(port), "--workers", "2"]
        running = ForkedServer(url, command, lambda: answers(f"{url}/health/live"), shop.place / "log")
        running.start()
        yield running, received
        running.stop()


def test_one_machine_needs_idp_serve_alone_whatever_becomes_of_a_process_and_its_end_cuts_no_mail(
    shop: Shop, server: tuple[RunningServer, SlowRelay]
) -> None:
    running, received = server
    beats = SqlHeartbeats(shop.database)

    def at_work() -> set[int]:
        return {int(beat.process.removeprefix("serve ")) for beat in beats.all()}

    shop.post_mails(5)
    eventually(lambda: len(received.envelopes) == 5 and not shop.leases())
    eventually(lambda: len(at_work()) == 1 and len(pids(running)) == 2)

    # Another one takes over.
    (killed,) = at_work()
    os.kill(killed, signal.SIGKILL)
    shop.post_mails(1)
    eventually(lambda: len(received.envelopes) == 6 and not shop.leases())
    eventually(lambda: len(at_work() - {killed}) == 1)

    received.seconds = 3
    shop.post_mails(9)
    eventually(lambda: len(received.begun) == 10)
    assert running.process is not None
    running.process.send_signal(signal.SIGTERM)
    told = time.monotonic()
    assert running.process.wait(within(30)) == 0
    assert time.monotonic() - told < within(10)
    assert received.taken() == sorted(received.begun)
    assert shop.leases() == [False] * 5
    assert at_work() == {killed}
    assert '"background_work_ends"' in running.log.read_text()
