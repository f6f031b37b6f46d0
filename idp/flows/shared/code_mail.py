"""Sending the mail code, for the flows that ask for one.

Contains for whom the code of an interaction is. A request only posts to the outbox. Not here: the code
(`accounts/email_otp`), its mail (`code_post`).
"""

from dataclasses import dataclass

from werkzeug.wrappers import Request

from idp.accounts.account import Account
from idp.accounts.code_keys import CodeHolder
from idp.accounts.email_otp import MailCodes
from idp.accounts.mail_quota import NotSent, SendRefusal
from idp.accounts.sent_code import CodeToSend
from idp.core.audit import AuditEvent
from idp.core.clock import Clock
from idp.flows.shared.code_post import CodePost
from idp.flows.shared.desk import Desk
from idp.interaction.binding import browser_of
from idp.interaction.record import Interaction
from idp.interaction.stop import Stop
from idp.web.network_quota import NetworkQuota


def code_holder(interaction: Interaction, account: Account | None) -> CodeHolder | None:
    """Returns whose mailbox the code proves: the account's, or that of an enrolment under way; None without either.

    None for an account that was disabled since the password: no mail goes to it, and the hub ends the sign-in.
    """
    # The same for every tab: of two codes that one person asked for at once, the newest is good in both.
    browser = browser_of(interaction)
    if account is not None and not account.may_sign_in:
        return None
    if account is not None:
        return CodeHolder(
            rpps=account.identity.rpps,
            browser=browser,
            purpose="login",
            email=account.email,
        )
    if interaction.identity is None or interaction.enrolment is None:
        return None
    return CodeHolder(
        rpps=interaction.identity.rpps,
        browser=browser,
        purpose="enrolment",
        email=interaction.enrolment.email,
    )


def enrolled_holder(interaction: Interaction, account: Account | None) -> CodeHolder | None:
    """Returns whose code ended the enrolment, if this account came of one in this interaction."""
    if account is None:
        return None
    browser, rpps = browser_of(interaction), account.identity.rpps
    return CodeHolder(rpps=rpps, browser=browser, purpose="enrolment", email=account.email)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeSender:
    desk: Desk
    codes: MailCodes
    post: CodePost
    quota: NetworkQuota
    clock: Clock

    def holder(self, interaction: Interaction) -> CodeHolder | None:
        return code_holder(interaction, self.desk.account(interaction))

    def send_if_due(self, request: Request, interaction: Interaction) -> None:
        """Send a code if `next_stop` says that its page is due: a flow does not decide what follows its proof."""
        if self.desk.next_stop(request, interaction) is Stop.EMAIL_OTP:
            self.send(request, interaction)

    def send(self, request: Request, interaction: Interaction) -> CodeToSend | SendRefusal:
        """Post the code to the outbox, in place of the mails with it that wait.

        Returns it, or the reason when limits forbid it: then the code in force still holds.
        """
        holder = self.holder(interaction)
        if holder is None:
            return SendRefusal.CLOSED
        now = self.clock.now()
        try:
            code = self.codes.to_send(holder, now)
            locale, name = self.desk.locale(request, interaction), self.desk.client_name(request, interaction)
            self.post.post(
                code,
                self.post.write(code, now, locale=locale, client_name=name),
                now,
                share=self.quota.share(request, browser_of(interaction)),
                also=lambda: self.desk.audit_event(
                    AuditEvent.MAIL_CODE_SENT, interaction, purpose=holder.purpose
                ),
            )
        except NotSent as refused:
            self.desk.audit_event(AuditEvent.MAIL_CODE_NOT_SENT, interaction, reason=str(refused.reason))
            return refused.reason
        return code

    def is_network_full(self, request: Request, interaction: Interaction) -> bool:
        """Whether no more codes are sent now to people who come from there."""
        return self.quota.is_used_up(request, browser_of(interaction))

    def why_no_code(self, request: Request, interaction: Interaction, holder: CodeHolder) -> str:
        """Returns why the person has no code that works: the value of a CodeRefusal or SendRefusal."""
        reason = self.codes.why_no_code(holder, self.clock.now())
        is_of_network = reason == SendRefusal.NOTHING and self.is_network_full(request, interaction)
        return SendRefusal.NETWORK if is_of_network else reason

    def take_back(self, interaction: Interaction) -> None:
        """Withdraw the mail to an address that the person corrects."""
        if (holder := self.holder(interaction)) is not None:
            self.post.take_back(holder)
