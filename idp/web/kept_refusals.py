"""Keeping what a refusal was under its reference, so that any node finds what any other refused (docs/adr/0053, 0062).

Contains how much of it is kept. Not here: what is told of it (`protocol/rules/refusals`, `error_pages`), looking it up
(`idp error`, `idp why`).
"""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from werkzeug.wrappers import Request

from idp.core.clock import Clock
from idp.core.ephemeral import EphemeralStore, Kind, StoreUnavailable
from idp.settings.refusals import RefusalSettings
from idp.web.network import CallerNetworks


@dataclass(slots=True, kw_only=True)
class HourlyShare:
    """How many records this process may still write in this hour: a flood must fill neither the store nor its time."""

    limits: RefusalSettings
    hour: int = 0
    written: int = 0
    of_network: Counter[str] = field(default_factory=Counter)

    def takes(self, network: str, now: datetime) -> bool:
        hour = int(now.timestamp()) // 3600
        if hour != self.hour:
            self.hour, self.written, self.of_network = hour, 0, Counter()
        if self.written >= self.limits.kept or self.of_network[network] >= self.limits.kept_of_network:
            return False
        self.written += 1
        self.of_network[network] += 1
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRefusals:
    """`share`: of this process, and of one kind of refusals: a flood of one leaves the others theirs."""

    store: EphemeralStore
    clock: Clock
    networks: CallerNetworks
    limits: RefusalSettings
    share: HourlyShare

    def keep(self, request: Request, reference: str, told: Mapping[str, Any]) -> None:
        """Keep it with the present time, unless the share of this hour is used up."""
        now = self.clock.now()
        if not self.share.takes(self.networks.of(request), now):
            return
        # What was logged is told already: an outage of the store is no reason to answer otherwise.
        with suppress(StoreUnavailable):
            record = {**told, "at": now.isoformat()}
            self.store.put(Kind.REFUSED_REQUEST, reference, record, self.limits.life)
