"""Key sets behind the `jwks_uri` of relying parties, fetched when needed and kept for a while.

Contains one fetch at a time per address, and how long keys are kept. Not here: which addresses may be called
(`adapters/http/outbound`), which key is meant (`clients/key_sets`).
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from idp.adapters.http.bounded import BoundedHttp, NoUsableAnswer
from idp.clients.key_sets import KeysUnavailable
from idp.clients.public_keys import PublicJwk, usable_keys
from idp.core.clock import Clock

log = structlog.get_logger()

#: A key that its owner withdrew is accepted no longer than this.
FRESH = timedelta(minutes=15)
#: How long keys are kept while the address does not answer. After that the client's keys count as unknown.
KEPT = timedelta(hours=24)
#: Between two fetches for an unknown `kid`: an attacker who invents kids must not make us flood a relying party.
PAUSE = timedelta(seconds=30)
#: How long a thread waits for another's fetch: a dead address must not hold every thread that its client calls.
_WAIT_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class _Kept:
    keys: tuple[PublicJwk, ...]
    fetched_at: datetime


class FetchedKeySets:
    """`RemoteKeys` by HTTP; each process keeps its own."""

    def __init__(self, http: BoundedHttp, clock: Clock) -> None:
        self._http, self._clock = http, clock
        self._lock = threading.Lock()
        self._shelves: dict[str, _CachedKeySet] = {}

    def current(self, jwks_uri: str) -> tuple[PublicJwk, ...]:
        return self._shelf(jwks_uri).current()

    def renewed(self, jwks_uri: str) -> tuple[PublicJwk, ...]:
        return self._shelf(jwks_uri).renewed()

    def _shelf(self, jwks_uri: str) -> "_CachedKeySet":
        # Grows only with the addresses that clients.yaml has named: no caller chooses one.
        with self._lock:
            return self._shelves.setdefault(jwks_uri, _CachedKeySet(jwks_uri, self._http, self._clock))


class _CachedKeySet:
    """The key set of one address."""

    def __init__(self, jwks_uri: str, http: BoundedHttp, clock: Clock) -> None:
        self._jwks_uri, self._http, self._clock = jwks_uri, http, clock
        self._lock = threading.Lock()
        self._kept: _Kept | None = None
        self._tried_at: datetime | None = None

    def current(self) -> tuple[PublicJwk, ...]:
        kept = self._younger_than(FRESH)
        if kept is not None:
            return kept
        # A thread that has older keys does not wait for another thread's fetch.
        if self._lock.acquire(timeout=0 if self._younger_than(KEPT) else _WAIT_SECONDS):
            try:
                if self._younger_than(FRESH) is None:
                    self._fetch()
            finally:
                self._lock.release()
        return self._given()

    def renewed(self) -> tuple[PublicJwk, ...]:
        if self._lock.acquire(timeout=_WAIT_SECONDS):
            try:
                # The thread that held the lock may have fetched the key; if not, its fetch has begun the pause.
                self._fetch()
            finally:
                self._lock.release()
        return self._given()

    def _younger_than(self, age: timedelta) -> tuple[PublicJwk, ...] | None:
        kept = self._kept
        return kept.keys if kept and self._clock.now() - kept.fetched_at < age else None

    def _given(self) -> tuple[PublicJwk, ...]:
        kept = self._younger_than(KEPT)
        if kept is None:
            raise KeysUnavailable("jwks_uri gives no keys")
        return kept

    def _fetch(self) -> None:
        """Fetch under the lock, unless within the pause. A failed fetch keeps the old keys."""
        now = self._clock.now()
        if self._tried_at is not None and now - self._tried_at < PAUSE:
            return
        self._tried_at = now
        try:
            answer = self._http.get(self._jwks_uri, {})
            if answer.status != 200:
                raise NoUsableAnswer(f"status {answer.status}")
            self._kept = _Kept(usable_keys(answer.json()), now)
        except (NoUsableAnswer, ValueError) as error:
            log.warning("jwks_uri_failed", jwks_uri=self._jwks_uri, reason=str(error))
