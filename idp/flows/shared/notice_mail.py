"""`Notices` as mails: rendered in the language of the account, posted to the outbox. Nothing in them to click."""

from dataclasses import dataclass
from datetime import timedelta

from idp.accounts.account import Account
from idp.accounts.notices import Notice
from idp.core.clock import Clock
from idp.core.mailer import Mail, Outbox
from idp.pages.mails import NoticeMail
from idp.web.browser import Web
from idp.web.local_time import local_time


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeMailer:
    outbox: Outbox
    web: Web
    clock: Clock
    life: timedelta

    def tell(self, account: Account, notice: Notice) -> None:
        locale = account.locale
        page = NoticeMail(str(notice), local_time(self.clock.now(), locale))
        subject = self.web.catalogues.translator(locale)(f"mail.{notice}.subject")
        text, html = (self.web.render_mail(f"mail/notice.{kind}", locale, page) for kind in ("txt", "html"))
        self.outbox.post(
            Mail(to=account.email, subject=subject, text=text, html=html),
            expires_after_seconds=int(self.life.total_seconds()),
        )
