"""PSC's RS256 keys: which of them signed a token.

Contains fetching, caching and choosing them, and how often a token may cause a fetch. Not here: signatures
(`id_token`), the address of the key set (`discovery`).
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from idp.adapters.http.bounded import BoundedHttp, NoUsableAnswer
from idp.adapters.http.deadline import in_turn
from idp.adapters.psc.discovery import CACHE_LIFE
from idp.adapters.psc.published import fetch_object
from idp.core.clock import Clock
from idp.core.octets import b64u_octets
from idp.interaction.upstream import UpstreamMisconfigured, UpstreamUnavailable

# NIST SP 800-131A: 2048 bits at least. Beyond 8192, verifying would be an attack on our processor.
_RSA_BITS = range(2048, 8192 + 1)

_MINUTE = timedelta(minutes=1)


class NoUsableKey(NoUsableAnswer):
    """PSC publishes a key set, and none of its keys is for RS256: a setting there is wrong."""


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys that fit RS256, each with its `kid` if it has one (RFC 7517 §4.5)."""

    keys: tuple[tuple[str | None, RSAKey], ...] = ()

    @property
    def kids(self) -> Iterable[str]:
        return (kid or "without kid" for kid, _key in self.keys)

    def find(self, kid: str | None) -> RSAKey | None:
        """Returns the key of that name; for a token that names none, the only key there is."""
        if kid is None:
            # OpenID Connect Core §10.1: among several keys the token must name its own.
            return self.keys[0][1] if len(self.keys) == 1 else None
        return next((key for name, key in self.keys if name == kid), None)


@dataclass(slots=True)
class Allowance:
    """How many fetches within the pause tokens of one origin may cause in a minute (facts/security PS8).

    Anybody can post a logout token: a flood of forged ones uses up its own allowance, not that of the sign-ins.
    Not thread-safe: `SigningKeys` uses it under its lock.
    """

    most: int = 4
    _taken: list[datetime] = field(default_factory=list)

    def take(self, now: datetime) -> bool:
        self._taken = [at for at in self._taken if now - at < _MINUTE]
        if len(self._taken) >= self.most:
            return False
        self._taken.append(now)
        return True


class SigningKeys:
    """A failed fetch keeps the keys we had. Thread-safe: one fetch at a time."""

    def __init__(self, http: BoundedHttp, clock: Clock, pause: timedelta) -> None:
        """`pause`: the time between two fetches that need no allowance."""
        self._http, self._clock, self._pause = http, clock, pause
        self._lock = threading.Lock()
        self._set = KeySet()
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._failure: NoUsableAnswer | None = None
        #: The unknown `kid`s for which a fetch of the last pause was made.
        self._asked: Mapping[str, datetime] = {}

    def find(self, jwks_uri: str, allowance: Allowance, kid: str | None) -> RSAKey | None:
        """Returns the key, None when PSC has no such key. Raises UpstreamUnavailable when that cannot be known."""
        key = self._fresh(kid)
        return key if key else self._find_after_fetch(jwks_uri, allowance, kid)

    def published(self, jwks_uri: str) -> KeySet:
        """Returns the keys of this moment, give or take the pause. Raises UpstreamUnavailable."""
        with self._lock:
            if self._is_pause_over():
                self._fetch(jwks_uri)
            self._require_fetched()
            return self._set

    def _fresh(self, kid: str | None) -> RSAKey | None:
        fetched_at = self._fetched_at
        # A token without `kid` cannot tell that the key is another one now.
        life = self._pause if kid is None else CACHE_LIFE
        is_fresh = fetched_at is not None and self._clock.now() - fetched_at < life
        return self._set.find(kid) if is_fresh else None

    def _find_after_fetch(self, jwks_uri: str, allowance: Allowance, kid: str | None) -> RSAKey | None:
        with in_turn(self._lock):
            # The thread that held the lock before this one may have fetched the key, or have begun the pause.
            if self._is_pause_over() or self._may_ask(allowance, kid):
                self._fetch(jwks_uri)
                self._note(kid)
            elif self._is_unknown(kid):
                raise UpstreamUnavailable("signing keys: asked too often")
            key = self._set.find(kid)
            if key is None:
                self._require_fetched()
            return key

    def _is_pause_over(self) -> bool:
        return self._tried_at is None or self._clock.now() - self._tried_at >= self._pause

    def _may_ask(self, allowance: Allowance, kid: str | None) -> bool:
        """Whether one fetch more may be made within the pause: PSC may have changed its keys since the last one."""
        return self._is_unknown(kid) and allowance.take(self._clock.now())

    def _is_unknown(self, kid: str | None) -> bool:
        """Whether no fetch of the last pause was made to find this key."""
        return kid is not None and self._set.find(kid) is None and not self._was_asked(kid)

    def _was_asked(self, kid: str) -> bool:
        asked_at = self._asked.get(kid)
        return asked_at is not None and self._clock.now() - asked_at < self._pause

    def _note(self, kid: str | None) -> None:
        asked = {name: at for name, at in self._asked.items() if self._was_asked(name)}
        self._asked = asked if kid is None else {**asked, kid: self._clock.now()}

    def _require_fetched(self) -> None:
        if self._failure is not None:
            kind = UpstreamMisconfigured if isinstance(self._failure, NoUsableKey) else UpstreamUnavailable
            raise kind(f"signing keys: {self._failure}") from self._failure

    def _fetch(self, jwks_uri: str) -> None:
        self._tried_at = self._clock.now()
        try:
            found = read_signing_keys(fetch_object(self._http, jwks_uri))
            if not found.keys:
                raise NoUsableKey("no usable key: none is for RS256, of 2048 bits or more")
        except NoUsableAnswer as error:
            self._failure = error
            return
        self._set, self._fetched_at, self._failure = found, self._clock.now(), None


def read_signing_keys(document: Mapping[str, object]) -> KeySet:
    """Returns the usable RS256 keys of a JWK Set. RFC 7517 §5: other keys are ignored."""
    entries = document.get("keys")
    found: dict[tuple[object, ...], tuple[str | None, RSAKey]] = {}
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and (key := _rs256_key(entry)) is not None:
            # The same key twice is one key.
            found.setdefault((entry.get("kid"), entry["n"], entry["e"]), (entry.get("kid"), key))
    return KeySet(tuple(found.values()))


def _rs256_key(entry: Mapping[str, object]) -> RSAKey | None:
    is_meant = (
        entry.get("kty") == "RSA"
        and entry.get("use", "sig") == "sig"
        and entry.get("alg", "RS256") == "RS256"
        and isinstance(entry.get("kid", ""), str)
    )
    modulus, exponent = entry.get("n"), entry.get("e")
    if not is_meant or not isinstance(modulus, str) or not isinstance(exponent, str):
        return None
    try:
        # Checked before the import: below 2048 bits the library only warns.
        if int.from_bytes(b64u_octets(modulus)).bit_length() not in _RSA_BITS:
            return None
        return RSAKey.import_key({"kty": "RSA", "n": modulus, "e": exponent})
    except (JoseError, ValueError, TypeError):
        return None
