"""« Choisissez un autre mot de passe »: a required action for one that the lists have learned since it was chosen.

Contains the stop. The password and the code of this very sign-in are the proof (docs/adr/0044). Not here: who finds it
(`shared/password_accepted`), whether it is due (`interaction/account_actions`).
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account
from idp.accounts.password import HashingBusy
from idp.accounts.password_rules import KnownPerson
from idp.accounts.repository import StaleAccount
from idp.flows.shared.busy import BUSY_SECONDS
from idp.flows.shared.desk import Desk
from idp.flows.shared.password_change import PasswordChange
from idp.flows.shared.password_judge import PasswordJudge
from idp.flows.shared.replies import reply_by_get, take_reply, with_wait
from idp.interaction.binding import browser_of
from idp.interaction.record import Interaction, without_session
from idp.interaction.refusal import NotDue
from idp.interaction.reply import Reply
from idp.interaction.stop import Stop
from idp.pages.sign_in import PasswordRenewalPage
from idp.web.page_routes import PageRoute

_ADDRESS = "/interaction/<interaction_id>/password_renewal"


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordRenewalFlow:
    desk: Desk
    change: PasswordChange
    judge: PasswordJudge

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", _ADDRESS, self.show)
        yield PageRoute("POST", _ADDRESS, self.receive)
        yield PageRoute("POST", f"{_ADDRESS}/judge", self.judge_typed)

    def show(self, request: Request, interaction_id: str) -> Response:
        interaction, account = self._due(request, interaction_id)
        reply = take_reply(self.desk, request, interaction, "password_renewal")
        page = PasswordRenewalPage(
            rpps=account.identity.rpps,
            password_numbers=self.judge.numbers,
            error=reply.message,
        )
        return with_wait(
            self.desk.show(request, interaction, "password_renewal.html", page, reply.status), reply
        )

    def receive(self, request: Request, interaction_id: str) -> Response:
        interaction, account = self._due(request, interaction_id)
        password = self.desk.form(request, interaction).get("new_password", "")
        # The present one is refused with the others: it is in the lists.
        fault = self.judge.fault(KnownPerson.of(account), password)
        if fault is not None:
            return self._refuse(interaction, fault, 422)
        try:
            changed = self.change.write(account, password, by="renewal")
        except (HashingBusy, StaleAccount):
            return self._refuse(interaction, "enrolment.busy", 503, BUSY_SECONDS)
        # What was proved here goes on: it led to this password. What a session lent is over, with that session.
        own = without_session(interaction)
        self.desk.record(dataclasses.replace(own, generation=changed.generation))
        return self.desk.back(interaction)

    def judge_typed(self, request: Request, interaction_id: str) -> Response:
        interaction, account = self._due(request, interaction_id)
        return self.judge.answer(
            request,
            KnownPerson.of(account),
            self.desk.form(request, interaction).get("new_password", ""),
            browser=browser_of(interaction),
            locale=self.desk.locale(request, interaction),
        )

    def _due(self, request: Request, interaction_id: str) -> tuple[Interaction, Account]:
        interaction = self.desk.open_due(request, interaction_id, Stop.PASSWORD_RENEWAL)
        account = self.desk.account(interaction)
        if account is None:
            raise NotDue(interaction_id)
        return interaction, account

    def _refuse(self, interaction: Interaction, error: str, status: int, wait_seconds: int = 0) -> Response:
        reply = Reply(at="password_renewal", message=error, status=status, wait_seconds=wait_seconds)
        return reply_by_get(self.desk, interaction, reply)
