"""From an address that a person typed to the one that the account has: on the page of the account, and in a sign-in.

Contains the code to that address, and the one commit when it comes back. Whether the address is free is told to its
owner alone. Not here: a page, whether the person was proved a moment ago.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from werkzeug.wrappers import Request

from idp.accounts.account import Account
from idp.accounts.code_refusal import CodeRefusal, CodeRefused
from idp.accounts.email_change import EmailChange, EmailChanges, EmailUndos, address_holder, new_undo
from idp.accounts.email_otp import MailCodes
from idp.accounts.enrolment import verified_email
from idp.accounts.mail_quota import NotSent, SendRefusal
from idp.accounts.notices import Notice
from idp.accounts.repository import AccountRepository, EmailTaken
from idp.accounts.sent_code import CodeToSend
from idp.core.audit import Audit, AuditEvent
from idp.core.clock import Clock
from idp.core.mailer import Mail
from idp.core.unit_of_work import UnitOfWork
from idp.flows.shared.code_post import CodePost
from idp.flows.shared.mailbox_sharing import MailboxSharing
from idp.flows.shared.notice_mail import NoticeMailer
from idp.web.mails import Mails
from idp.web.network_quota import NetworkQuota


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailChanging:
    """`place`: where the person does it, which one browser alone opens: the `sid` of a session, an interaction's id."""

    work: UnitOfWork
    accounts: AccountRepository
    changes: EmailChanges
    undos: EmailUndos
    undo_life: timedelta
    codes: MailCodes
    post: CodePost
    mails: Mails
    notices: NoticeMailer
    sharing: MailboxSharing
    quota: NetworkQuota
    audit: Audit
    clock: Clock
    issuer: str

    def ask(
        self, request: Request, place: str, account: Account, typed: str, locale: str
    ) -> CodeToSend | SendRefusal:
        """Send a code to this address, which is well formed, and keep that it is waited for. Returns it, or why none
        was sent.

        Of another account's address: its owner is told instead, in the same time and with the same answer.
        """
        now, email = self.clock.now(), verified_email(typed) or typed
        owner = self.changes.owner_of(email, account)
        change = EmailChange(account_id=account.id, email=email, is_taken=owner is not None)
        try:
            code = self.codes.to_send(address_holder(place, account, email), now)
            mail = self._mail(code, account, owner, locale, now)
            share = self.quota.share(request, place)
            self.post.post(code, mail, now, share=share, also=lambda: self._asked(place, account, change))
        except NotSent as refused:
            reason = str(refused.reason)
            self.audit.record(AuditEvent.MAIL_CODE_NOT_SENT, account_id=account.id, reason=reason)
            return refused.reason
        return code

    def _mail(
        self, code: CodeToSend, account: Account, owner: Account | None, locale: str, now: datetime
    ) -> Mail:
        # Both are written, and one is sent: the answer takes as long for an address that is free.
        notice = self.notices.mail(owner or account, Notice.EMAIL_WANTED)
        asker = self.mails.words("frame.own_pages", locale)
        mail = self.post.write(code, now, locale=locale, client_name=asker)
        return mail if owner is None else notice

    def _asked(self, place: str, account: Account, change: EmailChange) -> None:
        self.changes.begin(place, change)
        self.audit.record(AuditEvent.MAIL_CODE_SENT, account_id=account.id, purpose="address")
        if change.is_taken:
            self.audit.record(AuditEvent.EMAIL_CHANGE_REFUSED, account_id=account.id, reason="email_taken")

    def take_back(self, place: str, account: Account, change: EmailChange) -> None:
        """Forget it, and withdraw its mail: the person corrects the address."""
        holder = address_holder(place, account, change.email)
        self.post.take_back(holder, lambda: self.changes.forget(place))

    def accept(self, place: str, account: Account, change: EmailChange, text: str) -> None:
        """Give the account the address, if this is its code. What was begun with it is over then.

        Raises CodeRefused; EmailTaken: another person proved that address since; StaleAccount: nothing was written, and
        the same code is accepted here once more.
        """
        holder, now = address_holder(place, account, change.email), self.clock.now()
        try:
            self.codes.check(holder, text, now, within=place)
            if change.is_taken:
                # A guess of one in a hundred million: what was sent holds no code.
                raise CodeRefused(CodeRefusal.REFUSED)
        except CodeRefused as refused:
            self.audit.record(AuditEvent.MAIL_CODE_REFUSED, account_id=account.id, reason=str(refused.reason))
            raise
        try:
            self._write(place, account, change, now)
        except EmailTaken:
            with self.work.together():
                self._accepted(place, account, change)
                self.audit.record(
                    AuditEvent.EMAIL_CHANGE_REFUSED, account_id=account.id, reason="email_taken"
                )
            raise

    def _write(self, place: str, account: Account, change: EmailChange, now: datetime) -> None:
        """Raises EmailTaken, StaleAccount."""
        is_new = change.email != account.email
        event = AuditEvent.EMAIL_CHANGED if is_new else AuditEvent.EMAIL_PROVED_AGAIN
        tell_former = self._telling_former(account, now) if is_new else _nothing
        changed = account.with_email(change.email, now)
        with self.work.together():
            self.accounts.save(changed)
            self._accepted(place, account, change)
            self.audit.record(event, account_id=account.id)
            tell_former()
            if is_new:
                self.sharing.came(changed)

    def _telling_former(self, account: Account, now: datetime) -> Callable[[], None]:
        """Returns what writes the mail to the address of before, with its link. Making it takes long."""
        token, undo = new_undo(account.id, now, self.undo_life)
        post = self.notices.email_changed(account, f"{self.issuer}/account/email/undo/{token}", undo.ends_at)

        def write() -> None:
            self.undos.add(undo)
            post()

        return write

    def _accepted(self, place: str, account: Account, change: EmailChange) -> None:
        holder = address_holder(place, account, change.email)
        self.post.accepted(holder)
        self.changes.forget(place)
        self.audit.record(AuditEvent.MAIL_CODE_ACCEPTED, account_id=account.id, purpose=holder.purpose)


def _nothing() -> None:
    """No former address is to be told: the present one was proved again."""
