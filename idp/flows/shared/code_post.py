"""Contains the one commit of a code and its mail, for every page that asks for one. Not here: for whom it is."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from idp.accounts.code_keys import CodeHolder
from idp.accounts.email_otp import MailCodes
from idp.accounts.sent_code import CodeToSend
from idp.core.clock import Clock
from idp.core.ephemeral import Limited, StoreUnavailable
from idp.core.mailer import Mail, Outbox
from idp.core.unit_of_work import UnitOfWork
from idp.pages.mails import CodeMail
from idp.web.local_time import local_hour, local_time, minutes_left
from idp.web.mails import Mails


@dataclass(frozen=True, slots=True, kw_only=True)
class CodePost:
    work: UnitOfWork
    codes: MailCodes
    mails: Mails
    outbox: Outbox
    clock: Clock

    def write(self, code: CodeToSend, now: datetime, *, locale: str, client_name: str) -> Mail:
        """Returns the mail with the code, to the address that it proves."""
        page = CodeMail(
            code=code.digits,
            minutes=minutes_left(code.expires_at, now),
            until=local_hour(code.expires_at, locale),
            purpose=code.holder.purpose,
            client_name=client_name,
            requested_at=local_time(now, locale),
        )
        subject = f"mail.code.subject_{code.holder.purpose}"
        return self.mails.write("code", page, to=code.holder.email, subject=subject, locale=locale)

    def post(
        self, code: CodeToSend, mail: Mail, now: datetime, *, share: Limited, also: Callable[[], None]
    ) -> None:
        """Write the code with its mail, in place of those with it that wait: neither is there without the other.

        `share`: of the network that asks. `also`: written with them. Raises NotSent.
        """
        # Of a code that is sent again, the record changes under a condition that is known at once.
        step = self.work.as_one_step if code.is_repeated else self.work.together
        try:
            with step():
                self.codes.send(code, share)
                self.outbox.post(
                    mail,
                    # What is posted with less than a second left is dropped by the worker, which needs a number above
                    # zero.
                    expires_after_seconds=max(int((code.expires_at - now).total_seconds()), 1),
                    topic=self.codes.topic(code.holder),
                )
                also()
        except StoreUnavailable:
            # Redis has counted a mail that no person gets.
            with suppress(StoreUnavailable):
                self.codes.not_sent(code.holder)
            raise

    def take_back(self, holder: CodeHolder, also: Callable[[], None] = lambda: None) -> None:
        """Withdraw the mail to an address that the person corrects. If it had not left, one may go there at once.

        `also`: written with it.
        """
        with self.work.as_one_step():
            if self.outbox.withdraw(self.codes.topic(holder)):
                self.codes.not_sent(holder)
            also()

    def accepted(self, holder: CodeHolder) -> None:
        """Withdraw the mails that wait with a code that was used, and forget the wrong ones, with the present unit of
        work."""
        self.codes.accepted(holder)
        self.outbox.supersede(self.codes.topic(holder))
