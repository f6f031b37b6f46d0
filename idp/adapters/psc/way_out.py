"""Whether browsers can be sent to Pro Santé Connect's end_session endpoint.

Contains the look at it beside sign-outs and `/metrics`, and its circuit. Not here: sign-ins, which go on while this one
endpoint is down (`watch`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from idp.adapters.http.bounded import NoUsableAnswer, ProbingHttp
from idp.adapters.psc.circuit import Circuits
from idp.adapters.psc.lookout import Lookout, Run
from idp.adapters.psc.watch import is_shown
from idp.core.clock import Clock
from idp.settings.psc import PscSettings

log = structlog.get_logger()


def _tell(is_out: bool) -> None:
    log.error("psc_sign_out_down") if is_out else log.warning("psc_sign_out_back")


@dataclass(frozen=True, slots=True)
class WayOut:
    """Thread-safe."""

    circuits: Circuits
    lookout: Lookout
    #: Without circuit breakers: it must call while the circuit is open.
    http: ProbingHttp

    def is_dead(self, url: str) -> bool:
        """Whether it is known to answer nothing. Waits for nothing: a look that is due runs beside."""
        self.lookout.look(lambda: self.lookout.ask(url, self._answers))
        return url in self.circuits.open_urls()

    def failures_by_url(self) -> Mapping[str, int]:
        return self.circuits.failures_by_url()

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
    return WayOut(
        circuits, Lookout(circuits=circuits, clock=clock, every=settings.watch_every, run=run), http
    )
