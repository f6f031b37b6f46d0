"""Contains `NewBrowserMails`: in the language of the account, without a link to click. Not here: when it is due."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from idp.accounts.account import Account
from idp.accounts.open_sessions import OpenSession
from idp.core.mailer import Outbox
from idp.pages.mails import NewBrowserMail, SignInInMail
from idp.pages.sessions import door_key, origin_view
from idp.web.local_time import local_time
from idp.web.mails import Mails

#: Who has more of them at once needs no longer list.
_MOST_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBrowserMailer:
    outbox: Outbox
    mails: Mails
    life: timedelta
    help_desk: str

    def written(self, account: Account, sessions: Sequence[OpenSession]) -> Callable[[], None]:
        locale = self.mails.language_of(account)
        shown = tuple(_shown(one, locale) for one in sessions[:_MOST_SHOWN])
        mail = self.mails.write(
            "new_browser",
            NewBrowserMail(sign_ins=shown, more=len(sessions) - len(shown), help_desk=self.help_desk),
            to=account.email,
            subject="mail.new_browser.subject",
            locale=locale,
        )
        return partial(self.outbox.post, mail, expires_after_seconds=int(self.life.total_seconds()))


def _shown(session: OpenSession, locale: str) -> SignInInMail:
    return SignInInMail(
        at=local_time(session.started_at, locale),
        door=door_key(session.door),
        origin=origin_view(session.origin),
    )
