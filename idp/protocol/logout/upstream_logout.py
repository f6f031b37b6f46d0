"""Contains the endpoint that Pro Santé Connect may call at a sign-out there (Back-Channel Logout 1.0 §2.5, §2.8).

Not here: what a token ends (`upstream_ends`), judging again those that wait for keys (`kept_logouts`).
"""

from dataclasses import dataclass

import structlog
from werkzeug.wrappers import Request, Response

from idp.core.audit import AuditEvent
from idp.core.clock import Clock
from idp.core.ephemeral import EphemeralStore, Kind
from idp.core.refusal_trail import RefusalTrail
from idp.interaction.kept_logouts import KEPT_FOR, MOST_CHARACTERS, MOST_OF_A_NETWORK, KeptLogouts
from idp.interaction.upstream import UpstreamRefused, UpstreamUnavailable
from idp.protocol.client_auth.answers import json_response, unavailable_response
from idp.protocol.logout.upstream_ends import UpstreamLogouts
from idp.web.network import CallerNetworks

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamLogoutEndpoint:
    logouts: UpstreamLogouts
    kept: KeptLogouts
    store: EphemeralStore
    trail: RefusalTrail
    clock: Clock
    networks: CallerNetworks

    def __call__(self, request: Request) -> Response:
        """POST, form field `logout_token`. Returns 200 when the sessions that it names are over."""
        tokens = request.form.getlist("logout_token")
        if len(tokens) != 1:
            return self._refuse(request, f"logout token: {len(tokens)} in one request")
        try:
            self.logouts.carry_out(tokens[0], self.clock.now())
        except UpstreamRefused as refused:
            return self._refuse(request, str(refused))
        except UpstreamUnavailable as why:
            return self._keep(request, tokens[0], str(why))
        return json_response({})

    def _refuse(self, request: Request, reason: str) -> Response:
        network = self.networks.of(request)
        self.trail.record_refusal(AuditEvent.PSC_LOGOUT_REFUSED, network, reason=reason)
        return json_response({"error": "invalid_request"}, 400)

    def _keep(self, request: Request, token: str, why: str) -> Response:
        """Keep it for the worker. Keycloak never sends one again, whatever is answered."""
        share = self.store.count(Kind.UPSTREAM_LOGOUTS_KEPT, self.networks.of(request), KEPT_FOR)
        is_kept = (
            len(token) <= MOST_CHARACTERS
            and share <= MOST_OF_A_NETWORK
            and self.kept.keep(token, self.clock.now())
        )
        if not is_kept:
            log.error("psc_logout_not_kept", reason=why)
            return unavailable_response()
        log.warning("psc_logout_kept", reason=why)
        # §2.8: 200 would say that the sessions are over, and everything else is a 400. The error names no fault of the
        # token: nobody knows of one.
        told = "kept, and judged as soon as the signing keys can be had"
        return json_response({"error": "temporarily_unavailable", "error_description": told}, 400)
