"""The account is about to end, at the wish of its person: a required action of every sign-in until then.

Contains its page: keep the account, which the card or Pro Santé Connect must have proved, or let it end. Not here: the
wish (`flows/account/personal_data`), the end (`accounts/erasure`).
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account
from idp.accounts.notices import Notice, Notices
from idp.accounts.repository import AccountRepository, StaleAccount
from idp.core.audit import AuditEvent
from idp.core.errors import OAuthError
from idp.core.unit_of_work import UnitOfWork
from idp.flows.shared.desk import Desk
from idp.interaction.authenticator import AUTHENTICATORS
from idp.interaction.counting import counting_events
from idp.interaction.record import Interaction
from idp.interaction.refusal import NotDue
from idp.interaction.stop import Stop
from idp.pages.closing import ClosingPage
from idp.web.local_time import local_time
from idp.web.page_routes import PageRoute


@dataclass(frozen=True, slots=True)
class _Due:
    interaction: Interaction
    account: Account
    ends_at: datetime

    @property
    def may_keep(self) -> bool:
        """Whether a proof of identity counts here: a mailbox may be another's by now."""
        return any(
            AUTHENTICATORS[event.authenticator].identifies for event in counting_events(self.interaction)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingFlow:
    desk: Desk
    work: UnitOfWork
    accounts: AccountRepository
    notices: Notices

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", "/interaction/<interaction_id>/closing", self.show)
        yield PageRoute("POST", "/interaction/<interaction_id>/closing", self.keep)
        yield PageRoute("POST", "/interaction/<interaction_id>/closing/leave", self.leave)

    def show(self, request: Request, interaction_id: str) -> Response:
        due = self._due(request, interaction_id)
        locale = self.desk.locale(request, due.interaction)
        page = ClosingPage(ends_at=local_time(due.ends_at, locale), may_keep=due.may_keep)
        return self.desk.show(request, due.interaction, "closing.html", page)

    def keep(self, request: Request, interaction_id: str) -> Response:
        """Raises NotDue: it was kept in another tab, changed at this instant, or has ended; the hub tells."""
        due = self._due(request, interaction_id)
        self.desk.form(request, due.interaction)
        if not due.may_keep:
            # The page says what is missing.
            return self.desk.back(due.interaction)
        kept = dataclasses.replace(due.account, closing_at=None)
        post = self.notices.written(kept, Notice.ACCOUNT_KEPT)
        try:
            with self.work.as_one_step():
                self.accounts.save(kept)
                self.desk.audit_event(AuditEvent.CLOSE_CANCELLED, due.interaction)
                post()
        except StaleAccount as error:
            raise NotDue(interaction_id) from error
        return self.desk.back(due.interaction)

    def leave(self, request: Request, interaction_id: str) -> Response:
        due = self._due(request, interaction_id)
        self.desk.form(request, due.interaction)
        self.desk.record(dataclasses.replace(due.interaction, refusal=str(OAuthError.ACCESS_DENIED)))
        return self.desk.back(due.interaction)

    def _due(self, request: Request, interaction_id: str) -> _Due:
        interaction = self.desk.open_due(request, interaction_id, Stop.CLOSING)
        account = self.desk.account(interaction)
        if account is None or account.closing_at is None:
            raise NotDue(interaction_id)
        return _Due(interaction, account, account.closing_at)
