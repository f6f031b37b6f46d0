"""A new password, forgotten or not, for a person whom the card or Pro Santé Connect identified a moment ago.

Contains its page. The mailbox is no proof here: it already holds the other half of the password path (facts/security
D2). The proof replaces the current password (PW6), so both cases are one. Not here: which passwords are good
(`accounts`).
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.accounts.notices import Notice, Notices
from idp.accounts.password import HashingBusy, Passwords
from idp.accounts.password_rules import KnownPerson, PasswordPolicy
from idp.accounts.repository import AccountRepository, StaleAccount
from idp.accounts.waits import Waits
from idp.core.audit import Audit, AuditEvent
from idp.core.clock import Clock
from idp.core.unit_of_work import UnitOfWork
from idp.flows.shared.account_desk import AccountDesk, Entered
from idp.flows.shared.busy import busy
from idp.interaction.sign_out import SignOut
from idp.pages.account import PasswordPage
from idp.pages.identity import identity_view
from idp.web.leaving import Leaving
from idp.web.page_routes import PageRoute
from idp.web.sections import Section

_TEMPLATE = "account/password.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordFlow:
    desk: AccountDesk
    work: UnitOfWork
    accounts: AccountRepository
    audit: Audit
    clock: Clock
    leaving: Leaving
    passwords: Passwords
    sign_out: SignOut
    notices: Notices
    waits: Waits
    policy: PasswordPolicy

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", Section.PASSWORD.path, self.show)
        yield PageRoute("POST", Section.PASSWORD.path, self.receive)

    def show(self, request: Request) -> Response:
        return self._form(request, self.desk.enter(request, Section.PASSWORD))

    def receive(self, request: Request) -> Response:
        entered = self.desk.enter(request, Section.PASSWORD)
        form = self.desk.form(request, entered)
        self.desk.require_proof(entered)
        account, password = entered.account, form.get("new_password", "")
        person = KnownPerson(identity=account.identity, email=account.email, address=account.address)
        fault = self.policy.fault(person, password)
        if fault is not None:
            return self._form(request, entered, fault, 422)
        try:
            self._change(entered, self.passwords.hash(password))
        except (HashingBusy, StaleAccount):
            return busy(self._form(request, entered, "enrolment.busy", 503))
        page = PasswordPage(
            is_proved=True,
            is_done=True,
            error=None,
            password_numbers=self.policy.numbers,
            minutes=self.desk.minutes,
            is_first=not account.has_password,
        )
        response = self.desk.page(request, entered, _TEMPLATE, page)
        # The session at Pro Santé Connect may go on: the next person at this browser must not inherit it (PS10).
        self.leaving.sign_out(request, response, account.id)
        return response

    def _change(self, entered: Entered, hashed: str) -> None:
        """Save it, and void what began before: sessions, codes, refresh tokens (facts/security TK6).

        Raises StaleAccount.
        """
        account = entered.account
        changed = dataclasses.replace(account, password_hash=hashed).next_generation()
        post = self.notices.written(changed, Notice.PASSWORD_CHANGED)
        with self.work.as_one_step():
            self.accounts.save(changed)
            self.waits.end(account.identity.rpps)
            self.audit.record(AuditEvent.PASSWORD_CHANGED, account_id=account.id)
            post()
            self.sign_out.end_all(account.id, self.clock.now(), by="password_change")

    def _form(
        self, request: Request, entered: Entered, error: str | None = None, status: int = 200
    ) -> Response:
        page = PasswordPage(
            is_proved=entered.is_proved,
            is_done=False,
            error=error,
            password_numbers=self.policy.numbers,
            minutes=self.desk.minutes,
            is_first=not entered.account.has_password,
            identity=identity_view(entered.account.identity),
        )
        return self.desk.page(request, entered, _TEMPLATE, page, status)
