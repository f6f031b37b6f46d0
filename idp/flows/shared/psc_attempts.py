"""The way to Pro Santé Connect and back, kept by its `state` until the browser returns (facts/security PS1).

Contains the record, which is good once. Not here: the answer (`adapters/psc`), what it proves (`flows/psc`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from idp.core.ephemeral import EphemeralStore, Kind, StaleRecord
from idp.interaction.record import Interaction
from idp.interaction.upstream import UpstreamRequest


@dataclass(frozen=True, slots=True)
class PscAttempts:
    store: EphemeralStore
    life: timedelta

    def begin(
        self,
        interaction: Interaction,
        asked: UpstreamRequest,
        demand: str | None,
        since: str | None,
        broker: str | None,
    ) -> None:
        begun = {"interaction_id": interaction.id, "binding": interaction.browser, "used": False}
        record = {
            **begun,
            "pending": dict(asked.pending),
            "fresh_since": since,
            "demand": demand,
            "broker": broker,
        }
        self.store.put(Kind.UPSTREAM_LOGIN, asked.state, record, self.life)

    def use(self, state: str) -> Mapping[str, Any] | None:
        """Returns the record of this `state`, None when it is unknown; `used`: whether it had been before.

        It is marked as a step of its own, before the answer is looked at: of several calls one finds it unused.
        """
        stored = self.store.get(Kind.UPSTREAM_LOGIN, state) if state else None
        if stored is None or stored.value["used"]:
            return None if stored is None else stored.value
        used = {**stored.value, "pending": {}, "used": True}
        try:
            self.store.swap(Kind.UPSTREAM_LOGIN, state, used, expected_version=stored.version, ttl=self.life)
        except StaleRecord:
            return used
        return stored.value
