"""The end of a session at Pro Santé Connect, in both directions.

Contains where the browser is sent to end it there, and what a logout token from there says. Not here: sessions here
(`protocol/logout`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from joserfc.jwk import RSAKey
from oic.oic.message import EndSessionRequest

from idp.adapters.psc.backchannel import fresh_client
from idp.adapters.psc.concurrency_limit import ConcurrencyLimit
from idp.adapters.psc.discovery import Discovery
from idp.adapters.psc.id_token import is_ours, verify_signature
from idp.adapters.psc.logout_token import verify_logout_token
from idp.adapters.psc.signing_keys import Allowance, KeySet, SigningKeys
from idp.adapters.psc.way_out import WayOut
from idp.interaction.upstream import UpstreamLogout, UpstreamRefused, UpstreamUnavailable
from idp.settings.psc import PscSettings

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class PscSignOut:
    """Thread-safe."""

    settings: PscSettings
    skew: timedelta
    discovery: Discovery
    keys: SigningKeys
    #: Of logout tokens, which anybody can post.
    allowance: Allowance
    #: Not that of the sign-ins: they go on while a crowd signs out.
    limit: ConcurrencyLimit
    way_out: WayOut
    is_out: Callable[[], bool]

    def read_token(self, token: str, now: datetime) -> UpstreamLogout:
        """Returns what a logout token says. Raises UpstreamRefused, UpstreamUnavailable."""
        return verify_logout_token(token, self.settings, self.skew, now.timestamp(), self._key)

    def url(self, id_token: str | None, *, return_url: str, state: str) -> str | None:
        """Returns where the browser ends the session there (RP-Initiated Logout §2); None when it cannot be ended."""
        try:
            endpoint, keys = self._reach()
        except UpstreamUnavailable as error:
            log.warning("psc_session_left_open", reason=str(error))
            return None
        us = {"client_id": self.settings.client_id}
        named = {"id_token_hint": id_token} if id_token and self._is_accepted(id_token, keys) else us
        arguments = {**named, "post_logout_redirect_uri": return_url, "state": state}
        client = fresh_client(self.settings.client_id)
        return str(client.construct_Message(EndSessionRequest, request_args=arguments).request(endpoint))

    def look(self) -> None:
        """Look whether browsers can sign out there, if it is time. Waits for nothing."""
        known = self.discovery.known()
        if known and known.end_session_endpoint and self.settings.watch_wallet:
            self.way_out.is_dead(known.end_session_endpoint)

    def failures_by_url(self) -> Mapping[str, int]:
        return self.way_out.failures_by_url()

    def _key(self, kid: str | None) -> RSAKey | None:
        # Only for a token of the right form: garbage costs no place and no call.
        with self.limit.place():
            return self.keys.find(self.discovery.snapshot().jwks_uri, self.allowance, kid)

    def _reach(self) -> tuple[str, KeySet]:
        """Returns its address and the keys of this moment. Raises UpstreamUnavailable: browsers would be lost there."""
        if self.is_out():
            raise UpstreamUnavailable("it is down")
        with self.limit.place():
            snapshot = self.discovery.snapshot()
            endpoint = snapshot.end_session_endpoint
            if endpoint is None:
                raise UpstreamUnavailable("it publishes no end_session_endpoint")
            if self.settings.watch_wallet and self.way_out.is_dead(endpoint):
                raise UpstreamUnavailable("its end_session_endpoint is down")
            return endpoint, self.keys.published(snapshot.jwks_uri)

    def _is_accepted(self, id_token: str, keys: KeySet) -> bool:
        """Whether it would take this token for a hint: with one that it does not, Keycloak answers 400, and the person
        is stuck there. Its key was withdrawn since, or another registration of ours is in force."""
        try:
            claims = verify_signature(id_token, keys.find)
        except UpstreamRefused:
            return False
        return claims.get("iss") == self.settings.issuer and is_ours(claims, self.settings.client_id)
