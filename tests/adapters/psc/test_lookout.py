"""One look at a time beside the callers: when it begins, what ends it, and that a look that breaks is not the last."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from idp.adapters.psc.circuit import Circuits
from idp.adapters.psc.lookout import Lookout, Run, beside
from tests.fakes import FixedClock
from tests.limits import within

URL = "https://psc.test/discovery"


class World:
    """Looks wait in `started` until the test lets them run; pauses are written down, not waited for."""

    def __init__(self, run: Run | None = None) -> None:
        self.clock = FixedClock()
        self.started: list[Callable[[], None]] = []
        self.waited: list[float] = []
        self.looks: list[str] = []
        self.circuits = Circuits(
            clock=self.clock, failures=5, pause=timedelta(seconds=30), on_change=lambda is_out: None
        )
        self.lookout = Lookout(
            circuits=self.circuits,
            clock=self.clock,
            every=timedelta(seconds=30),
            run=run or self.started.append,
            wait=self.waited.append,
        )

    def look(self, is_due: Callable[[], bool] | None = None) -> int:
        """Returns how many looks have begun."""
        self.lookout.look(lambda: self.looks.append("a look"), is_due)
        return len(self.started)

    def ask(self, *answers: bool) -> int:
        """Returns how many of these answers were asked for."""
        left = list(answers)
        self.lookout.ask(URL, lambda url: left.pop(0))
        return len(answers) - len(left)


@pytest.fixture
def world() -> World:
    return World()


def test_a_look_is_due_when_the_last_is_old(world: World) -> None:
    assert world.look() == 1
    world.started[0]()
    world.clock.advance(seconds=29)
    assert world.look() == 1
    world.clock.advance(seconds=1)
    assert world.look() == 2


def test_one_look_at_a_time_however_long_it_lasts(world: World) -> None:
    assert world.look() == 1
    world.clock.advance(minutes=5)
    assert world.look(lambda: True) == 1
    world.started[0]()
    assert world.look() == 2
    assert world.looks == ["a look"]


def test_callers_at_once_begin_one_look(world: World) -> None:
    threads = [threading.Thread(target=world.look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(world.started) == 1


def test_caller_may_know_better_whether_one_is_due(world: World) -> None:
    assert world.look(lambda: False) == 0
    assert world.look(lambda: True) == 1
    world.started[0]()
    assert world.look(lambda: True) == 2


def test_a_look_that_breaks_is_not_the_last(world: World) -> None:
    def breaks() -> None:
        raise ZeroDivisionError

    world.lookout.look(breaks)
    world.started[0]()
    world.clock.advance(seconds=30)
    assert world.look() == 2


def test_a_look_for_which_there_is_no_thread_costs_the_caller_nothing_and_is_not_the_last() -> None:
    refusals = [RuntimeError("can't start new thread")]

    def run(act: Callable[[], None]) -> None:
        if refusals:
            raise refusals.pop()
        act()

    world = World(run)
    world.look()
    assert world.looks == []
    world.clock.advance(seconds=30)
    world.look()
    assert world.looks == ["a look"]


def test_a_hiccup_is_told_from_an_outage_by_quick_second_questions(world: World) -> None:
    assert world.ask(False, False, True) == 3
    assert (world.waited, world.circuits.is_out()) == ([1.0, 1.0], False)
    assert world.ask(*[False] * 9) == 5
    assert (world.waited, world.circuits.is_out()) == ([1.0] * 6, True)


def test_an_address_known_to_be_down_is_asked_once(world: World) -> None:
    world.ask(*[False] * 5)
    world.waited.clear()
    assert world.ask(*[False] * 5) == 1
    assert world.waited == []
    assert world.ask(True) == 1
    assert not world.circuits.is_out()


def test_look_runs_in_a_thread_that_nobody_waits_for() -> None:
    done = threading.Event()
    beside(done.set)
    assert done.wait(within(10))
    assert all(thread.daemon for thread in threading.enumerate() if thread.name == "psc-watch")
