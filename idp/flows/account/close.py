"""« Fermer mon compte »: a page that says what will happen and changes nothing, and the button that closes.

Contains both, and the wish that they record. Not here: taking it back (`flows/closing`), the end (`accounts/erasure`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from werkzeug.wrappers import Request, Response

from idp.accounts.notices import Notice, Notices
from idp.accounts.open_sessions import OpenSessions
from idp.accounts.repository import AccountRepository, StaleAccount
from idp.clients.client_file import ClientFile
from idp.core.audit import Audit, AuditEvent
from idp.core.unit_of_work import UnitOfWork
from idp.flows.shared.account_desk import AccountDesk
from idp.flows.shared.busy import BUSY_SECONDS
from idp.flows.shared.entered import Entered
from idp.interaction.sign_out import SignOut
from idp.pages.closing import ClosePage, ClosingAskedPage
from idp.web.kept_answers import KeptAnswers
from idp.web.leaving import Leaving
from idp.web.local_time import local_time
from idp.web.locales import Locales
from idp.web.page_routes import PageRoute
from idp.web.sections import Detour, Section

_SECTION = Section.DATA
_CLOSE = f"{_SECTION.path}/close"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseFlow:
    desk: AccountDesk
    work: UnitOfWork
    accounts: AccountRepository
    open_sessions: OpenSessions
    clients: ClientFile
    audit: Audit
    notices: Notices
    sign_out: SignOut
    leaving: Leaving
    answers: KeptAnswers
    locales: Locales
    #: From the wish until the account is erased.
    grace: timedelta

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", _CLOSE, self.show)
        yield PageRoute("POST", _CLOSE, self.close)

    def show(self, request: Request) -> Response:
        """Raises Detour: the section says which proof is missing."""
        entered = self.desk.enter(request, _SECTION)
        if not entered.is_proved:
            raise Detour(entered.path)
        told, untold = self._applications(entered)
        page = ClosePage(
            ends_at=local_time(entered.at + self.grace, self.locales.of(request)), told=told, untold=untold
        )
        return self.desk.page(request, entered, "account/close.html", page)

    def close(self, request: Request) -> Response:
        """Everything open ends now, the account after the grace."""
        entered = self.desk.enter(request, _SECTION)
        self.desk.form(request, entered)
        self.desk.require_proof(entered)
        ends_at = entered.at + self.grace
        response = self.answers.leave(ClosingAskedPage(local_time(ends_at, self.locales.of(request))))
        try:
            self._close(entered, ends_at=ends_at)
        except StaleAccount:
            return self.desk.refuse(entered, "personal_data.busy", 503, BUSY_SECONDS)
        # The session at Pro Santé Connect may go on: the next person at this browser must not inherit it (PS10).
        self.leaving.sign_out(request, response, entered.account.id)
        return response

    def _close(self, entered: Entered, *, ends_at: datetime) -> None:
        """Raises StaleAccount: another change of the account came first, and the person sees it before closing."""
        account = entered.account
        closing = account.closing(ends_at)
        post = self.notices.written(closing, Notice.ACCOUNT_CLOSING, until=ends_at)
        with self.work.as_one_step():
            self.accounts.save(closing)
            self.audit.record(AuditEvent.CLOSE_REQUESTED, account_id=account.id)
            post()
            self.sign_out.end_all(account.id, entered.at, by="closing")

    def _applications(self, entered: Entered) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Returns the names of those open with a session of this person: that are called at its end, that are not."""
        listed = self.open_sessions.of(entered.account.id, entered.at)
        found = dict.fromkeys(one for session in listed for one in session.applications)
        clients, listeners = self.clients.registry(), self.sign_out.listeners()
        known = [(clients[one].name, one in listeners) for one in found if one in clients]
        return (
            tuple(name for name, is_told in known if is_told),
            tuple(name for name, is_told in known if not is_told),
        )
