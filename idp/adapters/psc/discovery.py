"""What Pro Santé Connect publishes: endpoints and signing keys.

Contains fetching, checking and caching the two documents, one fetch at a time, also while PSC is down. Not here:
logins, tokens, claims.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from idp.adapters.http.bounded import BoundedHttp, NoUsableAnswer, UnexpectedStatus
from idp.core.clock import Clock
from idp.core.octets import b64u_octets
from idp.interaction.upstream import UpstreamUnavailable
from idp.settings.psc import PscSettings
from idp.settings.psc_presets import ENDPOINTS

#: As it is published (RFC 9126 §5).
PUSH_ENDPOINT = "pushed_authorization_request_endpoint"

CACHE_LIFE = timedelta(hours=1)
#: How long a failed discovery is remembered: otherwise every waiting browser would try, ten seconds each, in turn.
DISCOVERY_PAUSE = timedelta(seconds=15)

# NIST SP 800-131A: 2048 bits at least. Beyond 8192, verifying would be an attack on our processor.
_RSA_BITS = range(2048, 8192 + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSnapshot:
    """PSC's endpoints as published at one moment; the issuer is always the configured one."""

    authorization_endpoint: str
    token_endpoint: str
    userinfo_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None
    #: Where requests are pushed before the browser goes (RFC 9126); None: they are not.
    push_endpoint: str | None = None


class Discovery:
    """The current snapshot, fetched at first need and then every hour."""

    def __init__(self, settings: PscSettings, http: BoundedHttp, clock: Clock) -> None:
        self._settings, self._http, self._clock = settings, http, clock
        self._lock = threading.Lock()
        self._kept: tuple[ProviderSnapshot, datetime] | None = None
        self._failed_at: datetime | None = None

    def snapshot(self) -> ProviderSnapshot:
        """Returns the endpoints. Raises UpstreamUnavailable: not published, not acceptable, or failed a moment ago."""
        return self._fresh() or self._fetch_once()

    def known(self) -> ProviderSnapshot | None:
        """Returns the last document, else the preset, without a call."""
        return self._kept[0] if self._kept else _snapshot_of_settings(self._settings)

    def _fresh(self) -> ProviderSnapshot | None:
        kept = self._kept
        return kept[0] if kept and self._clock.now() - kept[1] < CACHE_LIFE else None

    def _fetch_once(self) -> ProviderSnapshot:
        with self._lock:
            # The thread that held the lock before this one may have fetched it.
            if snapshot := self._fresh():
                return snapshot
            if self._failed_at and self._clock.now() - self._failed_at < DISCOVERY_PAUSE:
                return self._known_before("discovery failed a moment ago")
            try:
                snapshot = snapshot_of(
                    fetch_object(self._http, self._settings.discovery_address), self._settings
                )
            except NoUsableAnswer as error:
                self._failed_at = self._clock.now()
                return self._known_before(f"discovery: {error}")
            self._kept, self._failed_at = (snapshot, self._clock.now()), None
            return snapshot

    def _known_before(self, why_not: str) -> ProviderSnapshot:
        """Returns the last document, else the preset and the operator's endpoints: a sign-in may still work."""
        known = self.known()
        if known is None:
            raise UpstreamUnavailable(why_not)
        return known


def snapshot_of(document: Mapping[str, object], settings: PscSettings) -> ProviderSnapshot:
    """Returns the endpoints in force: the published ones, unless the operator set others. Raises NoUsableAnswer."""
    # OpenID Connect Discovery 1.0 §4.3: exactly the configured issuer (RFC 9700 §4.4, mix-up).
    if document.get("issuer") != settings.issuer:
        raise NoUsableAnswer("another issuer")
    # RFC 8705 §5: a client that presents a certificate uses the mTLS aliases, where there are any.
    aliases = document.get("mtls_endpoint_aliases") if settings.certificate else None
    published = {**document, **(aliases if isinstance(aliases, dict) else {}), **settings.endpoints}
    return ProviderSnapshot(
        # Never an mTLS alias: this is where browsers go, and they have no certificate of ours.
        authorization_endpoint=_endpoint(
            {**document, **settings.endpoints}, "authorization_endpoint", settings
        ),
        token_endpoint=_endpoint(published, "token_endpoint", settings),
        userinfo_endpoint=_endpoint(published, "userinfo_endpoint", settings),
        jwks_uri=_endpoint(published, "jwks_uri", settings),
        end_session_endpoint=(
            _endpoint(published, "end_session_endpoint", settings)
            if "end_session_endpoint" in published
            else None
        ),
        # Judged only when it is used: Pro Santé Connect publishes it and demands nothing.
        push_endpoint=_endpoint(published, PUSH_ENDPOINT, settings) if pushes(document, settings) else None,
    )


def pushes(document: Mapping[str, object], settings: PscSettings) -> bool:
    """Whether requests are pushed: demanded by what is published (RFC 9126 §5), or by the operator."""
    return document.get("require_pushed_authorization_requests") is True or settings.push_requests


def _snapshot_of_settings(settings: PscSettings) -> ProviderSnapshot | None:
    known = {**settings.expected, **settings.endpoints}
    # No preset knows where to push a request.
    is_complete = known.keys() >= set(ENDPOINTS) and not settings.push_requests
    return ProviderSnapshot(**known) if is_complete else None


def _endpoint(published: Mapping[str, object], name: str, settings: PscSettings) -> str:
    url = published.get(name)
    # A published document may move endpoints, but only to the hosts that the settings allow.
    if not isinstance(url, str) or not settings.allows(url):
        raise NoUsableAnswer(f"no acceptable {name}")
    return url


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


def fetch_object(http: BoundedHttp, url: str) -> Mapping[str, object]:
    """Returns a published JSON object. Raises NoUsableAnswer."""
    answer = http.get(url, {})
    if answer.status != 200:
        raise UnexpectedStatus(answer.status)
    document = answer.json()
    if not isinstance(document, dict):
        raise NoUsableAnswer("not a JSON object")
    return document


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
