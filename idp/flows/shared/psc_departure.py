"""Contains the way to Pro Santé Connect: the browser is sent there, and waited for. Not here: its return (`psc`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from werkzeug.wrappers import Request, Response

from idp.core.clock import Clock
from idp.flows.shared.desk import Desk
from idp.flows.shared.psc_attempts import PscAttempts
from idp.flows.shared.psc_brokers import PscBrokers
from idp.flows.shared.psc_freshness import Freshness, demand_in
from idp.flows.shared.psc_refusals import PscRefusals, PscRefused
from idp.interaction.record import Interaction
from idp.interaction.upstream import Upstream, UpstreamFailed
from idp.web.addresses import redirect


@dataclass(frozen=True, slots=True, kw_only=True)
class PscDeparture:
    desk: Desk
    attempts: PscAttempts
    upstream: Upstream
    refusals: PscRefusals
    freshness: Freshness
    brokers: PscBrokers
    clock: Clock

    def begin(self, request: Request, interaction: Interaction, form: Mapping[str, str]) -> Response:
        """Returns the redirect, or the page that says why nobody can go there now. Raises PageError: too many tries.

        `form`: what the person posted, "fresh" with « Changer de compte ».
        """
        # That leads to the page of Pro Santé Connect itself: the other account may be of no hospital.
        broker = None if form.get("fresh") == "1" else self.brokers.of(request, interaction)
        demand = self.freshness.demand(request, interaction, form)
        try:
            return redirect(self._way_there(interaction, demand, broker))
        except PscRefused as refused:
            return self.refusals.answer(request, interaction, refused)

    def again(self, interaction: Interaction, begun: Mapping[str, Any]) -> str:
        """Returns the address of the same as the sign-in there that `begun` is the record of. Raises PscRefused,
        PageError."""
        return self._way_there(interaction, demand_in(begun), begun.get("broker"))

    def _way_there(self, interaction: Interaction, demand: str | None, broker: str | None) -> str:
        self.desk.set_out(interaction)
        try:
            asked = self.upstream.begin(fresh=demand is not None, broker=broker)
        except UpstreamFailed as failed:
            raise PscRefused(failed.reason, str(failed)) from failed
        since = self.clock.now().isoformat() if demand else None
        self.attempts.begin(interaction, asked, demand, since, broker)
        return asked.url
