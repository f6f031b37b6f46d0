"""Client authentication that failed: audited, but a flood of them does not fill the trail."""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from werkzeug.wrappers import Request

from idp.audit import Audit, AuditEvent
from idp.ephemeral import EphemeralStore, Kind
from idp.protocol.client_authentication import ClientRefused
from idp.web import client_network

log = structlog.get_logger()

#: Durable rows for one network and minute; what is more goes to the log only.
_MOST, _WINDOW = 20, timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ClientRefusals:
    audit: Audit
    store: EphemeralStore
    trusted_proxy_hops: int

    def witness(self, request: Request, refused: ClientRefused) -> None:
        network = client_network(request, self.trusted_proxy_hops)
        if self.store.count(Kind.CLIENT_REFUSALS, network, _WINDOW) > _MOST:
            log.warning("client_refused", path=request.path)
            return
        self.audit.record(AuditEvent.CLIENT_REFUSED, used_basic=refused.used_basic)
