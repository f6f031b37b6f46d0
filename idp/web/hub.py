"""Contains the hub over HTTP: cookies come in, and a redirect or the answer of the login's `Finish` goes out.

Not here: what comes next (`interaction/hub`), the ends of a login (`Finish`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from werkzeug.wrappers import Request, Response

from idp.core.clock import Clock
from idp.interaction.binding import Bindings
from idp.interaction.hub import Done, Finish, GoTo, Hub, finish_of
from idp.interaction.store import fingerprint, hub_path
from idp.interaction.visit import Visit
from idp.web.addresses import redirect
from idp.web.cookies import Cookies
from idp.web.forms import FormOvertaken, Forms
from idp.web.known_device import KnownDevices
from idp.web.origins import Origins
from idp.web.page_routes import PageRoute
from idp.web.shared_stations import SharedStations

#: Where a request keeps its visit. No header field of a caller gets a name like that (PEP 3333).
_VISIT = "caducee.visit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visits:
    """What the hub, and the end of a login, must know of a request."""

    cookies: Cookies
    stations: SharedStations
    clock: Clock
    origins: Origins
    devices: KnownDevices

    def of(self, request: Request) -> Visit:
        """Returns the same at each call for one request: all that it does happens at one moment."""
        known: Visit | None = request.environ.get(_VISIT)
        if known is None:
            known = request.environ[_VISIT] = self._read(request)
        return known

    def _read(self, request: Request) -> Visit:
        return Visit(
            browser=self.cookies.browser(request),
            session=self.cookies.get(request, "session"),
            is_station_shared=self.stations.holds(request),
            now=self.clock.now(),
            bindings=self.cookies.bindings(request),
            origin=partial(self.origins.of, request),
            is_usual_for=partial(self.devices.is_usual, request),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HubEndpoint:
    hub: Hub
    bindings: Bindings
    #: By the mark on the interactions that they end.
    finishes: Mapping[str, Finish[Request, Response]]
    visits: Visits
    cookies: Cookies
    forms: Forms

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", "/interaction/<interaction_id>", self.go_on)
        yield PageRoute("POST", "/interaction/<interaction_id>/restart", self.restart)

    def go_on(self, request: Request, interaction_id: str) -> Response:
        """GET /interaction/<id>, to which every page returns. Raises InteractionRefused."""
        visit = self.visits.of(request)
        outcome = self.hub.go_on(interaction_id, visit, self.finishes)
        if isinstance(outcome, GoTo):
            response = redirect(outcome.path)
            if outcome.binding is not None:
                self.cookies.bind(response, interaction_id, outcome.binding)
            return response
        finish = finish_of(outcome.interaction, self.finishes)
        response = (
            finish.success(request, outcome)
            if isinstance(outcome, Done)
            else finish.failure(request, outcome)
        )
        self.cookies.unbind(response, interaction_id)
        return response

    def restart(self, request: Request, interaction_id: str) -> Response:
        """« Reprendre la connexion »: begin again, as it was started, what expired or went on without this browser.

        Raises InteractionRefused.
        """
        visit = self.visits.of(request)
        old = self.bindings.to_restart(interaction_id, visit)
        binding = fingerprint(visit.binding(interaction_id) or "")
        try:
            self.forms.read_bound(request, hub_path(interaction_id), binding)
        except FormOvertaken:
            old = None
        if old is None:
            return redirect(hub_path(interaction_id))
        return finish_of(old, self.finishes).restart(request, old)
