"""Contains `Notices` as mails, in the language of the account. Not here: sending them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from idp.accounts.account import Account
from idp.accounts.notices import Notice
from idp.core.clock import Clock
from idp.core.mailer import Mail, Outbox
from idp.pages.mails import EmailChangedMail, NoticeMail
from idp.web.local_time import local_time
from idp.web.mails import Mails


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeMailer:
    outbox: Outbox
    mails: Mails
    clock: Clock
    life: timedelta
    help_desk: str

    def written(
        self, account: Account, notice: Notice, until: datetime | None = None, motive: str = ""
    ) -> Callable[[], None]:
        return self._posting(self.mail(account, notice, until, motive))

    def mail(self, account: Account, notice: Notice, until: datetime | None = None, motive: str = "") -> Mail:
        locale = self.mails.language_of(account)
        page = NoticeMail(
            notice=str(notice),
            happened_at=local_time(self.clock.now(), locale),
            until=local_time(until, locale) if until is not None else "",
            motive=motive,
            whose=account.identity.full_name if account.is_mailbox_shared else "",
        )
        return self.mails.write(
            "notice", page, to=account.email, subject=f"mail.{notice}.subject", locale=locale
        )

    def email_changed(self, before: Account, link: str, until: datetime) -> Callable[[], None]:
        locale = self.mails.language_of(before)
        page = EmailChangedMail(
            happened_at=local_time(self.clock.now(), locale),
            link=link,
            until=local_time(until, locale),
            help_desk=self.help_desk,
        )
        subject = "mail.email_changed.subject"
        return self._posting(
            self.mails.write("email_changed", page, to=before.email, subject=subject, locale=locale)
        )

    def _posting(self, mail: Mail) -> Callable[[], None]:
        return partial(self.outbox.post, mail, expires_after_seconds=int(self.life.total_seconds()))
