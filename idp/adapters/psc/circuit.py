"""One circuit breaker per endpoint of Pro Santé Connect: after some failures in a row, no request waits for it.

Contains counting, opening, closing, and the HTTP that obeys. Not here: looking whether it is back (`watch`).
"""

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import perf_counter

from idp.adapters.http.bounded import BoundedHttp, HttpAnswer, NoUsableAnswer
from idp.core.clock import Clock
from idp.core.measures import PSC_FAILURES, PSC_OPEN, PSC_SECONDS

# RFC 9110 §15.5.9, RFC 6585 §4: these two say "later", like the 5xx.
_LATER = frozenset({408, 429})


@dataclass(slots=True)
class _Circuit:
    failures: int = 0
    opened_at: datetime | None = None
    #: One caller has been trying it since this instant; the others are still refused.
    tried_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuits:
    """Thread-safe. `on_change` is called with True when the first opens, and with False when the last closes."""

    clock: Clock
    #: How many failures in a row open a circuit.
    failures: int
    pause: timedelta
    on_change: Callable[[bool], None]
    _by_url: dict[str, _Circuit] = field(default_factory=dict)
    _totals: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def admits(self, url: str) -> bool:
        """Returns False while open; after the pause, True to one caller at a time."""
        with self._lock:
            circuit = self._by_url.get(url)
            if circuit is None or circuit.opened_at is None:
                return True
            if not self._has_waited(circuit):
                return False
            # From now on the other callers are refused until this one has an answer, or the pause is over again.
            circuit.tried_at = self.clock.now()
            return True

    def answered(self, url: str) -> None:
        with self._lock:
            was_out = self._is_out()
            # One usable answer closes the circuit and resets its count: failures must be in a row.
            if self._by_url.pop(url, None) is not None:
                PSC_OPEN.of(url).set(0)
            is_out = self._is_out()
        if was_out and not is_out:
            self.on_change(False)

    def failed(self, url: str) -> None:
        with self._lock:
            was_out = self._is_out()
            circuit = self._by_url.setdefault(url, _Circuit())
            circuit.failures += 1
            circuit.tried_at = None
            self._totals[url] = self._totals.get(url, 0) + 1
            PSC_FAILURES.of(url).add()
            if circuit.failures >= self.failures:
                circuit.opened_at = self.clock.now()
                PSC_OPEN.of(url).set(1)
            is_out = self._is_out()
        if is_out and not was_out:
            self.on_change(True)

    def hear(self, *, before: Collection[str], now: Collection[str]) -> bool:
        """Take from other processes which are open. `before`: which were open here when they were asked.

        Returns whether an outage began or ended by it: the process that saw it has told of it.
        """
        with self._lock:
            was_out = self._is_out()
            for url in set(now).difference(before):
                circuit = self._by_url.setdefault(url, _Circuit())
                if circuit.opened_at is None:
                    # One failure here confirms it; until then this process may try at once.
                    circuit.failures, circuit.opened_at = self.failures, self.clock.now() - self.pause
                    PSC_OPEN.of(url).set(1)
            for url in set(before).difference(now):
                self._by_url.pop(url, None)
                PSC_OPEN.of(url).set(0)
            return self._is_out() != was_out

    def is_out(self) -> bool:
        with self._lock:
            return self._is_out()

    def open_urls(self) -> tuple[str, ...]:
        with self._lock:
            return tuple(url for url, circuit in self._by_url.items() if circuit.opened_at is not None)

    def may_be_back(self) -> bool:
        """Whether a circuit is open and its pause is over."""
        with self._lock:
            return any(
                circuit.opened_at is not None and self._has_waited(circuit)
                for circuit in self._by_url.values()
            )

    def failures_by_url(self) -> Mapping[str, int]:
        """Returns the failures since the process began."""
        with self._lock:
            return dict(self._totals)

    def _is_out(self) -> bool:
        return any(circuit.opened_at is not None for circuit in self._by_url.values())

    def _has_waited(self, circuit: _Circuit) -> bool:
        since = circuit.tried_at or circuit.opened_at
        return since is not None and self.clock.now() - since >= self.pause


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Seen by this process: an outage, a setting that keeps everybody out, failures by address, sign-ins by outcome."""

    is_out: bool
    is_misconfigured: bool
    failures: Mapping[str, int]
    outcomes: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class GuardedHttp:
    """`BoundedHttp` that refuses at once while the circuit of an address is open, and reports each result to it."""

    http: BoundedHttp
    circuits: Circuits

    def get(self, url: str, headers: Mapping[str, str]) -> HttpAnswer:
        return self._call(url, lambda: self.http.get(url, headers))

    def post_form(self, url: str, form: str, headers: Mapping[str, str]) -> HttpAnswer:
        # The form holds a code from the browser. A firewall at PSC may refuse it with a page: that is no failure
        # of the endpoint, or an attacker could close this sign-in for every user with five forged codes.
        return self._call(url, lambda: self.http.post_form(url, form, headers), _is_refusal_in_html)

    def _call(
        self,
        url: str,
        call: Callable[[], HttpAnswer],
        says_nothing: Callable[[HttpAnswer], bool] = lambda answer: False,
    ) -> HttpAnswer:
        if not self.circuits.admits(url):
            raise NoUsableAnswer("circuit open")
        begun = perf_counter()
        try:
            answer = call()
        except NoUsableAnswer:
            self.circuits.failed(url)
            raise
        finally:
            PSC_SECONDS.of(url).took(perf_counter() - begun)
        # Neither success nor failure: counting it either way would let a caller close or open the circuit.
        if says_nothing(answer):
            return answer
        told = self.circuits.answered if _is_answer(answer) else self.circuits.failed
        told(url)
        return answer


def _is_answer(answer: HttpAnswer) -> bool:
    """Whether PSC itself answered: JSON, a JWT (userinfo), or a refusal that is no HTML page.

    A page comes from a proxy in front of it.
    """
    if answer.status in (200, 201):  # RFC 9126 §2.2: 201 for a request that was pushed.
        return answer.media_type == "application/jwt" or _is_json(answer)
    return 400 <= answer.status < 500 and not is_outage(answer) and not answer.is_page


def _is_refusal_in_html(answer: HttpAnswer) -> bool:
    return 400 <= answer.status < 500 and not is_outage(answer) and answer.is_page


def _is_json(answer: HttpAnswer) -> bool:
    try:
        answer.json()
    except NoUsableAnswer:
        return False
    return True


def is_outage(answer: HttpAnswer) -> bool:
    return answer.status >= 500 or answer.status in _LATER
