"""Contains the guard of the pages against a header with a client certificate (facts/security CP1).

Not here: reading it.
"""

from dataclasses import dataclass

from werkzeug.wrappers import Request

from idp.core.audit import AuditEvent
from idp.core.errors import PageError, Problem
from idp.core.refusal_trail import RefusalTrail
from idp.web.network import CallerNetworks

_FIELDS = {"HTTP_CLIENT_CERT", "HTTP_CLIENT_CERT_CHAIN"}


@dataclass(frozen=True, slots=True)
class CertificateHeaderGuard:
    """Only the card host's private socket reads `Client-Cert`; the proxy in front of the pages removes it, so a request
    that has it did not come through the proxy."""

    trail: RefusalTrail
    networks: CallerNetworks

    def require_none(self, request: Request) -> None:
        """Raises PageError when the request has the header, and audits it."""
        if _FIELDS.isdisjoint(request.environ):
            return
        network = self.networks.of(request)
        self.trail.record_refusal(AuditEvent.CARD_HEADER_REFUSED, network, place="pages")
        raise PageError(Problem.BAD_REQUEST, "certificate header")
