"""The worker processes of `idp serve`, kept alive (docs/adr/0032).

Contains replacing a worker that ended, with growing pauses when it ends again and again, and the end of all when none
can start. Not here: what a worker loads (`idp.cli.serve`), requests (`asgi`).
"""

import asyncio
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

import structlog
from granian import loops
from granian.constants import Interfaces, Loops
from granian.server.mp import MPServer

from idp.adapters.granian.loop import CallerRunsLoop

log = structlog.get_logger()

_PID_BYTES = 4
_ENDING = (signal.SIGTERM, signal.SIGINT)
NONE_STARTS = "no worker can start: the reason stands above"


@loops.register("auto")
def _caller_runs_loop() -> CallerRunsLoop:
    """Returns what granian gets where it asks for its own choice of a loop."""
    made = CallerRunsLoop()
    asyncio.set_event_loop(made)
    return made


@dataclass(slots=True)
class Replacements:
    """When a worker is replaced: at once, then later and later while it ends soon after each start."""

    #: A worker that lived so long did not end because of its start.
    calm_seconds: float = 30.0
    most_seconds: float = 30.0
    _in_a_row: dict[int, int] = field(default_factory=dict)

    def pause(self, worker: int, lived: float, *, had_started: bool) -> float:
        """Returns how many seconds to wait for: 0 (1 if it could not start), 1, 2, 4 … 30."""
        before = 0 if lived >= self.calm_seconds else self._in_a_row.get(worker, 0)
        before = before or int(not had_started)
        self._in_a_row[worker] = before + 1
        return min(self.most_seconds, 2.0 ** (before - 1)) if before else 0.0


class WebServer(MPServer):
    """granian, whose own loop ends every worker when one of them ended.

    `load` returns the ASGI application, in each worker anew.
    """

    def __init__(self, load: Callable[[], Any], *, threads: int, **options: Any) -> None:
        super().__init__("idp", interface=Interfaces.ASGINL, loop=Loops.auto, websockets=False, **options)
        # granian lets an asyncio loop have one thread, as more would be idle: ours works in them.
        self.on_startup(lambda: setattr(self, "blocking_threads", threads))
        self._load = load
        self._told, self._tell = multiprocessing.Pipe(duplex=False)
        self._started: set[int] = set()
        self._replacements = Replacements()
        #: When each worker that ended is due to be replaced.
        self._due: dict[int, float] = {}

    def run(self) -> None:
        """Serve until a signal. Raises SystemExit when no worker can start."""
        self.serve(target_loader=_Loader(self._load, self._tell), wrap_loader=False)

    def _spawn_workers(self, spawn_target: Any, target_loader: Any) -> None:
        with _signals_held():
            spawn: Callable[..., None] = super()._spawn_workers
            spawn(spawn_target, target_loader)

    def _respawn_workers(self, workers: Any, spawn_target: Any, target_loader: Any, delay: float = 0) -> None:
        with _signals_held():
            super()._respawn_workers(workers, spawn_target, target_loader, delay)

    def _serve_loop(self, spawn_target: Any, target_loader: Any) -> None:
        while not self.interrupt_signal:
            self.main_loop_interrupt.wait(self._until_next())
            self.main_loop_interrupt.clear()
            self._note_starts()
            self._note_ends()
            if self._due and not self._is_any_left():
                print(f"idp: {NONE_STARTS}", file=sys.stderr)
                self.interrupt_children.append(next(iter(self._due)))  # granian's sign for exit status 1
                return
            now = time.monotonic()
            for worker in [worker for worker, due in self._due.items() if due <= now]:
                del self._due[worker]
                self._respawn_workers([worker], spawn_target, target_loader)
            if self.reload_signal:
                reload: Callable[..., None] = self._reload
                reload(spawn_target, target_loader)
        self.interrupt_children.clear()  # an end that was asked for is none of a fault

    def _until_next(self) -> float | None:
        return max(0.0, min(self._due.values()) - time.monotonic()) if self._due else None

    def _note_ends(self) -> None:
        # One at a time: another thread appends.
        while self.interrupt_children:
            worker = self.interrupt_children.pop(0)
            lived = time.monotonic() - self.wrks[worker].birth
            pause = self._replacements.pause(worker, lived, had_started=self._has_started(worker))
            self._due[worker] = time.monotonic() + pause
            log.error(
                "worker_ended",
                worker=worker + 1,
                status=self.wrks[worker].inner.exitcode,
                lived_seconds=round(lived),
                replaced_in_seconds=pause,
            )

    def _note_starts(self) -> None:
        while self._told.poll():
            self._started.add(int.from_bytes(self._told.recv_bytes()))

    def _has_started(self, worker: int) -> bool:
        return self.wrks[worker].inner.pid in self._started

    def _is_any_left(self) -> bool:
        """Whether a worker lives, or one that ended had begun to serve: such a one can start."""
        return any(worker.inner.is_alive() or self._has_started(worker.idx) for worker in self.wrks)


@contextmanager
def _signals_held() -> Iterator[None]:
    """Keep a signal for a new worker until it can take it: an inherited handler would swallow it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@dataclass(frozen=True, slots=True)
class _Loader:
    """What granian calls in a new worker."""

    load: Callable[[], Any]
    tell: Connection

    def __call__(self) -> Any:
        # The handlers of the parent were inherited, and tell only a parent: until it serves, a worker just ends.
        for number in _ENDING:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
        threading.Thread(target=_end_with_parent, name="web-parent", daemon=True).start()
        application = self.load()
        self.tell.send_bytes(os.getpid().to_bytes(_PID_BYTES))
        return application


def _end_with_parent() -> None:
    """End this worker when the process that replaces workers is gone: it would hold the port of the next one."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
