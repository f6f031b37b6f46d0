"""Contains the mail code: second half of the password path, proof of an enrolment's mailbox. Not here: its sending."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from werkzeug.wrappers import Request, Response

from idp.accounts.code_keys import CodeHolder
from idp.accounts.code_refusal import CodeRefusal, CodeRefused
from idp.accounts.email_otp import MailCodes, masked_email
from idp.accounts.mail_quota import SendRefusal
from idp.core.audit import AuditEvent
from idp.core.clock import Clock
from idp.core.unit_of_work import UnitOfWork
from idp.flows.shared.already_enrolled import AlreadyEnrolled
from idp.flows.shared.code_mail import CodeSender
from idp.flows.shared.desk import Desk
from idp.flows.shared.enrolling import Enrolling
from idp.interaction.authenticator import AuthenticatorId
from idp.interaction.record import Interaction, event_of, with_event
from idp.interaction.refusal import NotDue
from idp.interaction.stop import Stop
from idp.pages.sign_in import EmailOtpPage
from idp.web.local_time import local_hour, minutes_left
from idp.web.page_routes import PageRoute

_STATUS = {CodeRefusal.CLOSED: 403}
_SENT = ("renewed", "resent")
#: No card opens again what wrong codes closed there (`MailCodes.reopen`), and nobody is told that one does.
_OF_ENROLMENT: Mapping[str, str] = {CodeRefusal.CLOSED: "closed_enrolment"}


def _occasion(interaction: Interaction) -> str:
    """Returns what an accepted code is bound to: this interaction since its last proof, such as a new password."""
    return f"{interaction.id}:{interaction.events[-1].at.isoformat() if interaction.events else ''}"


class _Due(NamedTuple):
    interaction: Interaction
    holder: CodeHolder


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailOtpFlow:
    desk: Desk
    work: UnitOfWork
    codes: MailCodes
    sender: CodeSender
    already: AlreadyEnrolled
    enrolling: Enrolling
    clock: Clock

    def routes(self) -> Iterator[PageRoute]:
        yield PageRoute("GET", "/interaction/<interaction_id>/email_otp", self.show)
        yield PageRoute("POST", "/interaction/<interaction_id>/email_otp", self.receive)
        yield PageRoute("POST", "/interaction/<interaction_id>/email_otp/resend", self.resend)

    def show(self, request: Request, interaction_id: str) -> Response:
        due = self._due(request, interaction_id)
        return self.already.answer(request, due.interaction) or self._page(request, due, None)

    def receive(self, request: Request, interaction_id: str) -> Response:
        interaction, holder = due = self._due(request, interaction_id, repeats="email_otp")
        form = self.desk.form(request, interaction)
        if (answer := self.already.answer(request, interaction)) is not None:
            return answer
        try:
            self.codes.check(holder, form.get("code", ""), self.clock.now(), within=_occasion(interaction))
        except CodeRefused as refused:
            self.desk.audit_event(AuditEvent.MAIL_CODE_REFUSED, interaction, reason=str(refused.reason))
            return self._page(request, due, refused.reason, _STATUS.get(refused.reason, 422))
        accept = partial(self._accept, interaction, holder)
        if holder.purpose == "enrolment":
            return self.enrolling.finish(request, interaction, accept)
        return self._finish_login(interaction, accept)

    def _accept(self, interaction: Interaction, holder: CodeHolder) -> None:
        """Write that the code was accepted, with the present unit of work."""
        self.sender.accepted(holder)
        self.desk.audit_event(AuditEvent.MAIL_CODE_ACCEPTED, interaction, purpose=holder.purpose)

    def resend(self, request: Request, interaction_id: str) -> Response:
        due = self._due(request, interaction_id)
        self.desk.form(request, due.interaction)
        if (answer := self.already.answer(request, due.interaction)) is not None:
            return answer
        sent = self.sender.send(request, due.interaction)
        notice, status = (sent, 429) if isinstance(sent, SendRefusal) else (_SENT[sent.is_repeated], 200)
        return self._page(request, due, notice, status)

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
        return self.desk.prove(with_event(interaction, event_of("email_otp", self.clock.now()), account))

    def _page(self, request: Request, due: _Due, notice: str | None, status: int = 200) -> Response:
        interaction, holder = due
        now, locale = self.clock.now(), self.desk.locale(request, interaction)
        state = self.codes.state(holder)
        end, resend_at = state.expires_at or now, state.resend_at or now
        can_enter = end > now and state.tries_left > 0 and notice != CodeRefusal.CLOSED
        if notice is None and not can_enter:
            notice = self.sender.why_no_code(request, interaction, holder)
        words = _OF_ENROLMENT if holder.purpose == "enrolment" else {}
        page = EmailOtpPage(
            purpose=holder.purpose,
            masked_email=masked_email(holder.email),
            expires_at_local=local_hour(end, locale),
            minutes_left=minutes_left(end, now),
            tries_left=state.tries_left,
            notice=None if notice is None else f"email_otp.{words.get(notice, notice)}",
            notice_is_error=notice not in (None, *_SENT),
            can_enter=can_enter,
            seconds_before_resend=max(math.ceil((resend_at - now).total_seconds()), 0),
            doors=self.desk.doors(interaction),
        )
        return self.desk.show(request, interaction, "email_otp.html", page, status)
