"""Threads of the worker: what is slow or fails keeps only its own work waiting.

Contains the lanes that stand as long as the worker, those that are started when there is something to do, and the end
of all. Not here: what is done in them (`work`), their signs of life (`pulse`).
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from idp.core.clock import Clock
from idp.core.ephemeral import StoreUnavailable
from idp.core.heartbeats import LaneState

log = structlog.get_logger(__name__)

_WATCH_SECONDS = 1
#: For the work under way when the worker is told to stop, of all lanes together: longer than a mail may take, and
#: shorter than a supervisor waits (30 s). What takes longer is given to the next worker by the end of its lease.
STOP_SECONDS = 25.0

#: Whether a turn of a lane is over: the worker is told to stop, or its time is up.
IsOver = Callable[[], bool]


@dataclass(slots=True)
class Lanes:
    """`step` does one piece of work of a lane, and returns False when there is none. Each busy lane has one thread."""

    step: Callable[[str], bool]
    #: No piece of work begins from then on.
    stopped: threading.Event
    _busy: dict[str, threading.Thread] = field(default_factory=dict)

    def run_each(self, names: Iterable[str]) -> None:
        for name in names:
            self.run(name)

    def run(self, name: str) -> None:
        """Start the lane, unless it is running."""
        running = self._busy.get(name)
        if running is None or not running.is_alive():
            self._busy[name] = threading.Thread(
                target=self._work, args=(name,), name=f"lane {name}", daemon=True
            )
            self._busy[name].start()

    @property
    def threads(self) -> list[threading.Thread]:
        return list(self._busy.values())

    def _work(self, name: str) -> None:
        try:
            while not self.stopped.is_set() and self.step(name):
                pass
        except StoreUnavailable:
            log.error("lane_store_unavailable", lane=name)
        except Exception:  # `run` starts the lane again
            log.exception("lane_failed", lane=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """What a lane says of itself (`core/heartbeats`)."""

    state: LaneState
    since: datetime
    due_by: datetime
    fault: str = ""


@dataclass(slots=True, kw_only=True)
class StandingLane:
    """A thread that does `work` again and again, until `stopped`, `pause` seconds apart. A turn has `budget` seconds:
    the work asks whether it is over, and is gone on with at once then.

    A fault is logged, and the work tried again: if the thread died of it, mails would age unnoticed.
    """

    name: str
    work: Callable[[IsOver], object]
    pause: float
    budget: float = 60
    after_fault: float = 5
    stopped: threading.Event
    clock: Clock
    sign: Sign = field(init=False)
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        # A daemon: a relay that keeps silent must not keep a worker that was told to stop.
        self.thread = threading.Thread(target=self._run, name=f"lane {self.name}", daemon=True)
        self._say(LaneState.RESTING, self.pause)

    def _run(self) -> None:
        while not self.stopped.wait(self._turn()):
            pass

    def _turn(self) -> float:
        """Returns the seconds until the next time."""
        end = time.monotonic() + self.budget
        self._say(LaneState.WORKING, self.budget)
        try:
            self.work(lambda: self.stopped.is_set() or time.monotonic() > end)
        except StoreUnavailable as fault:
            log.error("lane_store_unavailable", lane=self.name)
            return self._failed(fault)
        except Exception as fault:
            log.exception("lane_failed", lane=self.name)
            return self._failed(fault)
        pause = 0 if time.monotonic() > end else self.pause
        self._say(LaneState.RESTING, pause)
        return pause

    def _failed(self, fault: Exception) -> float:
        pause = max(self.pause, self.after_fault)
        self._say(LaneState.FAILING, pause, type(fault).__name__)
        return pause

    def _say(self, state: LaneState, seconds: float, fault: str = "") -> None:
        now = self.clock.now()
        due_by = now + timedelta(seconds=seconds)
        self.sign = Sign(state=state, since=now, due_by=due_by, fault=fault)


def watch(lanes: Sequence[StandingLane], stopped: threading.Event) -> list[str]:
    """Run the lanes until `stopped`, or until one died. Returns the names of those that died."""
    for lane in lanes:
        lane.thread.start()
    died: list[str] = []
    while not died and not stopped.wait(_WATCH_SECONDS):
        died = [lane.name for lane in lanes if not lane.thread.is_alive()]
    if died:
        log.critical("worker_lane_died", lanes=died)
    stopped.set()
    return died


def left_after(threads: Iterable[threading.Thread], end: float) -> list[str]:
    """Let them end what they are at. Returns the names of those that did not until then (`time.monotonic`)."""
    left = []
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
        if thread.is_alive():
            left.append(thread.name.removeprefix("lane "))
    return left
