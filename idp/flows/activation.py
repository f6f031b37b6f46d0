"""The code of an administrator's activation, and the password that its holder chooses with it (docs/adr/0044).

Contains the page: one form, since the code counts once. Not here: who gets a code (`cli/accounts`), the code by mail
that follows (`email_otp`).
"""

import dataclasses
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from werkzeug.wrappers import Request, Response

from idp.accounts.account import Account
from idp.accounts.activation import Activation, ActivationRefusal, Activations, ActivationSpent, refusal_of
from idp.accounts.password import HashingBusy
from idp.accounts.password_rules import KnownPerson
from idp.accounts.repository import AccountRepository, StaleAccount
from idp.cards.rpps import InvalidRpps, parse_rpps
from idp.core.audit import AuditEvent
from idp.core.clock import Clock
from idp.flows.shared.activated_again import activated_again
from idp.flows.shared.busy import BUSY_SECONDS, whole_seconds
from idp.flows.shared.code_mail import CodeSender
from idp.flows.shared.deadlines import Deadlines
from idp.flows.shared.desk import Desk
from idp.flows.shared.password_change import PasswordChange
from idp.flows.shared.password_judge import PasswordJudge
from idp.flows.shared.replies import number_again, reply_by_get, take_reply, with_wait
from idp.interaction.binding import browser_of
from idp.interaction.record import Interaction, event_of, with_event
from idp.interaction.refusal import InteractionRefused, NotDue
from idp.interaction.reply import Reply
from idp.pages.sign_in import ActivationPage
from idp.web.network_quota import NetworkQuota
from idp.web.page_routes import PageRoute

_ADDRESS = "/interaction/<interaction_id>/activation"
_STATUS = {"password.network": 429, "enrolment.busy": 503}


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationFlow:
    desk: Desk
    deadlines: Deadlines
    accounts: AccountRepository
    activations: Activations
    change: PasswordChange
    judge: PasswordJudge
    sender: CodeSender
    #: Forms with a password, from one network. No more is needed: nobody guesses 100 bits, and no stranger is to close
    #: a door that only an administrator opens.
    quota: NetworkQuota
    clock: Clock
    identity_life: timedelta  # that a proof of identity counts, at the door of the password

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", _ADDRESS, self.show)
        yield PageRoute("POST", _ADDRESS, self.receive)
        # Back to this page, to which the hub does not lead.
        yield PageRoute("POST", f"{_ADDRESS}/more_time", self.prolong)

    def show(self, request: Request, interaction_id: str) -> Response:
        interaction = self.desk.open(request, interaction_id)
        reply = take_reply(self.desk, request, interaction, "activation")
        if not self._is_open(interaction):
            return self.desk.back(interaction)
        typed, numbers = reply.typed.get("rpps", ""), self.judge.numbers
        page = ActivationPage(rpps=typed, password_numbers=numbers, error=reply.message)
        return with_wait(self.desk.show(request, interaction, "activation.html", page, reply.status), reply)

    def receive(self, request: Request, interaction_id: str) -> Response:
        try:
            return self._receive(request, self.desk.open(request, interaction_id))
        except InteractionRefused as refused:
            return activated_again(self.desk, self.activations, self.change, self.quota, request, refused)

    def _receive(self, request: Request, interaction: Interaction) -> Response:
        """Raises InteractionRefused: a faster click of the same form went on meanwhile."""
        form = self.desk.form(request, interaction)
        if not self._is_open(interaction):
            return self.desk.back(interaction)
        rpps = form.get("rpps", "")
        if not self.quota.claim(request, browser_of(interaction)):
            return self._reply(interaction, rpps, "password.network", whole_seconds(self.quota.window))
        activation = self.activations.find(form.get("code", ""))
        account = self._account_of(rpps) if activation is not None else None
        refusal = refusal_of(activation, account, self.clock.now(), self.identity_life)
        if activation is None or account is None or refusal is not None:
            return self._refuse(interaction, rpps, activation, refusal)
        # Only now: what the rule knows of the person is told to the holder of their code alone.
        password = form.get("new_password", "")
        fault = self.judge.fault(KnownPerson.of(account), password)
        if fault is not None:
            return self._reply(interaction, rpps, fault)
        event = event_of("activation", self.clock.now())
        # The mail first: if it cannot be posted, the code is as good as before, and the form is sent again.
        self.sender.send_if_due(request, with_event(interaction, event, account))
        try:
            changed = self._activated(interaction, activation, account, password)
        except ActivationSpent:
            self.desk.open(request, interaction.id)
            return self._refuse(interaction, rpps, activation, ActivationRefusal.USED)
        except (HashingBusy, StaleAccount):
            self.desk.open(request, interaction.id)
            return self._reply(interaction, rpps, "enrolment.busy", BUSY_SECONDS)
        return self.desk.prove(with_event(interaction, event, changed))

    def prolong(self, request: Request, interaction_id: str) -> Response:
        interaction = self.desk.open(request, interaction_id)
        self.desk.form(request, interaction)
        with suppress(NotDue):  # A faster click of the same person, which gave it.
            self.deadlines.prolong(interaction)
        return self.desk.back(interaction, "/activation")

    def _is_open(self, interaction: Interaction) -> bool:
        """Whether a code leads anywhere: the password's door is open, and a code by mail follows it."""
        doors = self.desk.doors(interaction)
        return doors.password and not doors.passkey_follows

    def _account_of(self, typed: str) -> Account | None:
        try:
            return self.accounts.find_by_rpps(parse_rpps(typed))
        except InvalidRpps:
            return None

    def _activated(
        self, interaction: Interaction, activation: Activation, account: Account, password: str
    ) -> Account:
        """Raises ActivationSpent, HashingBusy, StaleAccount."""

        def used() -> None:
            self.activations.use(activation, self.clock.now())
            self._audit(AuditEvent.ACTIVATION_USED, interaction, activation)

        return self.change.write(account, password, by="activation", also=used)

    def _refuse(
        self,
        interaction: Interaction,
        rpps: str,
        activation: Activation | None,
        refusal: ActivationRefusal | None,
    ) -> Response:
        self._audit(AuditEvent.ACTIVATION_REFUSED, interaction, activation, reason=str(refusal))
        return self._reply(interaction, rpps, "activation.refused")

    def _audit(
        self, event: AuditEvent, interaction: Interaction, activation: Activation | None, **facts: str
    ) -> None:
        """Audit to the account whose code it is: the interaction has none yet."""
        owner = activation.account_id if activation is not None else None
        self.desk.audit_event(event, dataclasses.replace(interaction, account_id=owner), **facts)

    def _reply(self, interaction: Interaction, rpps: str, error: str, wait_seconds: int = 0) -> Response:
        reply = Reply(
            at="activation",
            message=error,
            status=_STATUS.get(error, 422),
            wait_seconds=wait_seconds,
            typed={"rpps": number_again(rpps)},
        )
        return reply_by_get(self.desk, interaction, reply)
