"""What every flow does: open the interaction, verify, record a fact, go back to the hub.

Contains these steps, and showing a page. Not here: which page is due (`interaction/next_stop`).
"""

from dataclasses import dataclass, field
from typing import Any

from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account
from idp.clients.client_file import ClientFile
from idp.core.audit import Audit, AuditEvent, Fact
from idp.core.clock import Clock
from idp.core.ephemeral import StaleRecord
from idp.core.errors import PageError, Problem
from idp.flows.shared.deadlines import Deadlines
from idp.flows.shared.open_doors import doors_of
from idp.flows.shared.opening import Opening
from idp.interaction.authenticator import AuthenticatorId
from idp.interaction.binding import Bindings
from idp.interaction.next_stop import Itinerary
from idp.interaction.people import People
from idp.interaction.record import Interaction, opened_by
from idp.interaction.refusal import NotDue
from idp.interaction.stop import Stop
from idp.interaction.store import Interactions, hub_path
from idp.interaction.upstream import Upstream
from idp.pages.frame import Deadline, Frame
from idp.pages.sign_in import Doors
from idp.web.addresses import redirect
from idp.web.cookies import Cookies
from idp.web.forms import FormOvertaken, Forms
from idp.web.locales import Locales, wished_by
from idp.web.psc_button import OfficialPictures
from idp.web.rendering import Rendering
from idp.web.shared_stations import SharedStations


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    interactions: Interactions
    bindings: Bindings
    opening: Opening
    people: People
    clients: ClientFile
    itinerary: Itinerary
    audit: Audit
    clock: Clock
    cookies: Cookies
    stations: SharedStations
    forms: Forms
    locales: Locales
    rendering: Rendering
    deadlines: Deadlines
    #: None: no Pro Santé Connect here.
    upstream: Upstream | None = None
    pictures: OfficialPictures = field(default_factory=lambda: OfficialPictures({}))

    def open(
        self, request: Request, interaction_id: str, repeats: AuthenticatorId | None = None
    ) -> Interaction:
        """Returns the live interaction of this browser, as `Opening.open` does. Raises InteractionRefused."""
        return self.opening.open(request, interaction_id, repeats)

    def open_due(
        self, request: Request, interaction_id: str, *stops: Stop, repeats: AuthenticatorId | None = None
    ) -> Interaction:
        """Returns it as `open` does, if one of these stops is due. Raises NotDue: the address of a page skips nothing
        (facts/security T33)."""
        interaction = self.open(request, interaction_id, repeats)
        # The question whose session it is looks at that session itself, also when it is over.
        is_overtaken = Stop.SAME_PERSON not in stops and self.opening.is_overtaken(request, interaction)
        if interaction.refusal or is_overtaken or self.next_stop(request, interaction) not in stops:
            raise NotDue(interaction_id)
        return interaction

    def form(self, request: Request, interaction: Interaction) -> dict[str, str]:
        """Returns the fields as `posted` does. Raises PageError; NotDue: another tab of this interaction went on."""
        try:
            return self.posted(request, interaction)
        except FormOvertaken as overtaken:
            raise NotDue(interaction.id) from overtaken

    def posted(self, request: Request, interaction: Interaction) -> dict[str, str]:
        """Returns the posted fields, with Origin and CSRF token verified. Raises PageError, FormOvertaken."""
        return self.forms.read_bound(request, hub_path(interaction.id), *opened_by(interaction))

    def set_out(self, interaction: Interaction) -> None:
        """Call before the browser is sent elsewhere for a proof. Raises PageError: no person tries so often."""
        if not self.interactions.claim_attempt(interaction):
            raise PageError(Problem.TOO_MANY_ATTEMPTS, client_id=interaction.client_id)

    def record(self, interaction: Interaction) -> None:
        """Save the facts. Raises NotDue: a faster click of the same person wins, and the hub tells what is due then."""
        try:
            self.interactions.save(interaction)
        except StaleRecord as error:
            raise NotDue(interaction.id) from error

    def prove(self, proved: Interaction) -> Response:
        """Save what was proved. Returns the way back to the hub, with a new binding (docs/adr/0029). Raises NotDue."""
        try:
            secret = self.bindings.prove(proved)
        except StaleRecord as error:
            raise NotDue(proved.id) from error
        response = self.back(proved)
        self.cookies.bind(response, proved.id, secret)
        return response

    def back(self, interaction: Interaction, page: str = "") -> Response:
        return redirect(f"{hub_path(interaction.id)}{page}")

    def show(
        self, request: Request, interaction: Interaction, template: str, page: Any, status: int = 200
    ) -> Response:
        until = self.deadlines.of(interaction, self.locale(request, interaction))
        return self.rendering.page(template, self._frame(request, interaction, until), page, status)

    def show_common(self, request: Request, interaction: Interaction, template: str, page: Any) -> Response:
        """Show a page that says nothing of any person (`Rendering.common_page`)."""
        return self.rendering.common_page(template, self._frame(request, interaction), page)

    def _frame(self, request: Request, interaction: Interaction, until: Deadline | None = None) -> Frame:
        return self.rendering.frame(
            request,
            client_name=self.client_name(request, interaction),
            client_logo=self.clients.logo_path(interaction.client_id),
            base_path=hub_path(interaction.id),
            wished=wished_by(interaction),
            browser=interaction.browser,
            deadline=until,
        )

    def locale(self, request: Request, interaction: Interaction) -> str:
        return self.locales.of(request, wished_by(interaction))

    def client_name(self, request: Request, interaction: Interaction) -> str:
        """Returns what the person signs in to. Raises PageError: a relying party removed since."""
        if interaction.relying_party is None:
            return self.rendering.words("frame.own_pages", self.locale(request, interaction))
        if (client := self.clients.get(interaction.client_id)) is None:
            raise PageError(Problem.UNKNOWN_CLIENT, "removed during the interaction")
        return client.name

    def audit_event(self, event: AuditEvent, interaction: Interaction, rpps: str = "", **facts: Fact) -> None:
        """Audit what happened in this interaction, to its account if known, else to the person of that RPPS."""
        self.audit.record(
            event,
            account_id=interaction.account_id,
            client_id=interaction.relying_party,
            interaction_id=interaction.id[:8],
            rpps=rpps or (interaction.identity.rpps if interaction.identity else None),
            **facts,
        )

    def account(self, interaction: Interaction) -> Account | None:
        return standing.account if (standing := self.people.of(interaction)) else None

    def next_stop(self, request: Request, interaction: Interaction) -> Stop | None:
        standing, is_shared = self.people.of(interaction), self.stations.holds(request)
        return self.itinerary.next_stop(interaction, standing, self.clock.now(), is_station_shared=is_shared)

    def doors(self, interaction: Interaction) -> Doors:
        return doors_of(self.itinerary.paths(interaction), self.upstream, self.pictures)
