"""The root page: who is signed in here, the applications to go to, and « Se déconnecter »."""

from dataclasses import dataclass

from flask import Blueprint, request
from werkzeug.wrappers import Response

from idp.accounts.account import Account
from idp.accounts.repository import AccountNotFound, AccountRepository
from idp.audit import Audit, AuditEvent
from idp.clock import Clock
from idp.context_pages import RememberedContext
from idp.flows.shared_stations import SharedStations
from idp.interaction.professional_context import ContextAction
from idp.interaction.session import Session, is_session_valid
from idp.interaction.store import Sessions, random_token
from idp.local_time import local_hour
from idp.pages import AccountPage
from idp.views import identity_view, place_of
from idp.web import Web

#: The confirmation form of the end of session serves this page as well.
_BASE = "/end_session"


@dataclass(frozen=True, slots=True)
class AccountFlow:
    sessions: Sessions
    accounts: AccountRepository
    clock: Clock
    web: Web
    stations: SharedStations
    context: ContextAction
    audit: Audit

    def routes(self) -> Blueprint:
        pages = Blueprint("account", __name__)
        pages.get("/")(self.show)
        pages.post("/station")(self.change_station)
        pages.post("/professional_context")(self.forget_context)
        return pages

    def change_station(self) -> Response:
        """« Ce poste est partagé », and back: kept by this browser alone."""
        form = self.web.form(request, _BASE)
        response = self.web.redirect("/")
        (self.stations.declare if form.get("shared") == "1" else self.stations.withdraw)(response)
        return response

    def forget_context(self) -> Response:
        """The application asks anew at the next sign-in: somebody may work here today, and there tomorrow."""
        client_id = self.web.form(request, _BASE).get("client_id", "")
        signed_in = self._signed_in()
        if signed_in is not None and client_id in self.context.remembered(signed_in[1]):
            account_id = signed_in[1].id
            self.context.contexts.forget(account_id, client_id)
            self.audit.record(AuditEvent.CONTEXT_FORGOTTEN, account_id=account_id, client_id=client_id)
        return self.web.redirect("/")

    def show(self) -> Response:
        browser = self.web.browser(request) or random_token()
        frame = self.web.frame(
            request, locale=self.web.locale(request), client=None, base_path=_BASE, browser=browser
        )
        response = self.web.page("account.html", frame, self._page())
        if self.web.browser(request) is None:
            self.web.cookies.set(response, "browser", browser)
        return response

    def _signed_in(self) -> tuple[Session, Account] | None:
        now = self.clock.now()
        session = self.sessions.open(self.web.cookies.get(request, "session"), now)
        if session is None:
            return None
        try:
            account = self.accounts.get(session.account_id)
        except AccountNotFound:
            return None
        is_valid = is_session_valid(session, account, now, self.sessions.life, self.sessions.idle)
        return (session, account) if is_valid else None

    def _page(self) -> AccountPage:
        clients = self.web.clients.registry()
        applications = tuple((client.name, client.home) for client in clients.values())
        is_shared, signed_in = self.stations.is_declared(request), self._signed_in()
        if signed_in is None:
            return AccountPage(None, applications, None, is_shared)
        session, account = signed_in
        contexts = tuple(
            RememberedContext(client_id, clients[client_id].name, practice.structure_name, place_of(practice))
            for client_id, practice in self.context.remembered(account).items()
            if client_id in clients
        )
        return AccountPage(
            identity_view(account.identity),
            applications,
            local_hour(session.started_at, self.web.locale(request)),
            is_shared,
            contexts,
        )
