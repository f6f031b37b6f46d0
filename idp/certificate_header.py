"""The guard of the pages: a header that claims a client certificate has no business there (facts/security CP1)."""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from flask import request

from idp.audit import Audit, AuditEvent
from idp.ephemeral import EphemeralStore, Kind
from idp.errors import Problem, Shown
from idp.web import client_network

log = structlog.get_logger()

_AUDITED, _WINDOW = 5, timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class CertificateHeaderGuard:
    """Only the card host's private socket hears `Client-Cert`; a proxy in front of the pages takes it out."""

    audit: Audit
    store: EphemeralStore
    trusted_proxy_hops: int

    def __call__(self) -> None:
        """Raises Shown when the header came."""
        if not any(name in request.headers for name in ("Client-Cert", "Client-Cert-Chain")):
            return
        network = client_network(request, self.trusted_proxy_hops)
        if self.store.count(Kind.CARD_HEADER_REFUSALS, network, _WINDOW) <= _AUDITED:
            self.audit.record(AuditEvent.CARD_HEADER_REFUSED, place="pages")
        log.warning("card_header_refused")
        raise Shown(Problem.BAD_REQUEST, "certificate header")
