"""Contains the way to Pro Santé Connect: the browser is sent there, and waited for. Not here: its return (`psc`)."""

from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.core.clock import Clock
from idp.flows.shared.desk import Desk
from idp.flows.shared.psc_attempts import PscAttempts
from idp.flows.shared.psc_refusals import PscRefusals
from idp.interaction.record import Interaction
from idp.interaction.upstream import Upstream, UpstreamFailed
from idp.web.addresses import redirect


@dataclass(frozen=True, slots=True, kw_only=True)
class PscDeparture:
    desk: Desk
    attempts: PscAttempts
    upstream: Upstream
    refusals: PscRefusals
    clock: Clock

    def leave(self, request: Request, interaction: Interaction, demand: str | None) -> Response:
        """Returns the redirect, or the page that says why nobody can go there now. Raises PageError: too many tries.

        `demand`: who demands that it identifies anew (`psc_freshness`), if anybody does.
        """
        self.desk.set_out(interaction)
        try:
            asked = self.upstream.begin(fresh=demand is not None)
        except UpstreamFailed as failed:
            return self.refusals.answer(request, interaction, failed.reason, str(failed))
        since = self.clock.now().isoformat() if demand else None
        self.attempts.begin(interaction, asked, demand, since)
        return redirect(asked.url)
