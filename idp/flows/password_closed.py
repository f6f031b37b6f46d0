"""« Votre mot de passe est fermé »: told once to a person who signs in by card or Pro Santé Connect.

Contains the stop, which asks for nothing. Not here: who closed it (`account/email_undo`), opening it again (a new
password).
"""

import dataclasses
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account, PasswordClosure
from idp.accounts.repository import AccountRepository, StaleAccount
from idp.core.clock import Clock
from idp.flows.shared.desk import Desk
from idp.interaction.record import Interaction
from idp.interaction.refusal import NotDue
from idp.interaction.stop import Stop
from idp.pages.email import PasswordClosedPage
from idp.web.local_time import local_time
from idp.web.page_routes import PageRoute

_ADDRESS = "/interaction/<interaction_id>/password_closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordClosedFlow:
    desk: Desk
    accounts: AccountRepository
    clock: Clock
    help_desk: str

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", _ADDRESS, self.show)
        yield PageRoute("POST", _ADDRESS, self.go_on)

    def show(self, request: Request, interaction_id: str) -> Response:
        interaction, _, closure = self._due(request, interaction_id)
        at = local_time(closure.at, self.desk.locale(request, interaction))
        page = PasswordClosedPage(motive=str(closure.motive), closed_at=at, help_desk=self.help_desk)
        return self.desk.show(request, interaction, "password_closed.html", page)

    def go_on(self, request: Request, interaction_id: str) -> Response:
        interaction, account, closure = self._due(request, interaction_id)
        self.desk.form(request, interaction)
        told = dataclasses.replace(closure, told_at=self.clock.now())
        with suppress(StaleAccount):  # Another writer came first: the hub shows the page again.
            self.accounts.save(dataclasses.replace(account, password_closure=told))
        return self.desk.back(interaction)

    def _due(self, request: Request, interaction_id: str) -> tuple[Interaction, Account, PasswordClosure]:
        interaction = self.desk.open_due(request, interaction_id, Stop.PASSWORD_CLOSED)
        account = self.desk.account(interaction)
        if account is None or account.password_closure is None:
            raise NotDue(interaction_id)
        return interaction, account, account.password_closure
