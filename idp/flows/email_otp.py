"""Contains the mail code: second half of the password path, proof of an enrolment's mailbox. Not here: its sending."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from werkzeug.wrappers import Request, Response

from idp.accounts.code_keys import CodeHolder
from idp.accounts.code_refusal import CodeRefusal, CodeRefused
from idp.accounts.email_otp import MailCodes, masked_email
from idp.core.audit import AuditEvent
from idp.core.clock import Clock
from idp.core.unit_of_work import UnitOfWork
from idp.flows.shared.already_enrolled import AlreadyEnrolled
from idp.flows.shared.code_entry import code_entry, told_of
from idp.flows.shared.code_mail import CodeSender, enrolled_holder
from idp.flows.shared.code_post import CodePost
from idp.flows.shared.desk import Desk
from idp.flows.shared.enrolling import Enrolling
from idp.flows.shared.enrolment_steps import EnrolmentSteps
from idp.flows.shared.replies import reply_by_get, take_reply
from idp.interaction.authenticator import AuthenticatorId
from idp.interaction.record import Interaction, event_of, with_event
from idp.interaction.refusal import InteractionRefused, NotDue
from idp.interaction.reply import Reply
from idp.interaction.stop import Stop
from idp.pages.sign_in import EmailOtpPage
from idp.web.page_routes import PageRoute

_COMPLETED_AS: Mapping[AuthenticatorId, AuthenticatorId] = {
    "password": "email_otp",
    "activation": "activation_otp",
}
_STATUS = {CodeRefusal.CLOSED: 403}


def _occasion(interaction: Interaction) -> str:
    """Returns what an accepted code is bound to: this interaction since its last proof, such as a new password."""
    return f"{interaction.id}:{interaction.events[-1].at.isoformat() if interaction.events else ''}"


def _authenticator(interaction: Interaction) -> AuthenticatorId:
    """Returns what the code completes: what was proved last of the two that a code by mail follows."""
    begun = [event.authenticator for event in interaction.events if event.authenticator in _COMPLETED_AS]
    return _COMPLETED_AS[begun[-1]] if begun else "email_otp"


class _Due(NamedTuple):
    interaction: Interaction
    holder: CodeHolder


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailOtpFlow:
    desk: Desk
    work: UnitOfWork
    codes: MailCodes
    sender: CodeSender
    post: CodePost
    already: AlreadyEnrolled
    enrolling: Enrolling
    steps: EnrolmentSteps
    clock: Clock
    #: This service has a door that proves who a person is, and behind it the section of the address.
    may_change_address: bool

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", "/interaction/<interaction_id>/email_otp", self.show)
        yield PageRoute("POST", "/interaction/<interaction_id>/email_otp", self.receive)
        yield PageRoute("POST", "/interaction/<interaction_id>/email_otp/resend", self.resend)

    def show(self, request: Request, interaction_id: str) -> Response:
        due = self._due(request, interaction_id)
        if (answer := self.already.answer(due.interaction)) is not None:
            return answer
        return self._page(request, due, take_reply(self.desk, request, due.interaction, "email_otp"))

    def receive(self, request: Request, interaction_id: str) -> Response:
        try:
            interaction, holder = self._due(request, interaction_id, repeats="email_otp")
        except InteractionRefused as refused:
            return self._end_again(request, refused)
        form = self.desk.form(request, interaction)
        if (answer := self.already.answer(interaction)) is not None:
            return answer
        try:
            self.codes.check(holder, form.get("code", ""), self.clock.now(), within=_occasion(interaction))
        except CodeRefused as refused:
            self.desk.audit_event(AuditEvent.MAIL_CODE_REFUSED, interaction, reason=str(refused.reason))
            return self._reply(interaction, refused.reason, _STATUS.get(refused.reason, 422))
        accept = partial(self._accept, interaction, holder)
        if holder.purpose == "enrolment":
            return self.enrolling.finish(request, interaction, accept)
        return self._finish_login(interaction, accept)

    def _end_again(self, request: Request, refused: InteractionRefused) -> Response:
        """The code that ended an enrolment, once more (docs/adr/0068). Raises InteractionRefused."""
        desk = self.desk
        after = desk.opening.open_after(request, refused)
        typed = desk.form(request, after).get("code", "")
        holder = enrolled_holder(after, desk.account(after))
        if holder is None or not self.codes.is_repeated(holder, typed, within=_occasion(after)):
            raise refused
        return desk.prove(after)

    def _accept(self, interaction: Interaction, holder: CodeHolder) -> None:
        """Write that the code was accepted, with the present unit of work."""
        self.post.accepted(holder)
        self.desk.audit_event(AuditEvent.MAIL_CODE_ACCEPTED, interaction, purpose=holder.purpose)

    def resend(self, request: Request, interaction_id: str) -> Response:
        due = self._due(request, interaction_id)
        self.desk.form(request, due.interaction)
        if (answer := self.already.answer(due.interaction)) is not None:
            return answer
        return self._reply(due.interaction, *told_of(self.sender.send(request, due.interaction)))

    def _due(self, request: Request, interaction_id: str, repeats: AuthenticatorId | None = None) -> _Due:
        interaction = self.desk.open_due(request, interaction_id, Stop.EMAIL_OTP, repeats=repeats)
        if (holder := self.sender.holder(interaction)) is None:
            raise NotDue(interaction_id)
        return _Due(interaction, holder)

    def _finish_login(self, interaction: Interaction, accept: Callable[[], None]) -> Response:
        # The row that this request read: what is written next makes it forget that, and the hub's return reads anew.
        account = self.desk.account(interaction)
        with self.work.together():
            accept()
        if account is None:
            raise NotDue(interaction.id)
        event = event_of(_authenticator(interaction), self.clock.now())
        return self.desk.prove(with_event(interaction, event, account))

    def _reply(self, interaction: Interaction, notice: str, status: int) -> Response:
        return reply_by_get(self.desk, interaction, Reply(at="email_otp", message=str(notice), status=status))

    def _page(self, request: Request, due: _Due, reply: Reply) -> Response:
        interaction, holder = due
        now, locale = self.clock.now(), self.desk.locale(request, interaction)
        entry = code_entry(
            self.codes,
            holder,
            now,
            locale,
            notice=reply.message,
            why_none=lambda: self.sender.why_no_code(request, interaction, holder),
        )
        is_enrolment = holder.purpose == "enrolment"
        page = EmailOtpPage(
            purpose=holder.purpose,
            # Typed a moment ago, in this very interaction: whole, so that a slip of the keyboard is seen.
            sent_to=holder.email if is_enrolment else masked_email(holder.email),
            step=self.steps.code(interaction) if is_enrolment else None,
            code=entry,
            doors=self.desk.doors(interaction),
            may_change_address=self.may_change_address,
        )
        return self.desk.show(request, interaction, "email_otp.html", page, reply.status)
