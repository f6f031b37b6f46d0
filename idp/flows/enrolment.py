"""The first connection.

Contains the enrolment form beside a proved identity, which is shown and never typed. Not here: the account, created
when the mailbox is proved (`email_otp`); who must come with the card (`first_connection`).
"""

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from werkzeug.wrappers import Request, Response

from idp.accounts.account import NO_PASSWORD, ProvedIdentity
from idp.accounts.enrolment import form_faults, proof_mark, typed_address, typed_values, verified_form
from idp.accounts.password import HashingBusy, Passwords
from idp.accounts.password_rules import KnownPerson
from idp.core.audit import AuditEvent
from idp.flows.shared.already_enrolled import AlreadyEnrolled
from idp.flows.shared.busy import BUSY_SECONDS
from idp.flows.shared.code_mail import CodeSender
from idp.flows.shared.desk import Desk
from idp.flows.shared.enrolment_steps import EnrolmentSteps
from idp.flows.shared.password_judge import PasswordJudge
from idp.flows.shared.replies import reply_by_get, take_reply, with_wait
from idp.flows.shared.typed_form import TypedForm
from idp.interaction.binding import browser_of
from idp.interaction.record import Interaction, PendingEnrolment
from idp.interaction.refusal import NotDue
from idp.interaction.reply import Reply
from idp.interaction.stop import Stop
from idp.pages.enrolment import EnrolmentPage, in_order
from idp.pages.identity import identity_view
from idp.web.forms import FormOvertaken
from idp.web.page_routes import PageRoute


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentFlow:
    desk: Desk
    passwords: Passwords
    sender: CodeSender
    already: AlreadyEnrolled
    typed: TypedForm
    steps: EnrolmentSteps
    #: None: the password door is closed, and no password is asked for.
    judge: PasswordJudge | None

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", "/interaction/<interaction_id>/enrolment", self.show)
        yield PageRoute("POST", "/interaction/<interaction_id>/enrolment", self.receive)
        if self.judge is not None:
            judge = partial(self.judge_typed, self.judge)
            yield PageRoute("POST", "/interaction/<interaction_id>/enrolment/judge", judge)
        yield PageRoute("POST", "/interaction/<interaction_id>/enrolment/more_time", self.typed.prolong)
        yield PageRoute("POST", "/interaction/<interaction_id>/enrolment/back", self.edit)

    def show(self, request: Request, interaction_id: str) -> Response:
        interaction, identity = self._due(request, interaction_id)
        if (answer := self.already.answer(interaction)) is not None:
            return answer
        reply = take_reply(self.desk, request, interaction, "enrolment")
        return self._page(request, interaction, identity, reply)

    def receive(self, request: Request, interaction_id: str) -> Response:
        with self.typed.kept_if_late(request, interaction_id):
            interaction, identity = self._due(request, interaction_id)
        try:
            form = self.desk.posted(request, interaction)
        except FormOvertaken:
            return self._overtaken(interaction)
        if form.get("proof") != proof_mark(identity):
            return self._overtaken(interaction)
        values, password = typed_values(form), form.get("password", "")
        if (answer := self.already.answer(interaction, values["email"])) is not None:
            return answer
        faults = form_faults(values) | self._password_faults(identity, values, password)
        if faults:
            return self._reply(dataclasses.replace(interaction, enrolment_draft=values), faults, 422)
        try:
            hashed = self.passwords.hash(password) if self.judge else NO_PASSWORD
        except HashingBusy:
            typed = dataclasses.replace(interaction, enrolment_draft=values)
            return self._reply(typed, {"password": "enrolment.busy"}, 503, BUSY_SECONDS)
        verified = verified_form(values)
        pending = PendingEnrolment(verified.email, hashed, verified.address)
        typed = dataclasses.replace(interaction, enrolment=pending, enrolment_draft=values)
        # The mail first: if it cannot be posted, the form is still due and is sent again.
        self.sender.send(request, typed)
        self.desk.record(typed)
        return self.desk.back(interaction)

    def _overtaken(self, interaction: Interaction) -> Response:
        """A card was shown since this form was: what is typed in it may be another person's (facts/security CP7)."""
        self.desk.audit_event(AuditEvent.ENROLMENT_REFUSED, interaction, reason="other_identity")
        return self._reply(interaction, {"email": "enrolment.other_identity"}, 409)

    def _reply(
        self, interaction: Interaction, faults: Mapping[str, str], status: int, wait_seconds: int = 0
    ) -> Response:
        # Of two clicks the first one wrote: what was typed there stays, and this is said beside it.
        with suppress(NotDue):
            self.desk.record(interaction)
        reply = Reply(at="enrolment", faults=faults, status=status, wait_seconds=wait_seconds)
        return reply_by_get(self.desk, interaction, reply)

    def _password_faults(
        self, identity: ProvedIdentity, values: Mapping[str, str], password: str
    ) -> dict[str, str]:
        fault = self.judge.fault(_person(identity, values), password) if self.judge else None
        return {} if fault is None else {"password": fault}

    def judge_typed(self, judge: PasswordJudge, request: Request, interaction_id: str) -> Response:
        interaction, identity = self._due(request, interaction_id)
        form = self.desk.form(request, interaction)
        person, locale = _person(identity, typed_values(form)), self.desk.locale(request, interaction)
        return judge.answer(
            request, person, form.get("password", ""), browser=browser_of(interaction), locale=locale
        )

    def edit(self, request: Request, interaction_id: str) -> Response:
        """Go back from the code to the form, to correct a mistyped address."""
        interaction = self.desk.open_due(request, interaction_id, Stop.EMAIL_OTP)
        self.desk.form(request, interaction)
        if interaction.enrolment is not None:
            # First: once the form is due again, no click leads here any more.
            self.sender.take_back(interaction)
            self.desk.record(dataclasses.replace(interaction, enrolment=None))
        return self.desk.back(interaction)

    def _due(self, request: Request, interaction_id: str) -> tuple[Interaction, ProvedIdentity]:
        interaction = self.desk.open_due(request, interaction_id, Stop.ENROLMENT)
        if interaction.identity is None:
            raise NotDue(interaction_id)
        return interaction, interaction.identity

    def _page(
        self, request: Request, interaction: Interaction, identity: ProvedIdentity, reply: Reply
    ) -> Response:
        page = EnrolmentPage(
            identity=identity_view(identity),
            values=dict(interaction.enrolment_draft),
            errors=in_order(reply.faults),
            password_numbers=self.judge.numbers if self.judge else None,
            source=identity.source,
            proof=proof_mark(identity),
            step=self.steps.form(interaction),
            is_typed_before=bool(interaction.draft_of) and not reply.faults,
        )
        shown = self.desk.show(request, interaction, "enrolment.html", page, reply.status)
        return with_wait(shown, reply)


def _person(identity: ProvedIdentity, values: Mapping[str, str]) -> KnownPerson:
    return KnownPerson(identity=identity, email=values["email"], address=typed_address(values))
