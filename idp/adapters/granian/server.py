"""The process that watches over the web workers (docs/adr/0032). It serves nothing, and imports nothing that serves.

Contains starting workers, replacing one that ended, with growing pauses when it ends again and again, and the end of
all when none can start. Not here: what a worker does (`worker`), what it loads (`cli/serve`), requests (`asgi`).
"""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from multiprocessing import connection, get_context
from multiprocessing.context import ForkProcess
from typing import Any

_PID_BYTES = 4
_ENDING = (signal.SIGTERM, signal.SIGINT)
NONE_STARTS = "no worker can start: the reason stands above"


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


@dataclass(frozen=True, slots=True)
class _Worker:
    """`tell`: it hears there that it is to end, also what in it does not wait for its signal."""

    process: ForkProcess
    birth: float
    tell: connection.Connection


def _nothing_beside(_told: connection.Connection) -> AbstractContextManager[None]:
    return nullcontext()


class WebServer:
    """`load` returns the ASGI application, in each worker anew; `tls` granian's options for TLS, there too; `beside` is
    around its serving, and is given what tells that it is to end. `options`: of granian's server (`worker`)."""

    def __init__(
        self,
        load: Callable[[], Any],
        tls: Callable[[], Mapping[str, Any]] = dict,
        beside: Callable[[connection.Connection], AbstractContextManager[None]] = _nothing_beside,
        *,
        threads: int,
        workers: int = 1,
        workers_kill_timeout: float = 28,
        **options: Any,
    ) -> None:
        self._load, self._tls, self._beside = load, tls, beside
        self._options = {"threads": threads, "workers": workers, **options}
        self._kill_timeout = workers_kill_timeout
        self._told, self._tell = connection.Pipe(duplex=False)
        self._started: set[int] = set()
        self._replacements = Replacements()
        self._workers: dict[int, _Worker] = {}
        #: When each worker is due to be started, or replaced.
        self._due = dict.fromkeys(range(workers), 0.0)
        self._signals: set[int] = set()

    def run(self) -> None:
        """Serve until a signal. Raises SystemExit when no worker can start."""
        with _woken_by_signals(self._signals) as woken:
            can_start = self._watch(woken)
            self._stop(list(self._workers.values()))
        if not can_start:
            _log("no_worker_starts", reason=NONE_STARTS)
            raise SystemExit(1)

    def _watch(self, woken: int) -> bool:
        """Returns False when no worker can start, True at a signal to end."""
        while self._signals.isdisjoint(_ENDING):
            self._note_starts()
            self._note_ends()
            if self._workers and not self._is_any_left():
                return False
            self._start_due()
            self._renew_if_asked()
            # Of all whose end was not noted: one may have ended since it was looked at.
            sentinels = [one.process.sentinel for rank, one in self._workers.items() if rank not in self._due]
            connection.wait([woken, self._told, *sentinels], self._until_next())
            _drain(woken)
        return True

    def _until_next(self) -> float | None:
        return max(0.0, min(self._due.values()) - time.monotonic()) if self._due else None

    def _start_due(self) -> None:
        now = time.monotonic()
        for rank in [rank for rank, due in self._due.items() if due <= now]:
            del self._due[rank]
            self._start(rank)

    def _start(self, rank: int) -> None:
        told, tell = connection.Pipe(duplex=False)
        process = get_context("fork").Process(target=self._work, args=(rank, told), name="web-worker")
        with told, _signals_held():
            process.start()
        self._workers[rank] = _Worker(process, time.monotonic(), tell)

    def _work(self, rank: int, told: connection.Connection) -> None:
        """In the new process."""
        # The handlers of the parent were inherited, and tell only a parent: until it serves, a worker just ends.
        signal.set_wakeup_fd(-1)
        for number in (*_ENDING, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
        # Only now: the parent has no use for granian.
        from idp.adapters.granian.worker import serve_requests

        with self._beside(told):
            serve_requests(rank, self._loaded, **self._options, **self._tls())

    def _loaded(self) -> Any:
        application = self._load()
        self._tell.send_bytes(os.getpid().to_bytes(_PID_BYTES))
        return application

    def _note_ends(self) -> None:
        for rank, worker in self._workers.items():
            if rank in self._due or worker.process.is_alive():
                continue
            worker.process.join()
            worker.tell.close()
            lived = time.monotonic() - worker.birth
            pause = self._replacements.pause(rank, lived, had_started=self._has_started(worker))
            self._due[rank] = time.monotonic() + pause
            _log(
                "worker_ended",
                worker=rank + 1,
                status=worker.process.exitcode,
                lived_seconds=round(lived),
                replaced_in_seconds=pause,
            )

    def _note_starts(self) -> None:
        while self._told.poll():
            self._started.add(int.from_bytes(self._told.recv_bytes()))

    def _has_started(self, worker: _Worker) -> bool:
        return worker.process.pid in self._started

    def _is_any_left(self) -> bool:
        """Whether a worker lives, or one that ended had begun to serve: such a one can start."""
        return any(
            worker.process.is_alive() or self._has_started(worker) for worker in self._workers.values()
        )

    def _renew_if_asked(self) -> None:
        """SIGHUP: each worker ends its requests and is replaced, one after the other."""
        if signal.SIGHUP not in self._signals:
            return
        self._signals.discard(signal.SIGHUP)
        for rank, worker in list(self._workers.items()):
            if not self._signals.isdisjoint(_ENDING):
                return
            self._stop([worker])
            # One that waits to be started again is started here.
            self._due.pop(rank, None)
            self._start(rank)

    def _stop(self, workers: list[_Worker]) -> None:
        for worker in workers:
            # One that ended by itself has closed it, or was noted to have ended.
            with suppress(OSError):
                worker.tell.send_bytes(b"end")
            worker.process.terminate()
        end = time.monotonic() + self._kill_timeout
        for worker in workers:
            worker.process.join(max(0.0, end - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()
            worker.tell.close()


def _log(event: str, **facts: Any) -> None:
    # Only now: in a quiet life this process needs no log.
    import structlog

    from idp.core.logs import configure_logging

    configure_logging()
    structlog.get_logger().error(event, **facts)


@contextmanager
def _woken_by_signals(received: set[int]) -> Iterator[int]:
    """Yields what can be read once a signal came, which is in `received` then."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.set_blocking(writer, False)
    before = signal.set_wakeup_fd(writer)
    for number in (*_ENDING, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: received.add(number))
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(before)
        os.close(reader)
        os.close(writer)


def _drain(reader: int) -> None:
    with suppress(BlockingIOError):
        os.read(reader, 64)


@contextmanager
def _signals_held() -> Iterator[None]:
    """Keep a signal for a new worker until it can take it: an inherited handler would swallow it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
