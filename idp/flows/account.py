"""The root page: who is signed in here, the applications to go to, and « Se déconnecter »."""

from dataclasses import dataclass

from flask import Blueprint, request
from werkzeug.wrappers import Response

from idp.accounts.repository import AccountNotFound, AccountRepository
from idp.clock import Clock
from idp.flows.shared_stations import SharedStations
from idp.interaction.session import is_session_valid
from idp.interaction.store import Sessions, random_token
from idp.local_time import local_hour
from idp.pages import AccountPage
from idp.views import identity_view
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

    def routes(self) -> Blueprint:
        pages = Blueprint("account", __name__)
        pages.get("/")(self.show)
        pages.post("/station")(self.change_station)
        return pages

    def change_station(self) -> Response:
        """« Ce poste est partagé », and back: kept by this browser alone."""
        form = self.web.form(request, _BASE)
        response = self.web.redirect("/")
        (self.stations.declare if form.get("shared") == "1" else self.stations.withdraw)(response)
        return response

    def show(self) -> Response:
        browser = self.web.browser(request) or random_token()
        frame = self.web.frame(
            request, locale=self.web.locale(request), client=None, base_path=_BASE, browser=browser
        )
        response = self.web.page("account.html", frame, self._page())
        if self.web.browser(request) is None:
            self.web.cookies.set(response, "browser", browser)
        return response

    def _page(self) -> AccountPage:
        applications = tuple((client.name, client.home) for client in self.web.clients.registry().values())
        now = self.clock.now()
        session = self.sessions.open(self.web.cookies.get(request, "session"), now)
        try:
            account = self.accounts.get(session.account_id) if session else None
        except AccountNotFound:
            account = None
        is_shared = self.stations.is_declared(request)
        if session is None or account is None:
            return AccountPage(None, applications, None, is_shared)
        if not is_session_valid(session, account, now, self.sessions.life, self.sessions.idle):
            return AccountPage(None, applications, None, is_shared)
        return AccountPage(
            identity_view(account.identity),
            applications,
            local_hour(session.started_at, self.web.locale(request)),
            is_shared,
        )
