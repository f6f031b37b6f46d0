"""A new password, of a person who knows the present one, or whom card or Pro Santé Connect identified a moment ago.

Contains its page. The mailbox is no proof here: it already holds the other half of the password path (facts/security
D2). The proof replaces the current password (PW6), forgotten or not. Not here: which passwords are good (`accounts`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from werkzeug.wrappers import Request, Response

from idp.accounts.password import HashingBusy
from idp.accounts.password_rules import KnownPerson
from idp.accounts.repository import StaleAccount
from idp.flows.shared.account_desk import AccountDesk
from idp.flows.shared.busy import BUSY_SECONDS, whole_seconds
from idp.flows.shared.current_password import CurrentPassword, PasswordRefused
from idp.flows.shared.entered import Entered
from idp.flows.shared.password_change import PasswordChange
from idp.flows.shared.password_judge import PasswordJudge
from idp.flows.shared.replies import with_wait
from idp.interaction.reply import Reply
from idp.pages.account import PasswordChangedPage, PasswordPage
from idp.pages.delay import Delay
from idp.pages.identity import identity_view
from idp.web.addresses import redirect
from idp.web.kept_answers import KeptAnswers
from idp.web.leaving import Leaving
from idp.web.local_time import local_day
from idp.web.locales import Locales
from idp.web.page_routes import PageRoute
from idp.web.sections import Section

_TEMPLATE = "account/password.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordFlow:
    desk: AccountDesk
    leaving: Leaving
    answers: KeptAnswers
    locales: Locales
    current: CurrentPassword
    change: PasswordChange
    judge: PasswordJudge

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", Section.PASSWORD.path, self.show)
        yield PageRoute("POST", Section.PASSWORD.path, self.receive)
        yield PageRoute("POST", f"{Section.PASSWORD.path}/judge", self.judge_typed)
        # https://www.w3.org/TR/change-password-url/: where password managers send a person.
        for former in ("/.well-known/change-password", "/password"):
            yield PageRoute("GET", former, lambda _: redirect(Section.PASSWORD.path))

    def show(self, request: Request) -> Response:
        entered = self.desk.enter(request, Section.PASSWORD)
        return self._page(request, entered, self.desk.taken(request, entered))

    def receive(self, request: Request) -> Response:
        entered = self.desk.enter(request, Section.PASSWORD)
        form, account = self.desk.form(request, entered), entered.account
        # Without a field for the present one the page was shown to a person proved, who is so no more.
        if not (account.has_password and account.is_password_door_open and "password" in form):
            self.desk.require_proof(entered)
        password = form.get("new_password", "")
        fault = self.judge.fault(KnownPerson.of(account), password)
        if fault is not None:
            return self.desk.refuse(entered, fault, 422)
        try:
            if not entered.is_proved:
                self.current.verify(request, account, form.get("password", ""))
            response = self.answers.leave(PasswordChangedPage(is_first=not account.has_password))
            # Forgotten or not: the proof replaces the present one (facts/security PW6).
            self.change.write(account, password, by="proof" if entered.is_proved else "password")
        except PasswordRefused as refused:
            wait = whole_seconds(refused.delay)
            return self.desk.refuse(entered, refused.error, 429 if wait else 422, wait)
        except (HashingBusy, StaleAccount):
            return self.desk.refuse(entered, "enrolment.busy", 503, BUSY_SECONDS)
        # The session at Pro Santé Connect may go on: the next person at this browser must not inherit it (PS10).
        self.leaving.sign_out(request, response, account.id)
        return response

    def judge_typed(self, request: Request) -> Response:
        entered = self.desk.enter(request, Section.PASSWORD)
        form = self.desk.form(request, entered)
        return self.judge.answer(
            request,
            KnownPerson.of(entered.account),
            form.get("new_password", ""),
            browser=entered.sid,
            locale=self.locales.of(request),
        )

    def _page(self, request: Request, entered: Entered, reply: Reply) -> Response:
        account = entered.account
        changed_at = account.password_changed_at
        page = PasswordPage(
            identity=identity_view(account.identity),
            is_proved=entered.is_proved,
            is_first=not account.has_password,
            is_closed=not account.is_password_door_open,
            is_closed_by_sharing=account.is_closed_by_sharing,
            is_listed=account.password_listed_at is not None,
            error=reply.message,
            delay=Delay.of(timedelta(seconds=reply.wait_seconds)),
            password_numbers=self.judge.numbers,
            minutes=self.desk.minutes,
            changed_on=local_day(changed_at, self.locales.of(request)) if changed_at else "",
        )
        shown = self.desk.page(request, entered, _TEMPLATE, page, reply.status)
        return with_wait(shown, reply)
