"""What is kept of the person, and the end of the account: a section of « Mon compte ».

Contains the page that shows all of it, its copy as a file, and « Fermer mon compte ». Not here: which rows are a
person's (`adapters/sql/personal_data`), taking the closing back (`flows/closing`), the end (`accounts/erasure`).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from werkzeug.wrappers import Request, Response

from idp.accounts.notices import Notice, Notices
from idp.accounts.personal_data import Holding, PersonalData, copy_of
from idp.accounts.repository import AccountRepository, StaleAccount
from idp.core.audit import Audit, AuditEvent
from idp.core.unit_of_work import UnitOfWork
from idp.flows.shared.account_desk import AccountDesk
from idp.flows.shared.busy import BUSY_SECONDS
from idp.flows.shared.entered import Entered
from idp.flows.shared.kept_data import kept_view
from idp.flows.shared.replies import with_wait
from idp.interaction.personal_copy import all_kept
from idp.interaction.reply import Reply
from idp.interaction.sessions import Sessions
from idp.interaction.sign_out import SignOut
from idp.pages.personal_data import ClosingAskedPage, DataPage
from idp.web.kept_answers import KeptAnswers
from idp.web.leaving import Leaving
from idp.web.local_time import local_time
from idp.web.locales import Locales
from idp.web.page_routes import PageRoute
from idp.web.sections import Section


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalDataFlow:
    desk: AccountDesk
    work: UnitOfWork
    accounts: AccountRepository
    data: PersonalData
    sessions: Sessions
    audit: Audit
    notices: Notices
    sign_out: SignOut
    leaving: Leaving
    answers: KeptAnswers
    locales: Locales
    #: From the wish until the account is erased.
    grace: timedelta

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", Section.DATA.path, self.show)
        yield PageRoute("POST", f"{Section.DATA.path}/copy", self.hand_over)
        yield PageRoute("POST", f"{Section.DATA.path}/close", self.close)

    def show(self, request: Request) -> Response:
        entered = self.desk.enter(request, Section.DATA)
        return self._page(request, entered, self.desk.taken(request, entered))

    def hand_over(self, request: Request) -> Response:
        """Returns the copy as a file."""
        entered = self._asked(request)
        kept = self._kept(entered)
        self.audit.record(AuditEvent.DATA_EXPORTED, account_id=entered.account.id)
        text = json.dumps(copy_of(kept, entered.at), ensure_ascii=False, indent=2)
        response = Response(f"{text}\n", mimetype="application/json")
        name = f"caducee-{entered.at:%Y-%m-%d}.json"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    def close(self, request: Request) -> Response:
        """Everything open ends now, the account after the grace."""
        entered = self._asked(request)
        ends_at = entered.at + self.grace
        response = self.answers.leave(ClosingAskedPage(local_time(ends_at, self.locales.of(request))))
        try:
            self._close(entered, ends_at=ends_at)
        except StaleAccount:
            return self.desk.refuse(entered, "personal_data.busy", 503, BUSY_SECONDS)
        # The session at Pro Santé Connect may go on: the next person at this browser must not inherit it (PS10).
        self.leaving.sign_out(request, response, entered.account.id)
        return response

    def _asked(self, request: Request) -> Entered:
        entered = self.desk.enter(request, Section.DATA)
        self.desk.form(request, entered)
        self.desk.require_proof(entered)
        return entered

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

    def _kept(self, entered: Entered) -> tuple[Holding, ...]:
        return all_kept(self.data, self.sessions, entered.account.id, here=entered.sid)

    def _page(self, request: Request, entered: Entered, reply: Reply) -> Response:
        locale = self.locales.of(request)
        page = DataPage(
            minutes=self.desk.minutes,
            hours=int(self.grace.total_seconds() // 3600),
            is_proved=entered.is_proved,
            kept=kept_view(self._kept(entered), locale) if entered.is_proved else (),
            error=reply.message,
        )
        return with_wait(self.desk.page(request, entered, "account/data.html", page, reply.status), reply)
