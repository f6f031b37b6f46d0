"""Whether Pro Santé Connect still takes us for its client, as its token endpoint last said.

Contains the refusal that was met, and when to ask again. Not here: asking (`backchannel`), outages (`circuit`).
"""

import hmac
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from idp.adapters.psc.client_secret import ClientSecret
from idp.core.clock import Clock

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Refusal:
    detail: str
    secret: str = field(repr=False)
    #: When it was met, or last asked about.
    at: datetime


@dataclass(slots=True, kw_only=True)
class ClientStanding:
    """Thread-safe. Nobody can sign in while we are refused: our secret, certificate or method is wrong."""

    secret: ClientSecret
    clock: Clock
    #: Between two questions whether we are known again: each is an error in the log there.
    pause: timedelta
    _refusal: _Refusal | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def refused(self, detail: str, secret: str) -> None:
        """`secret`: the one that was presented."""
        with self._lock:
            was_known = self._refusal is None
            self._refusal = _Refusal(detail, secret, self.clock.now())
        if was_known:
            log.error("psc_client_refused", detail=detail)

    def accepted(self) -> None:
        with self._lock:
            was_refused, self._refusal = self._refusal is not None, None
        if was_refused:
            log.warning("psc_client_accepted")

    def refusal(self) -> str | None:
        """Returns why nobody can sign in, None when nothing is known against us."""
        refusal = self._refusal
        return refusal.detail if refusal else None

    def ask_again(self, ask: Callable[[], None]) -> None:
        """Call `ask`, for one caller, if the pause is over or our secret is another one."""
        with self._lock:
            refusal, now = self._refusal, self.clock.now()
            if refusal is None:
                return
            secret = self.secret.current()
            is_same = hmac.compare_digest(secret.encode(), refusal.secret.encode())
            if is_same and now - refusal.at < self.pause:
                return
            self._refusal = _Refusal(refusal.detail, secret, now)
        ask()
