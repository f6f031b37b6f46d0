"""The signing keys that Pro Santé Connect publishes.

Contains fetching, checking and caching them, one fetch at a time. Not here: tokens.
"""

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from idp.adapters.http.bounded import BoundedHttp, NoUsableAnswer
from idp.adapters.psc.discovery import CACHE_LIFE
from idp.adapters.psc.published import fetch_object
from idp.core.clock import Clock
from idp.core.octets import b64u_octets
from idp.interaction.upstream import UpstreamUnavailable

# NIST SP 800-131A: 2048 bits at least. Beyond 8192, verifying would be an attack on our processor.
_RSA_BITS = range(2048, 8192 + 1)


class SigningKeys:
    """PSC's RS256 keys by `kid`. A failed fetch keeps the keys we had."""

    def __init__(self, http: BoundedHttp, clock: Clock, pause: timedelta) -> None:
        """`pause`: the time between two fetches for an unknown `kid`."""
        self._http, self._clock, self._pause = http, clock, pause
        self._lock = threading.Lock()
        self._keys: Mapping[str, RSAKey] = MappingProxyType({})
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._failure: NoUsableAnswer | None = None

    def find(self, jwks_uri: str, kid: str) -> RSAKey | None:
        """Returns the key, None when PSC has no such key. Raises UpstreamUnavailable when that cannot be known."""
        key = self._fresh(kid)
        return key if key else self._find_after_fetch(jwks_uri, kid)

    def _fresh(self, kid: str) -> RSAKey | None:
        fetched_at = self._fetched_at
        is_fresh = fetched_at is not None and self._clock.now() - fetched_at < CACHE_LIFE
        return self._keys.get(kid) if is_fresh else None

    def _find_after_fetch(self, jwks_uri: str, kid: str) -> RSAKey | None:
        with self._lock:
            # The thread that held the lock may have fetched the key; if not, its fetch has begun the pause.
            if self._tried_at is None or self._clock.now() - self._tried_at >= self._pause:
                self._fetch(jwks_uri)
            key = self._keys.get(kid)
            if key is None and self._failure is not None:
                raise UpstreamUnavailable(f"signing keys: {self._failure}") from self._failure
            return key

    def _fetch(self, jwks_uri: str) -> None:
        self._tried_at = self._clock.now()
        try:
            keys = read_signing_keys(fetch_object(self._http, jwks_uri))
            if not keys:
                raise NoUsableAnswer("no usable key")
        except NoUsableAnswer as error:
            self._failure = error
            return
        self._keys, self._fetched_at, self._failure = MappingProxyType(keys), self._clock.now(), None


def read_signing_keys(document: Mapping[str, object]) -> dict[str, RSAKey]:
    """Returns the usable RS256 keys of a JWK Set. RFC 7517 §5: other keys are ignored."""
    entries = document.get("keys")
    keys: dict[str, RSAKey] = {}
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and (key := _rs256_key(entry)) is not None:
            keys.setdefault(str(entry["kid"]), key)
    return keys


def _rs256_key(entry: Mapping[str, object]) -> RSAKey | None:
    is_meant = (
        entry.get("kty") == "RSA"
        and entry.get("use", "sig") == "sig"
        and entry.get("alg", "RS256") == "RS256"
        and isinstance(entry.get("kid"), str)
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
