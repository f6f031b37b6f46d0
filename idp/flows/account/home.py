"""Contains the root page: who is signed in, the sections of « Mon compte », signing out. Not here: a section."""

from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account
from idp.accounts.passkeys import Passkeys
from idp.accounts.practice import ProfessionalContexts
from idp.clients.client_file import ClientFile
from idp.clients.registry import Client, ClientRegistry
from idp.core.audit import Audit, AuditEvent
from idp.core.clock import Clock
from idp.core.unit_of_work import UnitOfWork
from idp.flows.shared.signed_in import SignedIn
from idp.interaction.authenticator import AUTHENTICATORS
from idp.interaction.next_stop import Itinerary
from idp.interaction.professional_context import ContextAction
from idp.interaction.session import Session
from idp.interaction.store import random_token
from idp.pages.account import Application, HomePage, RememberedContext
from idp.pages.identity import identity_view, place_of
from idp.web.addresses import redirect
from idp.web.cookies import Cookies
from idp.web.forms import FormOvertaken, Forms
from idp.web.local_time import local_hour
from idp.web.page_routes import PageRoute
from idp.web.rendering import Rendering
from idp.web.sections import Detour, Section
from idp.web.shared_stations import SharedStations

#: This page posts to the confirmation form of /end_session: its CSRF token is of that path.
_BASE = "/end_session"


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeFlow:
    signed_in: SignedIn
    work: UnitOfWork
    clients: ClientFile
    cookies: Cookies
    forms: Forms
    rendering: Rendering
    stations: SharedStations
    context: ContextAction
    contexts: ProfessionalContexts
    audit: Audit
    clock: Clock
    itinerary: Itinerary
    #: Those that this service has.
    sections: tuple[Section, ...]
    #: None: no passkeys here.
    passkeys: Passkeys | None

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", "/", self.show)
        yield PageRoute("POST", "/station", self.change_station)
        yield PageRoute("POST", "/professional_context", self.forget_context)
        yield PageRoute("POST", "/passkey_offer", self.decline_passkey)

    def change_station(self, request: Request) -> Response:
        """« Ce poste est partagé », and back. Only this browser remembers it."""
        form = self._form(request)
        response = redirect("/")
        (self.stations.declare if form.get("shared") == "1" else self.stations.withdraw)(response)
        return response

    def forget_context(self, request: Request) -> Response:
        """Forget the choice: the application asks anew at the next sign-in, as a person may work elsewhere tomorrow."""
        client_id = self._form(request).get("client_id", "")
        found = self.signed_in.find(request)
        if found is not None and client_id in self.context.remembered(found[1]):
            account_id = found[1].id
            with self.work.together():
                self.contexts.forget(account_id, client_id)
                self.audit.record(AuditEvent.CONTEXT_FORGOTTEN, account_id=account_id, client_id=client_id)
        return redirect("/")

    def decline_passkey(self, request: Request) -> Response:
        """« Plus tard »: the home offers no passkey any more."""
        self._form(request)
        found = self.signed_in.find(request)
        if found is not None and self.passkeys is not None:
            self.passkeys.decline(found[1].id, self.clock.now())
        return redirect("/")

    def _form(self, request: Request) -> dict[str, str]:
        """Raises PageError; Detour: somebody signed in or out here since the page was shown."""
        try:
            return self.forms.read(request, _BASE)
        except FormOvertaken as overtaken:
            raise Detour("/", "other_session") from overtaken

    def show(self, request: Request) -> Response:
        browser = self.cookies.browser(request) or random_token()
        frame = self.rendering.frame(request, client_name=None, base_path=_BASE, browser=browser)
        page = self._page(request, frame.locale)
        response = self.rendering.page("account/home.html", self.rendering.told(request, frame), page)
        self.cookies.know_browser(request, response, browser)
        return response

    def _page(self, request: Request, locale: str) -> HomePage:
        clients = self.clients.registry()
        station, found = self._station(request), self.signed_in.find(request)
        if found is None:
            applications = tuple(_application(client) for client in clients.values())
            return HomePage(identity=None, applications=applications, signed_in_since=None, station=station)
        session, account = found
        lacking = frozenset(self._lacking(account))
        contexts = tuple(
            RememberedContext(
                client_id=client_id,
                application=clients[client_id].name,
                structure=practice.structure_name,
                place=place_of(practice),
            )
            for client_id, practice in self.context.remembered(account).items()
            if client_id in clients
        )
        return HomePage(
            identity=identity_view(account.identity),
            applications=tuple(self._openable(clients, account, lacking)),
            signed_in_since=local_hour(session.started_at, locale),
            station=station,
            contexts=contexts,
            offers_passkey="passkey" in lacking and self._offers_passkey(session, account),
            sections=tuple((str(section), section.path) for section in self.sections),
        )

    def _lacking(self, account: Account) -> Iterator[str]:
        """Yields the doors for which this person has nothing yet, or that are closed to them."""
        if not (account.has_password and account.is_password_door_open):
            yield "password"
        if self.passkeys is not None and not account.has_passkey:
            yield "passkey"

    def _offers_passkey(self, session: Session, account: Account) -> bool:
        """Whether the card or Pro Santé Connect signed this person in, and they never said « Plus tard »."""
        is_identified = any(AUTHENTICATORS[event.authenticator].identifies for event in session.events)
        return is_identified and not account.declines_passkeys

    def _openable(
        self, clients: ClientRegistry, account: Account, lacking: frozenset[str]
    ) -> Iterator[Application]:
        """Yields the applications into which a door leads that this person has."""
        for client in clients.values():
            doors = self.itinerary.ways_into(client.client_id, client.minimum_acr, account, lacking=lacking)
            if doors:
                yield _application(client, doors)

    def _station(self, request: Request) -> str:
        if self.stations.is_in_network(request):
            return "network"
        return "declared" if self.stations.is_declared(request) else "own"


def _application(client: Client, doors: tuple[str, ...] = ()) -> Application:
    logo = f"/logos/{client.client_id}" if client.logo else ""
    return Application(name=client.name, home=client.home, logo=logo, doors=doors)
