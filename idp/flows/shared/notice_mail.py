"""Contains `Notices` as mails: in the language of the account, without a link to click. Not here: sending them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from idp.accounts.account import Account
from idp.accounts.notices import Notice
from idp.core.clock import Clock
from idp.core.mailer import Outbox
from idp.pages.mails import NoticeMail
from idp.web.local_time import local_time
from idp.web.mails import Mails


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeMailer:
    outbox: Outbox
    mails: Mails
    clock: Clock
    life: timedelta

    def written(
        self, account: Account, notice: Notice, until: datetime | None = None, motive: str = ""
    ) -> Callable[[], None]:
        locale = account.locale
        page = NoticeMail(
            notice=str(notice),
            happened_at=local_time(self.clock.now(), locale),
            until=local_time(until, locale) if until is not None else "",
            motive=motive,
        )
        mail = self.mails.write(
            "notice", page, to=account.email, subject=f"mail.{notice}.subject", locale=locale
        )
        return partial(self.outbox.post, mail, expires_after_seconds=int(self.life.total_seconds()))
