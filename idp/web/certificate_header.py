"""The guard of the pages: a header that claims a client certificate has no business there (facts/security CP1)."""

from dataclasses import dataclass

from flask import request

from idp.core.audit import AuditEvent
from idp.core.errors import PageError, Problem
from idp.core.refusal_trail import RefusalTrail
from idp.web.network import CallerNetworks


@dataclass(frozen=True, slots=True)
class CertificateHeaderGuard:
    """Only the card host's private socket hears `Client-Cert`; a proxy in front of the pages takes it out."""

    trail: RefusalTrail
    networks: CallerNetworks

    def __call__(self) -> None:
        """Raises PageError when the header came."""
        if not any(name in request.headers for name in ("Client-Cert", "Client-Cert-Chain")):
            return
        network = self.networks.of(request)
        self.trail.record_refusal(AuditEvent.CARD_HEADER_REFUSED, network, place="pages")
        raise PageError(Problem.BAD_REQUEST, "certificate header")
