"""Contains the way out of a session at Pro Santé Connect that is not of this person, in the middle of a sign-in.

Not here: the sign-out of a session of ours (`protocol/logout`), when the way is offered (`psc_freshness`).
"""

from dataclasses import dataclass
from datetime import timedelta

from idp.core.ephemeral import EphemeralStore, Kind
from idp.core.sealing import Sealer
from idp.interaction.record import Interaction
from idp.interaction.store import random_token
from idp.interaction.upstream import Upstream


@dataclass(frozen=True, slots=True, kw_only=True)
class PscLeaving:
    store: EphemeralStore
    sealer: Sealer
    upstream: Upstream
    issuer: str
    life: timedelta

    def offer(self, interaction: Interaction, id_token: str) -> str | None:
        """Returns the token of the way out, None when Pro Santé Connect has none now."""
        token = random_token()
        if self._address(id_token, token) is None:
            return None
        # facts/security PS7: the upstream's token stays on the server, sealed.
        kept = {"interaction_id": interaction.id, "id_token": self.sealer.seal(id_token)}
        self.store.put(Kind.UPSTREAM_LEAVING, token, kept, self.life)
        return token

    def address(self, interaction: Interaction, token: str) -> str | None:
        """Returns where the session there ends; it comes back to /end_session/psc with this token as `state`."""
        kept = self.store.get(Kind.UPSTREAM_LEAVING, token)
        if kept is None or kept.value["interaction_id"] != interaction.id:
            return None
        id_token = self.sealer.open(kept.value["id_token"])
        return self._address(id_token, token) if id_token else None

    def _address(self, id_token: str, token: str) -> str | None:
        return self.upstream.logout_url(id_token, return_url=f"{self.issuer}/end_session/psc", state=token)
