"""Lanes: who is slow keeps only its own work waiting."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from idp.cli.worker.lanes import IsOver, Lanes, StandingLane, left_after, watch
from idp.core.clock import SystemClock
from idp.core.ephemeral import StoreUnavailable
from idp.core.heartbeats import LaneState
from tests.limits import beyond, within

SECONDS = 10


def stop(lanes: Lanes) -> None:
    lanes.stopped.set()
    assert left_after(lanes.threads, time.monotonic() + within(SECONDS)) == []


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

    lanes = Lanes(step, threading.Event())
    for _ in range(3):
        for number in range(40):
            lanes.run(f"slow-{number}")
    lanes.run("quick")
    assert done.wait(within(SECONDS))
    released.set()
    stop(lanes)
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

    lanes = Lanes(step, threading.Event())
    lanes.run("via")
    assert idle.wait(within(SECONDS))
    assert left == {"via": 0}
    stop(lanes)


def test_stopping_waits_for_what_is_under_way_and_begins_nothing_new() -> None:
    begun, released = threading.Event(), threading.Event()
    steps: list[str] = []

    def step(name: str) -> bool:
        steps.append(name)
        begun.set()
        assert released.wait(within(SECONDS))
        return True

    lanes = Lanes(step, threading.Event())
    lanes.run("via")
    assert begun.wait(within(SECONDS))
    stopping = threading.Thread(target=stop, args=(lanes,))
    stopping.start()
    released.set()
    stopping.join(SECONDS)
    assert not stopping.is_alive()
    assert len(steps) <= 2


def test_store_that_is_down_ends_the_lane_and_says_so() -> None:
    def step(name: str) -> bool:
        raise StoreUnavailable("down")

    with capture_logs() as logs:
        lanes = Lanes(step, threading.Event())
        lanes.run("via")
        stop(lanes)
    assert [(entry["event"], entry["lane"]) for entry in logs] == [("lane_store_unavailable", "via")]


def test_fault_nobody_foresaw_ends_the_lane_and_says_so() -> None:
    steps: list[str] = []

    def step(name: str) -> bool:
        steps.append(name)
        raise ZeroDivisionError

    with capture_logs() as logs:
        for lanes in (Lanes(step, threading.Event()), Lanes(step, threading.Event())):
            lanes.run_each(["via"])
            stop(lanes)
    assert steps == ["via", "via"]
    assert [(entry["event"], entry["lane"]) for entry in logs] == [("lane_failed", "via")] * 2


def standing(name: str, work: Callable[[IsOver], object], stopped: threading.Event) -> StandingLane:
    return StandingLane(
        name=name, work=work, pause=0.01, after_fault=0.01, stopped=stopped, clock=SystemClock()
    )


def watched(lanes: list[StandingLane], stopped: threading.Event) -> list[str]:
    died = watch(lanes, stopped)
    assert left_after([lane.thread for lane in lanes], time.monotonic() + within(SECONDS)) == []
    return died


def test_standing_lane_that_waits_for_a_slow_peer_holds_no_other() -> None:
    stopped, released, entered, turns = threading.Event(), threading.Event(), threading.Event(), []

    def slow(_is_over: IsOver) -> None:
        entered.set()
        assert released.wait(within(SECONDS))

    def quick(_is_over: IsOver) -> None:
        assert entered.wait(within(SECONDS))
        turns.append(None)
        if len(turns) == 3:
            released.set()
            stopped.set()

    assert watched([standing("slow", slow, stopped), standing("quick", quick, stopped)], stopped) == []
    assert len(turns) == 3


def test_standing_lane_tells_a_fault_and_works_on() -> None:
    stopped = threading.Event()
    faults: list[Exception] = [StoreUnavailable("down"), ZeroDivisionError()]

    def work(_is_over: IsOver) -> None:
        if faults:
            raise faults.pop(0)
        stopped.set()

    with capture_logs() as logs:
        assert watched([standing("mails", work, stopped)], stopped) == []
    told = [(entry["event"], entry["lane"]) for entry in logs]
    assert told == [("lane_store_unavailable", "mails"), ("lane_failed", "mails")]


def test_a_turn_whose_time_is_up_is_gone_on_with_at_once() -> None:
    stopped, turns = threading.Event(), []

    def endless(is_over: IsOver) -> None:
        turns.append(time.monotonic())
        if len(turns) == 3:
            stopped.set()
        while not is_over():
            time.sleep(0.01)

    lane = standing("purges", endless, stopped)
    lane.budget, lane.pause = 0.05, beyond(SECONDS)
    assert watched([lane], stopped) == []
    assert len(turns) == 3


def test_a_lane_says_what_it_does_and_by_when_it_will_have_done_it() -> None:
    stopped, said = threading.Event(), []

    def work(_is_over: IsOver) -> None:
        said.append(lane.sign)
        if len(said) == 2:
            stopped.set()
        raise ZeroDivisionError

    lane = standing("purges", work, stopped)
    lane.budget = 3600
    assert lane.sign.state is LaneState.RESTING
    with capture_logs():
        watched([lane], stopped)
    assert [sign.state for sign in said] == [LaneState.WORKING] * 2
    assert said[0].due_by - said[0].since == timedelta(hours=1)
    assert (lane.sign.state, lane.sign.fault) == (LaneState.FAILING, "ZeroDivisionError")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_standing_lane_that_dies_ends_the_worker_with_a_line() -> None:
    stopped = threading.Event()

    def die(_is_over: IsOver) -> None:
        raise SystemExit

    lanes = [standing("mails", die, stopped), standing("purge", lambda _is_over: None, stopped)]
    with capture_logs() as logs:
        assert watched(lanes, stopped) == ["mails"]
    assert [(entry["event"], entry["lanes"]) for entry in logs] == [("worker_lane_died", ["mails"])]
    assert not any(lane.thread.is_alive() for lane in lanes)


@pytest.fixture(autouse=True)
def _every_thread_ends() -> Iterator[None]:
    yield
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("lane ")]
