"""One line of JSON for each audit event, after its commit, sent by a thread of its own: no request waits for it.

Contains the queue, and what happens when its lines cannot leave: it is said once in the log, the newest wait, and the
rows in the database have them all. Not here: a file, a socket (`places`), the line itself (`core/audit_record`).
"""

import os
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from idp.core.audit_record import AuditRecord
from idp.core.measures import AUDIT_LINES_LOST

log = structlog.get_logger()

#: Of the newest: some minutes of a busy morning.
_MOST = 50_000
_PAUSE_SECONDS = 0.2
_AFTER_FAULT_SECONDS = 2.0
_AT_ONCE = 500
#: For those still there when the process ends.
_LAST_SECONDS = 2.0


class Place(Protocol):
    def send(self, records: Sequence[AuditRecord]) -> int:
        """Send them in their order. Returns how many left; the others are sent again. Raises OSError: none did."""

    def settle(self) -> None:
        """Nothing waits now: send again what may not have come. Raises OSError: it takes nothing."""


@dataclass(slots=True, kw_only=True)
class Lines:
    """A listener of committed events. `most`: how many wait while the place takes none."""

    place: Place
    most: int = _MOST
    pause_seconds: float = _PAUSE_SECONDS
    after_fault_seconds: float = _AFTER_FAULT_SECONDS
    _waiting: deque[AuditRecord] = field(default_factory=deque)
    _thread: threading.Thread | None = None
    _process: int = 0
    _starting: threading.Lock = field(default_factory=threading.Lock)
    _ended: threading.Event = field(default_factory=threading.Event)
    _lost: int = 0
    _is_down: bool = False

    def __call__(self, record: AuditRecord) -> None:
        self._waiting.append(record)
        if len(self._waiting) > self.most:
            self._forget_oldest()
        if self._process != os.getpid():
            self._start()

    def drain(self) -> bool:
        """Send what waits. Returns False: the place takes no line now."""
        try:
            while some := self._oldest():
                self._send(some)
                self._say_up()
            self.place.settle()
        except OSError as error:
            self._say_down(error)
            return False
        return True

    def _send(self, some: list[AuditRecord]) -> None:
        sent = 0
        try:
            sent = self.place.send(some)
        finally:
            self._waiting.extendleft(reversed(some[sent:]))

    def close(self) -> None:
        """Send what waits, for a moment, and stop."""
        self._ended.set()
        thread = self._thread if self._process == os.getpid() else None
        if thread is not None:
            thread.join(_LAST_SECONDS)

    def _start(self) -> None:
        with self._starting:
            if self._process == os.getpid():
                return
            # A daemon: a place that keeps silent must not keep a process that was told to stop.
            self._thread = threading.Thread(target=self._run, name="audit lines", daemon=True)
            self._process = os.getpid()
            self._thread.start()

    def _run(self) -> None:
        pause = self.pause_seconds
        while not self._ended.wait(pause):
            pause = self.pause_seconds if self._drained() else self.after_fault_seconds
        until = time.monotonic() + _LAST_SECONDS
        while not self._drained() and time.monotonic() < until:
            time.sleep(self.pause_seconds)

    def _drained(self) -> bool:
        try:
            return self.drain()
        except Exception:  # If the thread died of it, lines would be missed unnoticed.
            log.exception("audit_lines_failed")
            return False

    def _oldest(self) -> list[AuditRecord]:
        some: list[AuditRecord] = []
        with suppress(IndexError):  # Another thread may have taken the last one since.
            while len(some) < _AT_ONCE:
                some.append(self._waiting.popleft())
        return some

    def _forget_oldest(self) -> None:
        with suppress(IndexError):
            self._waiting.popleft()
            self._lost += 1
            AUDIT_LINES_LOST.of().add()

    def _say_down(self, error: OSError) -> None:
        if not self._is_down:
            self._is_down = True
            log.error("audit_lines_stopped", error=type(error).__name__, why=error.strerror or "")

    def _say_up(self) -> None:
        if self._is_down:
            log.warning("audit_lines_resumed", lost=self._lost)
            self._is_down, self._lost = False, 0
