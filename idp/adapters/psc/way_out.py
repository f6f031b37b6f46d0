"""Whether browsers can be sent to Pro Santé Connect's end_session endpoint.

Contains the look at it beside sign-outs and `/metrics`, and its circuit. Not here: sign-ins, which go on while this one
endpoint is down (`watch`).
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from idp.adapters.http.bounded import NoUsableAnswer, ProbingHttp
from idp.adapters.psc.circuit import Circuits
from idp.adapters.psc.watch import is_shown
from idp.core.clock import Clock
from idp.settings.psc import PscSettings

log = structlog.get_logger()

Run = Callable[[Callable[[], None]], None]

#: Time between two looks at an address that has just failed.
_AGAIN_SECONDS = 1.0


def _tell(is_out: bool) -> None:
    log.error("psc_sign_out_down") if is_out else log.warning("psc_sign_out_back")


@dataclass(slots=True)
class _State:
    looked_at: datetime | None = None
    is_looking: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class WayOut:
    """Thread-safe."""

    circuits: Circuits
    #: Without circuit breakers: it must call while the circuit is open.
    http: ProbingHttp
    clock: Clock
    every: timedelta
    run: Run
    wait: Callable[[float], None] = time.sleep
    _state: _State = field(default_factory=_State)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def is_dead(self, url: str) -> bool:
        """Whether it is known to answer nothing. Waits for nothing: a look that is due runs beside."""
        with self._lock:
            is_due = not self._state.is_looking and self._is_due()
            if is_due:
                self._state.is_looking, self._state.looked_at = True, self.clock.now()
        if is_due:
            self.run(lambda: self._look(url))
        return url in self.circuits.open_urls()

    def failures_by_url(self) -> Mapping[str, int]:
        return self.circuits.failures_by_url()

    def _is_due(self) -> bool:
        last = self._state.looked_at
        return last is None or self.clock.now() - last >= self.every

    def _look(self, url: str) -> None:
        """Look once; after a failure, again until it answers or its circuit opens."""
        try:
            for attempt in range(self.circuits.failures):
                if attempt:
                    self.wait(_AGAIN_SECONDS)
                if self._answers(url):
                    self.circuits.answered(url)
                    return
                self.circuits.failed(url)
        except Exception:  # no caller waits for this thread: an exception must reach the log
            log.exception("psc_way_out_failed")
        finally:
            with self._lock:
                self._state.is_looking = False

    def _answers(self, url: str) -> bool:
        try:
            # Nobody can be signed out by it, and a Keycloak keeps nothing of it (`is_shown`).
            return is_shown(self.http.options(url))
        except NoUsableAnswer:
            return False


def way_out(settings: PscSettings, http: ProbingHttp, clock: Clock, run: Run) -> WayOut:
    # Circuits of its own: while browsers cannot sign out there, the door to sign in is not shut.
    circuits = Circuits(
        clock=clock, failures=settings.circuit_failures, pause=settings.circuit_pause, on_change=_tell
    )
    return WayOut(circuits=circuits, http=http, clock=clock, every=settings.watch_every, run=run)
