"""A new password, forgotten or not, for a person whom the card or Pro Santé Connect identified a moment ago.

Contains its page. The mailbox is no proof here: it already holds the other half of the password path (facts/security
D2). The proof replaces the current password (PW6), so both cases are one. Not here: which passwords are good
(`accounts`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account
from idp.accounts.notices import Notice, Notices
from idp.accounts.password import HashingBusy, Passwords
from idp.accounts.password_rules import KnownPerson, PasswordPolicy
from idp.accounts.repository import AccountRepository, StaleAccount
from idp.accounts.waits import Waits
from idp.core.audit import Audit, AuditEvent
from idp.core.clock import Clock
from idp.core.unit_of_work import UnitOfWork
from idp.flows.shared.busy import busy
from idp.flows.shared.signed_in import SignedIn
from idp.interaction.authenticator import AUTHENTICATORS
from idp.interaction.session import Session
from idp.interaction.sign_out import SignOut
from idp.pages.account import NewPasswordPage
from idp.pages.identity import identity_view
from idp.web.addresses import redirect
from idp.web.forms import FormOvertaken, Forms
from idp.web.leaving import Leaving
from idp.web.page_routes import PageRoute
from idp.web.rendering import Rendering

_BASE = "/password"
_PROOFS = frozenset(row.id for row in AUTHENTICATORS.values() if row.identifies)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPasswordFlow:
    signed_in: SignedIn
    work: UnitOfWork
    accounts: AccountRepository
    audit: Audit
    clock: Clock
    leaving: Leaving
    forms: Forms
    rendering: Rendering
    passwords: Passwords
    sign_out: SignOut
    notices: Notices
    waits: Waits
    within: timedelta
    policy: PasswordPolicy

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", _BASE, self.show)
        yield PageRoute("POST", _BASE, self.receive)

    def show(self, request: Request) -> Response:
        found = self.signed_in.find(request)
        return self._home() if found is None else self._form(request, *found)

    def receive(self, request: Request) -> Response:
        try:
            form = self.forms.read(request, _BASE)
        except FormOvertaken:
            form = {}  # Of no session: the page is shown again, with whose it is now.
        found = self.signed_in.find(request)
        if found is None:
            return self._home()
        session, account = found
        password = form.get("new_password", "")
        if not self._is_fresh(session):
            return self._form(request, session, account, status=403)
        if form.get("session") != session.sid:
            # The form was shown in another session: what is typed in it is another person's.
            return self._form(request, session, account, "new_password.other_session", 409)
        person = KnownPerson(identity=account.identity, email=account.email, address=account.address)
        fault = self.policy.fault(person, password)
        if fault is not None:
            return self._form(request, session, account, fault, 422)
        try:
            self._change(account, self.passwords.hash(password))
        except (HashingBusy, StaleAccount):
            return busy(self._form(request, session, account, "enrolment.busy", 503))
        response = self._page(
            request,
            NewPasswordPage(
                is_proved=True,
                is_done=True,
                error=None,
                password_numbers=self.policy.numbers,
                minutes=self._minutes(),
                is_first=not account.has_password,
            ),
        )
        # The session at Pro Santé Connect may go on: the next person at this browser must not inherit it (PS10).
        self.leaving.sign_out(request, response, account.id)
        return response

    def _change(self, account: Account, hashed: str) -> None:
        """Save it, and void what began before: sessions, codes, refresh tokens (facts/security TK6).

        Raises StaleAccount.
        """
        now = self.clock.now()
        changed = account.with_password(hashed)
        post = self.notices.written(changed, Notice.PASSWORD_CHANGED)
        with self.work.as_one_step():
            self.accounts.save(changed)
            self.waits.end(account.identity.rpps)
            self.audit.record(AuditEvent.PASSWORD_CHANGED, account_id=account.id)
            post()
            self.sign_out.end_all(account.id, now, by="password_change")

    def _is_fresh(self, session: Session) -> bool:
        """Whether the person was identified a moment ago; a proof whose moment was not told is none."""
        since = self.clock.now() - self.within
        proofs = (event for event in session.events if event.authenticator in _PROOFS)
        return any(event.is_moment_told and event.at >= since for event in proofs)

    def _home(self) -> Response:
        """No person is signed in, and the root page says so."""
        return redirect("/")

    def _form(
        self,
        request: Request,
        session: Session,
        account: Account,
        error: str | None = None,
        status: int = 200,
    ) -> Response:
        page = NewPasswordPage(
            is_proved=self._is_fresh(session),
            is_done=False,
            error=error,
            password_numbers=self.policy.numbers,
            minutes=self._minutes(),
            is_first=not account.has_password,
            identity=identity_view(account.identity),
            session=session.sid,
        )
        return self._page(request, page, status)

    def _minutes(self) -> int:
        return int(self.within.total_seconds() // 60)

    def _page(self, request: Request, page: NewPasswordPage, status: int = 200) -> Response:
        frame = self.rendering.frame(request, client=None, base_path=_BASE)
        return self.rendering.page("new_password.html", frame, page, status)
