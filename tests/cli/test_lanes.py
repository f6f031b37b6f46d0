"""Lanes: who is slow keeps only its own work waiting."""

import threading
from collections.abc import Callable, Iterator

import pytest
from structlog.testing import capture_logs

from idp.cli.lanes import Lanes, StandingLane, watch
from idp.core.ephemeral import StoreUnavailable
from tests.limits import within

SECONDS = 10


def test_slow_lane_holds_no_other_and_runs_once() -> None:
    """As many dead relying parties as one likes."""
    released, done = threading.Event(), threading.Event()
    entered: list[str] = []

    def step(name: str) -> bool:
        entered.append(name)
        if name.startswith("slow"):
            assert released.wait(within(SECONDS))
        else:
            done.set()
        return False

    lanes = Lanes(step)
    for _ in range(3):
        for number in range(40):
            lanes.run(f"slow-{number}")
    lanes.run("quick")
    assert done.wait(within(SECONDS))
    released.set()
    lanes.stop()
    assert sorted(entered) == sorted([*(f"slow-{number}" for number in range(40)), "quick"])


def test_lane_works_until_nothing_is_left_and_can_run_again() -> None:
    left = {"via": 3}
    idle = threading.Event()

    def step(name: str) -> bool:
        if left[name] == 0:
            idle.set()
            return False
        left[name] -= 1
        return True

    lanes = Lanes(step)
    lanes.run("via")
    assert idle.wait(within(SECONDS))
    assert left == {"via": 0}
    lanes.stop()


def test_stopping_waits_for_what_is_under_way_and_begins_nothing_new() -> None:
    begun, released = threading.Event(), threading.Event()
    steps: list[str] = []

    def step(name: str) -> bool:
        steps.append(name)
        begun.set()
        assert released.wait(within(SECONDS))
        return True

    lanes = Lanes(step)
    lanes.run("via")
    assert begun.wait(within(SECONDS))
    stopping = threading.Thread(target=lanes.stop)
    stopping.start()
    released.set()
    stopping.join(SECONDS)
    assert not stopping.is_alive()
    assert len(steps) <= 2


def test_store_that_is_down_ends_the_lane_and_says_so() -> None:
    def step(name: str) -> bool:
        raise StoreUnavailable("down")

    with capture_logs() as logs:
        lanes = Lanes(step)
        lanes.run("via")
        lanes.stop()
    assert [(entry["event"], entry["lane"]) for entry in logs] == [("lane_store_unavailable", "via")]


def test_fault_nobody_foresaw_ends_the_lane_and_says_so() -> None:
    steps: list[str] = []

    def step(name: str) -> bool:
        steps.append(name)
        raise ZeroDivisionError

    with capture_logs() as logs:
        for lanes in (Lanes(step), Lanes(step)):
            lanes.run_each(["via"])
            lanes.stop()
    assert steps == ["via", "via"]
    assert [(entry["event"], entry["lane"]) for entry in logs] == [("lane_failed", "via")] * 2


def standing(name: str, work: Callable[[], object], stopped: threading.Event) -> StandingLane:
    return StandingLane(name=name, work=work, pause=0.01, after_fault=0.01, stopped=stopped)


def test_standing_lane_that_waits_for_a_slow_peer_holds_no_other() -> None:
    stopped, released, entered, turns = threading.Event(), threading.Event(), threading.Event(), []

    def slow() -> None:
        entered.set()
        assert released.wait(within(SECONDS))

    def quick() -> None:
        assert entered.wait(within(SECONDS))
        turns.append(None)
        if len(turns) == 3:
            released.set()
            stopped.set()

    assert watch([standing("slow", slow, stopped), standing("quick", quick, stopped)], stopped) == []
    assert len(turns) == 3


def test_standing_lane_tells_a_fault_and_works_on() -> None:
    stopped = threading.Event()
    faults: list[Exception] = [StoreUnavailable("down"), ZeroDivisionError()]

    def work() -> None:
        if faults:
            raise faults.pop(0)
        stopped.set()

    with capture_logs() as logs:
        assert watch([standing("mails", work, stopped)], stopped) == []
    told = [(entry["event"], entry["lane"]) for entry in logs]
    assert told == [("lane_store_unavailable", "mails"), ("lane_failed", "mails")]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_standing_lane_that_dies_ends_the_worker_with_a_line() -> None:
    stopped = threading.Event()

    def die() -> None:
        raise SystemExit

    lanes = [standing("mails", die, stopped), standing("purge", lambda: None, stopped)]
    with capture_logs() as logs:
        assert watch(lanes, stopped) == ["mails"]
    assert [(entry["event"], entry["lanes"]) for entry in logs] == [("worker_lane_died", ["mails"])]
    assert not any(lane.thread.is_alive() for lane in lanes)


@pytest.fixture(autouse=True)
def _every_thread_ends() -> Iterator[None]:
    yield
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lane ")]
