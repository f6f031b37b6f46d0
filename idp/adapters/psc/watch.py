"""Whether Pro Santé Connect is there, asked beside the pages: before people find out, and until it is back.

Contains when to look, at what. Not here: counting (`circuit`), sign-ins.
"""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from idp.adapters.http.bounded import BoundedHttp, HttpAnswer, NoUsableAnswer
from idp.adapters.psc.circuit import Circuits, is_outage
from idp.core.clock import Clock

log = structlog.get_logger()

#: Between two looks at something that has just failed.
_AGAIN_SECONDS = 1.0


def beside(act: Callable[[], None]) -> None:
    """In a thread of its own, which no stop of the server waits for."""
    threading.Thread(target=act, name="psc-watch", daemon=True).start()


@dataclass(slots=True)
class _State:
    looked_at: datetime | None = None
    is_looking: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Looks when somebody sees a sign-in page and the last look is old; safe for threads."""

    circuits: Circuits
    #: Unguarded: it looks while the circuits are open.
    http: BoundedHttp
    clock: Clock
    every: timedelta
    discovery_address: str
    token_endpoint: Callable[[], str | None]
    #: Where browsers are sent; None when it is not to be looked at from here.
    wallet: Callable[[], str | None]
    run: Callable[[Callable[[], None]], None] = beside
    wait: Callable[[float], None] = time.sleep
    _state: _State = field(default_factory=_State)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def probe(self) -> None:
        """Start a look if one is due and none is under way; never waits for it."""
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
        except Exception:  # A thread of nobody's: what it meets must be in the log, and it must look again.
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
        """Once; or, when what worked fails, again and again until it answers or its circuit opens."""
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
        """Any answer of its own, also a refusal: it is asked without code, token or secret."""
        try:
            answer = self._ask(url)
        except NoUsableAnswer:
            return False
        is_page = answer.media_type == "text/html"
        return not is_outage(answer) and (not is_page or url == self.wallet())

    def _ask(self, url: str) -> HttpAnswer:
        if url == self.token_endpoint():
            return self.http.post_form(url, "", {})
        return self.http.get(url, {})
