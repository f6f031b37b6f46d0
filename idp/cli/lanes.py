"""Threads of the worker: what is slow or fails keeps only its own work waiting.

Contains one lane per relying party, started when it has something to hear, and the lanes that stand as long as the
worker. Not here: what is done in them (`background`).
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import structlog

from idp.core.ephemeral import StoreUnavailable

log = structlog.get_logger(__name__)

_WATCH_SECONDS = 1
#: For the work under way when the worker is told to stop, of all lanes together. A mail that takes longer is given to
#: the next worker by the end of its lease.
_LAST_SECONDS = 15


@dataclass(slots=True)
class Lanes:
    """`step` does one piece of work of a lane, and returns False when there is none. Each busy lane has one thread."""

    step: Callable[[str], bool]
    _busy: dict[str, threading.Thread] = field(default_factory=dict)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def run_each(self, names: Iterable[str]) -> None:
        for name in names:
            self.run(name)

    def run(self, name: str) -> None:
        """Start the lane, unless it is running."""
        running = self._busy.get(name)
        if running is None or not running.is_alive():
            self._busy[name] = threading.Thread(target=self._work, args=(name,), name=f"lane {name}")
            self._busy[name].start()

    def stop(self) -> None:
        """Let each lane finish its present piece of work, and stop."""
        self._stopped.set()
        for thread in self._busy.values():
            thread.join()

    def _work(self, name: str) -> None:
        try:
            while not self._stopped.is_set() and self.step(name):
                pass
        except StoreUnavailable:
            log.error("lane_store_unavailable", lane=name)
        except Exception:  # `run` starts the lane again
            log.exception("lane_failed", lane=name)


@dataclass(slots=True, kw_only=True)
class StandingLane:
    """A thread that does `work` again and again, `pause` seconds apart, until `stopped`.

    A fault is logged, and the work tried again: if the thread died of it, mails would age unnoticed.
    """

    name: str
    work: Callable[[], object]
    pause: float
    after_fault: float = 5
    stopped: threading.Event
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        # A daemon: a relay that keeps silent must not keep a worker that was told to stop.
        self.thread = threading.Thread(target=self._run, name=f"lane {self.name}", daemon=True)

    def _run(self) -> None:
        while not self.stopped.wait(self._work()):
            pass

    def _work(self) -> float:
        """Returns the seconds until the next time."""
        try:
            self.work()
        except StoreUnavailable:
            log.error("lane_store_unavailable", lane=self.name)
        except Exception:
            log.exception("lane_failed", lane=self.name)
        else:
            return self.pause
        return max(self.pause, self.after_fault)


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
    for lane in lanes:
        lane.thread.join(_LAST_SECONDS / len(lanes))
    return died
