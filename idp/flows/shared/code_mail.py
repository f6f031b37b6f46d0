"""Sending the mail code, for the flows that ask for one.

Contains for whom a code is, and its mail. A request only posts to the outbox. Not here: the code
(`accounts/email_otp`).
"""

from dataclasses import dataclass
from datetime import timedelta

from flask import request

from idp.accounts.account import Account
from idp.accounts.email_otp import CodeHolder, MailCodes, NotSent, SendRefusal
from idp.core.audit import AuditEvent
from idp.core.clock import Clock
from idp.core.mailer import Mail, Outbox
from idp.flows.shared.desk import Desk
from idp.interaction.record import Interaction
from idp.interaction.stop import Stop
from idp.pages.mails import CodeMail
from idp.web.local_time import local_time
from idp.web.mails import Mails
from idp.web.network import CallerNetworks


def code_holder(interaction: Interaction, account: Account | None, network: str) -> CodeHolder | None:
    """Returns whose mailbox the code proves: the account's, or that of an enrolment under way; None without either."""
    # The same for every tab: of two codes that one person asked for at once, the newest is good in both.
    browser = interaction.family or interaction.browser
    if account is not None:
        return CodeHolder(
            rpps=account.identity.rpps,
            browser=browser,
            network=network,
            purpose="login",
            email=account.email,
        )
    if interaction.identity is None or interaction.enrolment is None:
        return None
    return CodeHolder(
        rpps=interaction.identity.rpps,
        browser=browser,
        network=network,
        purpose="enrolment",
        email=interaction.enrolment.email,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSender:
    desk: Desk
    codes: MailCodes
    mails: Mails
    outbox: Outbox
    networks: CallerNetworks
    clock: Clock
    #: How long a code is good.
    life: timedelta

    def holder(self, interaction: Interaction) -> CodeHolder | None:
        network = self.networks.of(request)
        return code_holder(interaction, self.desk.account(interaction), network)

    def send_if_due(self, interaction: Interaction) -> None:
        """Send a code if `next_stop` says that its page is due: a flow does not decide what follows its proof."""
        if self.desk.next_stop(interaction) is Stop.EMAIL_OTP:
            self.send(interaction)

    def send(self, interaction: Interaction) -> SendRefusal | None:
        """Post a new code to the outbox. Returns the reason when limits forbid it; then the code before still holds."""
        holder = self.holder(interaction)
        if holder is None:
            return SendRefusal.CLOSED
        now = self.clock.now()
        try:
            code = self.codes.make(holder, now)
        except NotSent as refused:
            self.desk.audit_event(AuditEvent.MAIL_CODE_NOT_SENT, interaction, reason=str(refused.reason))
            return refused.reason
        self.outbox.post(
            self._mail(interaction, holder, code),
            expires_after_seconds=int(self.life.total_seconds()),
        )
        self.desk.audit_event(AuditEvent.MAIL_CODE_SENT, interaction, purpose=holder.purpose)
        return None

    def _mail(self, interaction: Interaction, holder: CodeHolder, code: str) -> Mail:
        locale = self.desk.locale(interaction)
        page = CodeMail(
            code=code,
            minutes=int(self.life.total_seconds() // 60),
            purpose=holder.purpose,
            client_name=self.desk.client(interaction).name,
            requested_at=local_time(self.clock.now(), locale),
        )
        return self.mails.write("code", page, to=holder.email, subject="mail.code.subject", locale=locale)
