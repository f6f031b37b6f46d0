"""Contains the hub over HTTP: cookies come in, and a redirect or the answer of the login's `Finish` goes out.

Not here: what comes next (`interaction/hub`), the ends of a login (`Finish`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import request
from werkzeug.wrappers import Request, Response

from idp.core.clock import Clock
from idp.interaction.hub import Done, Finish, GoTo, Hub, Visit, finish_of
from idp.interaction.record import Interaction
from idp.interaction.refusal import InteractionRefusal, InteractionRefused
from idp.interaction.store import Interactions, hub_path
from idp.web.addresses import redirect
from idp.web.cookies import Cookies
from idp.web.forms import Forms
from idp.web.network_quota import NetworkQuota
from idp.web.shared_stations import SharedStations


@dataclass(frozen=True, slots=True)
class Entrance:
    """Anybody may begin a sign-in, and each is kept for more than an hour: a flood from one network is not."""

    quota: NetworkQuota

    def admit(self, interaction: Interaction) -> None:
        """Raises InteractionRefused. A browser is no bound here: a caller may say that it is another one each time."""
        if not self.quota.claim(request):
            raise InteractionRefused(InteractionRefusal.CROWDED, client_id=interaction.client_id)


@dataclass(frozen=True, slots=True)
class Visits:
    """What the hub, and the end of a login, must know of a request."""

    cookies: Cookies
    stations: SharedStations
    clock: Clock

    def of(self, request: Request) -> Visit:
        return Visit(
            browser=self.cookies.browser(request),
            session=self.cookies.get(request, "session"),
            is_station_shared=self.stations.holds(request),
            now=self.clock.now(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HubEndpoint:
    hub: Hub
    interactions: Interactions
    #: By the mark on the interactions that they end.
    finishes: Mapping[str, Finish[Response]]
    visits: Visits
    clock: Clock
    cookies: Cookies
    forms: Forms

    def go_on(self, interaction_id: str) -> Response:
        """GET /interaction/<id>, to which every page returns. Raises InteractionRefused."""
        visit = self.visits.of(request)
        outcome = self.hub.go_on(interaction_id, visit, self.finishes)
        if isinstance(outcome, GoTo):
            return redirect(outcome.path)
        finish = finish_of(outcome.interaction, self.finishes)
        return finish.success(outcome) if isinstance(outcome, Done) else finish.failure(outcome)

    def restart(self, interaction_id: str) -> Response:
        """« Reprendre la connexion »: begin an expired login again as it was started. Raises InteractionRefused."""
        old = self.interactions.find(interaction_id, self.cookies.browser(request))
        self.forms.read(request, hub_path(interaction_id))
        if self.clock.now() < old.expires_at:
            return redirect(hub_path(interaction_id))
        return finish_of(old, self.finishes).restart(old)
