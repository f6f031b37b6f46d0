"""The section « Sessions »: where this person is signed in, and the end of one, of all others, or of all.

Contains its page. Not here: what ends with a session (`interaction/sign_out`), this browser's own sign-out.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from werkzeug.wrappers import Request, Response

from idp.accounts.open_sessions import ListedSession, OpenSession, OpenSessions
from idp.accounts.repository import AccountRepository, save_changed
from idp.clients.client_file import ClientFile
from idp.core.unit_of_work import UnitOfWork
from idp.flows.shared.account_desk import AccountDesk
from idp.flows.shared.entered import Entered
from idp.interaction.authenticator import AUTHENTICATORS
from idp.interaction.session import Session
from idp.interaction.sessions import Sessions
from idp.interaction.sign_out import SignOut
from idp.pages.sessions import SessionsPage, SessionView, door_key, origin_view
from idp.web.hub import Visits
from idp.web.leaving import Leaving
from idp.web.local_time import local_time
from idp.web.locales import Locales
from idp.web.page_routes import PageRoute
from idp.web.sections import Detour, Section

_SECTION = Section.SESSIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionsFlow:
    desk: AccountDesk
    work: UnitOfWork
    accounts: AccountRepository
    open_sessions: OpenSessions
    sessions: Sessions
    sign_out: SignOut
    clients: ClientFile
    locales: Locales
    visits: Visits
    leaving: Leaving

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", _SECTION.path, self.show)
        yield PageRoute("POST", _SECTION.path, self.end)

    def show(self, request: Request) -> Response:
        entered = self.desk.enter(request, _SECTION)
        shown = [self._view(request, entered, *one) for one in self._living(request, entered)]
        here_first = sorted(shown, key=lambda view: not view.is_here)
        return self.desk.page(request, entered, "account/sessions.html", SessionsPage(tuple(here_first)))

    def end(self, request: Request) -> Response:
        entered = self.desk.enter(request, _SECTION)
        form = self.desk.form(request, entered)
        ends: Mapping[str, Callable[[], Response]] = {
            "one": partial(self._end_one, entered, form.get("sid", "")),
            "others": partial(self._end_others, entered),
            "all": partial(self._end_all, request, entered),
        }
        act = ends.get(form.get("end", ""))
        if act is None:
            raise Detour(_SECTION.path)
        return act()

    def _end_one(self, entered: Entered, sid: str) -> Response:
        if sid == entered.sid:
            # As every other sign-out of this browser: the page there has the way out of Pro Santé Connect too.
            raise Detour("/end_session")
        session = self.sessions.find(sid) if sid else None
        if session is None or session.account_id != entered.account.id:
            # Ended meanwhile, or never this person's: who guesses learns nothing, and nothing is done.
            return self.desk.done(_SECTION, "session_gone")
        self.sign_out.end(session, entered.at)
        return self.desk.done(_SECTION, "session_ended")

    def _end_others(self, entered: Entered) -> Response:
        ended = self.sign_out.end_others(entered.session, entered.at)
        return self.desk.done(_SECTION, "sessions_ended" if ended else "no_other_session")

    def _end_all(self, request: Request, entered: Entered) -> Response:
        account = entered.account
        # The generation ends also what no list knows: sign-ins under way, sessions of nodes of another version.
        end = partial(self.sign_out.end_all, account.id, entered.at, by="person")
        save_changed(self.work, self.accounts, account.id, lambda known: known.next_generation(), end)
        response = self.desk.done(Section.HOME, "all_sessions_ended")
        self.leaving.sign_out(request, response, account.id)
        return response

    def _living(self, request: Request, entered: Entered) -> Iterator[tuple[ListedSession, Session]]:
        """Yields the sessions that a browser can still use; that of this page, whether or not it is listed yet."""
        listed = self.open_sessions.of(entered.account.id, entered.at)
        others = [one.session.sid for one in listed if one.session.sid != entered.sid]
        found = {**self.sessions.find_all(others), entered.sid: entered.session}
        if len(others) == len(listed):
            yield self._unlisted(request, entered), entered.session
        yield from self.sessions.living(listed, found, entered.account, entered.at)

    def _unlisted(self, request: Request, entered: Entered) -> ListedSession:
        """Returns what is known of a session that was begun before sessions were listed."""
        session = entered.session
        newest = max(session.events, key=lambda event: event.at)
        row = OpenSession(
            sid=session.sid,
            account_id=entered.account.id,
            started_at=session.started_at,
            door=AUTHENTICATORS[newest.authenticator].door,
            origin=self.visits.of(request).origin(),
            ends_at=entered.at,
        )
        return ListedSession(row, ())

    def _view(
        self, request: Request, entered: Entered, listed: ListedSession, session: Session
    ) -> SessionView:
        row, is_here = listed.session, listed.session.sid == entered.sid
        locale, clients = self.locales.of(request), self.clients.registry()
        return SessionView(
            sid=row.sid,
            door=door_key(row.door),
            origin=origin_view(row.origin),
            applications=tuple(clients[one].name for one in listed.applications if one in clients),
            since=local_time(row.started_at, locale),
            seen="" if is_here else local_time(session.last_seen_at, locale),
            is_here=is_here,
        )
