"""Contains the root page: the person signed in, the applications to go to, « Se déconnecter ». Not here: a sign-in."""

from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.accounts.practice import ProfessionalContexts
from idp.clients.registry import ClientFile
from idp.core.audit import Audit, AuditEvent
from idp.core.unit_of_work import UnitOfWork
from idp.flows.shared.signed_in import SignedIn
from idp.interaction.professional_context import ContextAction
from idp.interaction.store import random_token
from idp.pages.account import AccountPage, RememberedContext
from idp.pages.identity import identity_view, place_of
from idp.web.addresses import redirect
from idp.web.cookies import Cookies
from idp.web.forms import Forms
from idp.web.local_time import local_hour
from idp.web.page_routes import PageRoute
from idp.web.rendering import Rendering
from idp.web.shared_stations import SharedStations

#: This page posts to the confirmation form of /end_session: its CSRF token is of that path.
_BASE = "/end_session"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFlow:
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
    #: The password door, and with it the way to a new password.
    has_password: bool

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", "/", self.show)
        yield PageRoute("POST", "/station", self.change_station)
        yield PageRoute("POST", "/professional_context", self.forget_context)

    def change_station(self, request: Request) -> Response:
        """« Ce poste est partagé », and back. Only this browser remembers it."""
        form = self.forms.read(request, _BASE)
        response = redirect("/")
        (self.stations.declare if form.get("shared") == "1" else self.stations.withdraw)(response)
        return response

    def forget_context(self, request: Request) -> Response:
        """Forget the choice: the application asks anew at the next sign-in, as a person may work elsewhere tomorrow."""
        client_id = self.forms.read(request, _BASE).get("client_id", "")
        found = self.signed_in.find(request)
        if found is not None and client_id in self.context.remembered(found[1]):
            account_id = found[1].id
            with self.work.together():
                self.contexts.forget(account_id, client_id)
                self.audit.record(AuditEvent.CONTEXT_FORGOTTEN, account_id=account_id, client_id=client_id)
        return redirect("/")

    def show(self, request: Request) -> Response:
        browser = self.cookies.browser(request) or random_token()
        frame = self.rendering.frame(request, client=None, base_path=_BASE, browser=browser)
        response = self.rendering.page("account.html", frame, self._page(request, frame.locale))
        self.cookies.know_browser(request, response, browser)
        return response

    def _page(self, request: Request, locale: str) -> AccountPage:
        clients = self.clients.registry()
        applications = tuple((client.name, client.home) for client in clients.values())
        station, found = self._station(request), self.signed_in.find(request)
        if found is None:
            return AccountPage(
                identity=None, applications=applications, signed_in_since=None, station=station
            )
        session, account = found
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
        return AccountPage(
            identity=identity_view(account.identity),
            applications=applications,
            signed_in_since=local_hour(session.started_at, locale),
            station=station,
            contexts=contexts,
            has_password=self.has_password,
            is_first_password=not account.has_password,
        )

    def _station(self, request: Request) -> str:
        if self.stations.is_in_network(request):
            return "network"
        return "declared" if self.stations.is_declared(request) else "own"
