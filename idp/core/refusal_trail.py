"""Refusals that any caller on the network can provoke: a flood of them must not fill the durable audit trail."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

import structlog

from idp.core.audit import Audit, AuditEvent, Fact
from idp.core.ephemeral import EphemeralStore, Kind

log = structlog.get_logger()

_WINDOW = timedelta(minutes=1)


class _Share(NamedTuple):
    """`rows`: how many audit rows one network may cause in a minute."""

    counter: Kind
    rows: int


#: What any caller can provoke, and how much of it becomes durable.
SHARES: Mapping[AuditEvent, _Share] = {
    AuditEvent.CLIENT_REFUSED: _Share(Kind.CLIENT_REFUSALS, 20),
    AuditEvent.CERTIFICATE_REFUSED: _Share(Kind.CERTIFICATE_REFUSALS, 20),
    AuditEvent.CARD_HEADER_REFUSED: _Share(Kind.CARD_HEADER_REFUSALS, 5),
    AuditEvent.PSC_LOGOUT_REFUSED: _Share(Kind.UPSTREAM_LOGOUT_REFUSALS, 5),
}


@dataclass(frozen=True, slots=True)
class RefusalTrail:
    audit: Audit
    store: EphemeralStore

    def record_refusal(self, event: AuditEvent, network: str, **facts: Fact) -> None:
        """Log every refusal, and audit the first ones of a network and minute. Raises StoreUnavailable."""
        log.warning("refused", what=str(event), **facts)
        self.audit_refusal(event, network, **facts)

    def audit_refusal(self, event: AuditEvent, network: str, **facts: Fact) -> None:
        """Audit the first ones of a network and minute, of refusals that have a line of their own in the log.

        Raises StoreUnavailable.
        """
        share = SHARES[event]
        if self.store.count(share.counter, network, _WINDOW) <= share.rows:
            # The caller has proved nothing yet: there is no account, client or interaction to name.
            self.audit.record(event, account_id=None, client_id=None, interaction_id=None, rpps=None, **facts)
