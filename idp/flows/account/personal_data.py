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
from idp.flows.shared.account_desk import AccountDesk, Entered
from idp.flows.shared.busy import busy
from idp.flows.shared.kept_data import kept_view
from idp.interaction.personal_copy import all_kept
from idp.interaction.sessions import Sessions
from idp.interaction.sign_out import SignOut
from idp.pages.personal_data import DataPage
from idp.web.leaving import Leaving
from idp.web.local_time import local_time
from idp.web.locales import Locales
from idp.web.page_routes import PageRoute
from idp.web.sections import Section

_TEMPLATE = "account/data.html"


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
    locales: Locales
    #: From the wish until the account is erased.
    grace: timedelta

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", Section.DATA.path, self.show)
        yield PageRoute("POST", f"{Section.DATA.path}/copy", self.hand_over)
        yield PageRoute("POST", f"{Section.DATA.path}/close", self.close)

    def show(self, request: Request) -> Response:
        return self._page(request, self.desk.enter(request, Section.DATA))

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
        try:
            self._close(entered, ends_at=ends_at)
        except StaleAccount:
            return busy(self._page(request, entered, "personal_data.busy", 503))
        page = DataPage(
            minutes=self.desk.minutes,
            hours=self._hours(),
            is_proved=True,
            closes_at=local_time(ends_at, self.locales.of(request)),
        )
        response = self.desk.page(request, entered, _TEMPLATE, page)
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

    def _page(
        self, request: Request, entered: Entered, error: str | None = None, status: int = 200
    ) -> Response:
        locale = self.locales.of(request)
        page = DataPage(
            minutes=self.desk.minutes,
            hours=self._hours(),
            is_proved=entered.is_proved,
            kept=kept_view(self._kept(entered), locale) if entered.is_proved else (),
            error=error,
        )
        return self.desk.page(request, entered, _TEMPLATE, page, status)

    def _hours(self) -> int:
        return int(self.grace.total_seconds() // 3600)
