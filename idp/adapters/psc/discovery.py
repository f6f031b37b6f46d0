"""What Pro Santé Connect publishes of itself: its endpoints.

Contains fetching, checking and caching the document, one fetch at a time, also while PSC is down. Not here: its signing
keys (`signing_keys`), logins.
"""

import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from idp.adapters.http.bounded import BoundedHttp, HttpAnswer, NoUsableAnswer
from idp.adapters.http.deadline import in_turn
from idp.adapters.psc.errors import shown
from idp.adapters.psc.published import UnusableDocument, object_in
from idp.core.clock import Clock
from idp.interaction.upstream import UpstreamMisconfigured, UpstreamUnavailable
from idp.settings.psc import PscSettings
from idp.settings.psc_presets import ENDPOINTS

log = structlog.get_logger()

#: As it is published (RFC 9126 §5).
PUSH_ENDPOINT = "pushed_authorization_request_endpoint"

CACHE_LIFE = timedelta(hours=1)
#: How long a failed discovery is remembered: otherwise every waiting browser would try, ten seconds each, in turn.
DISCOVERY_PAUSE = timedelta(seconds=15)


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
        #: What is wrong with the document that was published last, until a usable one is.
        self._fault: str | None = None

    def snapshot(self) -> ProviderSnapshot:
        """Returns the endpoints. Raises UpstreamUnavailable: not published, not acceptable, or failed a moment ago."""
        return self._fresh() or self._fetch_once()

    def known(self) -> ProviderSnapshot | None:
        """Returns the last document, else the preset, without a call."""
        return self._kept[0] if self._kept else _snapshot_of_settings(self._settings)

    def fault(self) -> str | None:
        """Returns what is wrong with the document if nobody can sign in for it, without a call."""
        return self._fault if self._fault and self.known() is None else None

    def consider(self, answer: HttpAnswer) -> None:
        """Take what a look at the address was answered, as if it had been fetched at need."""
        with self._lock, suppress(NoUsableAnswer):
            self._take(answer)

    def _fresh(self) -> ProviderSnapshot | None:
        kept = self._kept
        return kept[0] if kept and self._clock.now() - kept[1] < CACHE_LIFE else None

    def _fetch_once(self) -> ProviderSnapshot:
        with in_turn(self._lock):
            # The thread that held the lock before this one may have fetched it.
            if snapshot := self._fresh():
                return snapshot
            if self._failed_at and self._clock.now() - self._failed_at < DISCOVERY_PAUSE:
                return self._known_before("failed a moment ago")
            try:
                return self._take(self._http.get(self._settings.discovery_address, {}))
            except NoUsableAnswer as error:
                self._failed_at = self._clock.now()
                return self._known_before(str(error))

    def _take(self, answer: HttpAnswer) -> ProviderSnapshot:
        """Returns the snapshot of this answer, which is kept. Raises NoUsableAnswer."""
        try:
            snapshot = snapshot_of(object_in(answer), self._settings)
        except UnusableDocument as error:
            if str(error) != self._fault:
                self._fault = str(error)
                advice = "compare PSC_ISSUER and PSC_DISCOVERY_URL with what is published: `idp psc check`"
                log.error("psc_discovery_unusable", fault=self._fault, advice=advice)
            raise
        self._kept, self._failed_at = (snapshot, self._clock.now()), None
        if self._fault:
            self._fault = None
            log.warning("psc_discovery_usable")
        return snapshot

    def _known_before(self, why_not: str) -> ProviderSnapshot:
        """Returns the last document, else the preset and the operator's endpoints: a sign-in may still work."""
        known = self.known()
        if known is None:
            kind = UpstreamMisconfigured if self._fault else UpstreamUnavailable
            raise kind(f"discovery: {self._fault or why_not}")
        return known


def snapshot_of(document: Mapping[str, object], settings: PscSettings) -> ProviderSnapshot:
    """Returns the endpoints in force: the published ones, unless the operator set others. Raises UnusableDocument."""
    # OpenID Connect Discovery 1.0 §4.3: exactly the configured issuer (RFC 9700 §4.4, mix-up).
    issuer = document.get("issuer")
    if issuer != settings.issuer:
        raise UnusableDocument(f"issuer {shown(issuer)}, expected {settings.issuer}")
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
        raise UnusableDocument(f"{name} {shown(url)}, expected https")
    return url
