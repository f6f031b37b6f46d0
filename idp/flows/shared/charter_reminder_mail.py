"""Contains `ReminderMails`: in the language of the account. Not here: when it is due (`accounts/charter_reminders`)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from idp.accounts.account import Account
from idp.accounts.charter import HOUSE, CharterRevision
from idp.core.mailer import Outbox
from idp.pages.mails import CharterReminderMail
from idp.web.local_time import local_day
from idp.web.mails import Mails


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterReminderMailer:
    outbox: Outbox
    mails: Mails
    issuer: str
    life: timedelta
    #: Returns the names of the applications that demand a charter.
    demanding: Callable[[str], tuple[str, ...]]

    def concerns_anybody(self, charter: str) -> bool:
        return charter == HOUSE or bool(self.demanding(charter))

    def written(self, account: Account, revision: CharterRevision) -> Callable[[], None]:
        is_house, due_from = revision.charter == HOUSE, revision.due_from or revision.published_at
        locale = self.mails.language_of(account)
        page = CharterReminderMail(
            applications=() if is_house else self.demanding(revision.charter),
            revision=revision.revision,
            due_from=local_day(due_from, locale),
            address=f"{self.issuer}/" if is_house else "",
        )
        mail = self.mails.write(
            "charter_reminder",
            page,
            to=account.email,
            subject="mail.charter_reminder.subject",
            locale=locale,
        )
        return partial(self.outbox.post, mail, expires_after_seconds=int(self.life.total_seconds()))
