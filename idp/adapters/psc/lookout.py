"""One look at a time at what may be down, in the background: no caller waits for it.

Contains that there is one, when the last is old, and looking again after a failure. Not here: what is looked at, and
how (`watch`, `way_out`).
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from idp.adapters.psc.circuit import Circuits
from idp.core.clock import Clock

log = structlog.get_logger()

Run = Callable[[Callable[[], None]], None]

#: Time between two looks at an address that has just failed.
_AGAIN_SECONDS = 1.0


def beside(act: Callable[[], None]) -> None:
    """Run it in a thread of its own, for which a stop of the server does not wait."""
    threading.Thread(target=act, name="psc-watch", daemon=True).start()


@dataclass(slots=True)
class _State:
    looked_at: datetime | None = None
    is_looking: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookout:
    """Thread-safe."""

    circuits: Circuits
    clock: Clock
    every: timedelta
    run: Run = beside
    wait: Callable[[float], None] = time.sleep
    _state: _State = field(default_factory=_State)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def look(self, act: Callable[[], None], is_due: Callable[[], bool] | None = None) -> None:
        """Start `act` if a look is due, by default when the last is old, and none is running. Does not wait for it."""
        with self._lock:
            if self._state.is_looking or not (is_due or self.is_old)():
                return
            self._state.is_looking, self._state.looked_at = True, self.clock.now()
        try:
            self.run(lambda: self._act(act))
        except RuntimeError:  # No thread can be had now: the caller goes on, and a later one may look.
            log.exception("psc_watch_failed")
            self._end()

    def is_old(self) -> bool:
        """Whether the last look, if any, is as old as the pause between two."""
        last = self._state.looked_at
        return last is None or self.clock.now() - last >= self.every

    def ask(self, url: str, answers: Callable[[str], bool]) -> None:
        """Ask once; if an address that worked fails, again until it answers or its circuit opens."""
        for attempt in range(self.circuits.failures):
            if attempt:
                self.wait(_AGAIN_SECONDS)
            if answers(url):
                self.circuits.answered(url)
                return
            self.circuits.failed(url)
            if url in self.circuits.open_urls():
                return

    def _act(self, act: Callable[[], None]) -> None:
        try:
            act()
        except (
            Exception
        ):  # No caller waits for this thread: an exception must reach the log, and it must look again.
            log.exception("psc_watch_failed")
        finally:
            self._end()

    def _end(self) -> None:
        with self._lock:
            self._state.is_looking = False
