"""Whether Pro Santé Connect answers, asked in the background: before a user notices, and until it is back.

Contains when to probe, and what. Not here: counting failures (`circuit`), sign-ins.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

import structlog

from idp.adapters.http.bounded import HttpAnswer, NoUsableAnswer, ProbingHttp
from idp.adapters.psc.circuit import Circuits, is_outage
from idp.core.clock import Clock

log = structlog.get_logger()

#: Time between two probes of an address that has just failed.
_AGAIN_SECONDS = 1.0


def beside(act: Callable[[], None]) -> None:
    """Run it in a thread of its own, for which a stop of the server does not wait."""
    threading.Thread(target=act, name="psc-watch", daemon=True).start()


@dataclass(slots=True)
class _State:
    looked_at: datetime | None = None
    is_looking: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Probes when a sign-in page is shown and the last probe is old. Thread-safe."""

    circuits: Circuits
    #: Without circuit breakers: it must call while the circuits are open.
    http: ProbingHttp
    clock: Clock
    every: timedelta
    discovery_address: str
    #: Takes what that address answered.
    discovered: Callable[[HttpAnswer], None]
    #: Asks whether we are known again, if we were refused and it is time.
    client: Callable[[], None]
    token_endpoint: Callable[[], str | None]
    #: Returns where browsers are sent, None when that is not to be probed from here.
    wallet: Callable[[], str | None]
    run: Callable[[Callable[[], None]], None] = beside
    wait: Callable[[float], None] = time.sleep
    _state: _State = field(default_factory=_State)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def probe(self) -> None:
        """Start a probe if one is due and none is running. Does not wait for it."""
        with self._lock:
            if self._state.is_looking or not self._is_due():
                return
            self._state.is_looking, self._state.looked_at = True, self.clock.now()
        self.run(self._look)

    def _is_due(self) -> bool:
        if self.circuits.is_out():
            return self.circuits.may_be_back()
        last = self._state.looked_at
        return last is None or self.clock.now() - last >= self.every

    def _look(self) -> None:
        try:
            for url in self._addresses():
                self.look_at(url)
            self.client()
        except (
            Exception
        ):  # No caller waits for this thread: an exception must reach the log, and it must probe again.
            log.exception("psc_watch_failed")
        finally:
            with self._lock:
                self._state.is_looking = False

    def _addresses(self) -> Iterator[str]:
        if self.circuits.is_out():
            yield from self.circuits.open_urls()
            return
        yield self.discovery_address
        if wallet := self.wallet():
            yield wallet

    def look_at(self, url: str) -> None:
        """Probe once; if an address that worked fails, again until it answers or its circuit opens."""
        for attempt in range(self.circuits.failures):
            if attempt:
                self.wait(_AGAIN_SECONDS)
            if self._answers(url):
                self.circuits.answered(url)
                return
            self.circuits.failed(url)
            if url in self.circuits.open_urls():
                return

    def _answers(self, url: str) -> bool:
        """Whether PSC itself answered, even with a refusal: the probe sends no code, token or secret."""
        try:
            answer = self._ask(url)
        except NoUsableAnswer:
            return False
        if url == self.wallet():
            return is_shown(answer)
        if url == self.discovery_address:
            self.discovered(answer)
        return not is_outage(answer) and not answer.is_page

    def _ask(self, url: str) -> HttpAnswer:
        if url == self.wallet():
            return self.http.options(url)
        if url == self.token_endpoint():
            return self.http.post_form(url, "", {})
        return self.http.get(url, {})


def is_shown(answer: HttpAnswer) -> bool:
    """Whether what stands at the authorization endpoint answers OPTIONS, with a page or not.

    OPTIONS and not GET or HEAD: a Keycloak counts each of these as a sign-in that failed (LOGIN_ERROR), in which the
    watch of a realm sees an attack. A server that knows no OPTIONS (501, RFC 9110 §15.6.2) has answered all the same.
    """
    return answer.status == HTTPStatus.NOT_IMPLEMENTED or not is_outage(answer)
