"""« Est-ce toujours votre adresse ? »: a required action for an address that was proved long ago.

Contains the stop: a code to that address or to another one, or « Plus tard », once. Not here: whether it is due
(`interaction/account_actions`), its forms (`shared/address_form`), what a new address writes (`shared/email_changing`).
"""

import dataclasses
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from werkzeug.wrappers import Request, Response

from idp.accounts.repository import AccountRepository, StaleAccount
from idp.core.audit import AuditEvent
from idp.core.clock import Clock
from idp.core.unit_of_work import UnitOfWork
from idp.flows.shared.address_answer import At
from idp.flows.shared.address_form import AddressForm
from idp.flows.shared.desk import Desk
from idp.flows.shared.replies import reply_by_get, take_reply, with_wait
from idp.interaction.record import Interaction
from idp.interaction.refusal import NotDue
from idp.interaction.stop import Stop
from idp.pages.email import EmailAgainPage
from idp.web.local_time import local_day
from idp.web.page_routes import PageRoute

_PAGE = "email_again"
_ADDRESS = f"/interaction/<interaction_id>/{_PAGE}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailAgainFlow:
    desk: Desk
    work: UnitOfWork
    accounts: AccountRepository
    form: AddressForm
    clock: Clock

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", _ADDRESS, self.show)
        yield PageRoute("POST", f"{_ADDRESS}/later", self.put_off)
        for action in self.form.actions:
            yield PageRoute("POST", f"{_ADDRESS}{action}", partial(self.receive, action))

    def show(self, request: Request, interaction_id: str) -> Response:
        interaction, at = self._due(request, interaction_id)
        reply = take_reply(self.desk, request, interaction, _PAGE)
        page = EmailAgainPage(
            proved_on=local_day(at.account.email_verified_at, at.locale),
            may_put_off=self._may_put_off(at),
            offered=self.form.offered(at),
            entry=self.form.told(at, reply),
        )
        return with_wait(self.desk.show(request, interaction, "email_again.html", page, reply.status), reply)

    def receive(self, action: str, request: Request, interaction_id: str) -> Response:
        interaction, at = self._due(request, interaction_id)
        answer = self.form.actions[action](at, self.desk.form(request, interaction))
        if answer.entry is None:
            return self.desk.back(interaction)
        return reply_by_get(self.desk, interaction, answer.said_at(_PAGE))

    def put_off(self, request: Request, interaction_id: str) -> Response:
        interaction, at = self._due(request, interaction_id)
        self.desk.form(request, interaction)
        if self._may_put_off(at):
            put_off = dataclasses.replace(at.account, email_put_off_at=self.clock.now())
            # Another writer came first: the hub shows the page again, if it is still due.
            with suppress(StaleAccount), self.work.together():
                self.accounts.save(put_off)
                self.desk.audit_event(AuditEvent.EMAIL_PUT_OFF, interaction)
        return self.desk.back(interaction)

    def _due(self, request: Request, interaction_id: str) -> tuple[Interaction, At]:
        interaction = self.desk.open_due(request, interaction_id, Stop.EMAIL_AGAIN)
        account = self.desk.account(interaction)
        if account is None:
            raise NotDue(interaction_id)
        locale = self.desk.locale(request, interaction)
        return interaction, At(request=request, place=interaction.id, account=account, locale=locale)

    def _may_put_off(self, at: At) -> bool:
        """Whether it is the first time, or an address is offered which the person may not want, or no code can come in
        now: what stops a mail keeps nobody out."""
        is_first = at.account.email_put_off_at is None
        return is_first or bool(self.form.offered(at)) or self.form.is_out_of_codes(at)
