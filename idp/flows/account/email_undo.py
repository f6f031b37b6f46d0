"""« Ce n'était pas moi »: the link in the mail that told the former address of a change.

Contains its page, which asks nobody who they are: it only closes the password door of that account, once, and starts
nothing else. Not here: opening that door again (a new password).
"""

import dataclasses
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account, ClosedFor, PasswordClosure
from idp.accounts.email_change import EmailUndo, EmailUndos, UndoSpent
from idp.accounts.notices import Notice, Notices
from idp.accounts.repository import AccountRepository, save_changed
from idp.core.audit import Audit, AuditEvent
from idp.core.clock import Clock
from idp.core.unit_of_work import UnitOfWork
from idp.interaction.store import random_token
from idp.pages.email import EmailUndoPage
from idp.web.addresses import redirect
from idp.web.cookies import Cookies
from idp.web.forms import FormOvertaken, Forms
from idp.web.local_time import local_time
from idp.web.page_routes import PageRoute
from idp.web.rendering import Rendering

_PATH = "/account/email/undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailUndoFlow:
    work: UnitOfWork
    accounts: AccountRepository
    undos: EmailUndos
    notices: Notices
    audit: Audit
    clock: Clock
    cookies: Cookies
    forms: Forms
    rendering: Rendering
    help_desk: str

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", f"{_PATH}/<token>", self.show)
        yield PageRoute("POST", f"{_PATH}/<token>", self.close)

    def show(self, request: Request, token: str) -> Response:
        """Change nothing: mail gateways open links too."""
        now, undo = self.clock.now(), self._find(token)
        state = _state(undo, now)
        browser = self.cookies.browser(request) or random_token()
        frame = self.rendering.frame(request, client_name=None, base_path=_place(token), browser=browser)
        page = EmailUndoPage(
            state=state,
            token=token,
            changed_at=local_time(undo.changed_at, frame.locale) if undo else "",
            help_desk=self.help_desk,
        )
        status = 404 if state == "gone" else 200
        response = self.rendering.page("account/email_undo.html", frame, page, status)
        self.cookies.know_browser(request, response, browser)
        return response

    def close(self, request: Request, token: str) -> Response:
        # Made before a sign-in renewed the cookie of this browser: the page is shown again.
        with suppress(FormOvertaken):
            self.forms.read(request, _place(token))
            undo = self._find(token)
            if undo is not None and _state(undo, self.clock.now()) == "ask":
                self._close(token, undo)
        return redirect(_place(token))

    def _close(self, token: str, undo: EmailUndo) -> None:
        """Raises StoreUnavailable."""
        now = self.clock.now()
        closure = PasswordClosure(at=now, motive=ClosedFor.EMAIL_DISOWNED)
        tell = self.notices.written(self.accounts.get(undo.account_id), Notice.PASSWORD_CLOSED)

        def closed(account: Account) -> Account:
            return dataclasses.replace(account, password_closure=account.password_closure or closure)

        def also() -> None:
            self.undos.use(token, now)
            self.audit.record(AuditEvent.EMAIL_DISOWNED, account_id=undo.account_id)
            self.audit.record(
                AuditEvent.PASSWORD_CLOSED, account_id=undo.account_id, motive=str(closure.motive)
            )
            tell()

        with suppress(UndoSpent):  # A double click.
            save_changed(self.work, self.accounts, undo.account_id, closed, also)

    def _find(self, token: str) -> EmailUndo | None:
        return self.undos.find(token) if re.fullmatch(r"[A-Za-z0-9_-]{43}", token) else None


def _state(undo: EmailUndo | None, now: datetime) -> str:
    if undo is not None and undo.used_at is not None:
        return "done"
    return "ask" if undo is not None and now < undo.ends_at else "gone"


def _place(token: str) -> str:
    return f"{_PATH}/{token}"
