"""Contains every mail that a person can get, from operators who said nothing and who said everything.

Not here: the values of each (`families/mails`), pages.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from idp.pages.frame import NO_HOUSE, House
from sandbox.style_guide.families.mails import (
    email_changed_mails,
    last_minute_mail,
    mails,
    new_browser_mails,
    notices,
    receipts,
    reminders,
)
from sandbox.style_guide.houses import POSTAL, SAID
from sandbox.style_guide.rendering import written

FORMS = ("txt", "html")


@dataclass(frozen=True)
class MailState:
    """`name` is unique, `template` is relative to idp/templates/mail; `subject`: a key of the catalogue."""

    name: str
    template: str
    subject: str
    page: Any
    house: House = NO_HOUSE


def every_mail(locale: str = "fr") -> Iterator[MailState]:
    """`locale`: of the days and hours in them."""
    for code in mails(locale):
        yield MailState(f"mail-code-{code.purpose}", "code", f"mail.code.subject_{code.purpose}", code)
    last = last_minute_mail(locale)
    yield MailState("mail-code-last-minute", "code", "mail.code.subject_login", last, POSTAL)
    yield MailState("mail-house-code", "code", "mail.code.subject_login", mails(locale)[0], SAID)
    for rank, notice in enumerate(notices(locale)):
        name = f"mail-notice-{rank:02}-{notice.notice}"
        yield MailState(name, "notice", f"mail.{notice.notice}.subject", notice, (NO_HOUSE, SAID)[rank % 2])
    pages_by_template: Mapping[str, Sequence[Any]] = {
        "charter_receipt": receipts(locale),
        "charter_reminder": reminders(locale),
        "new_browser": new_browser_mails(locale=locale),
        "email_changed": email_changed_mails(locale),
    }
    for template, pages in pages_by_template.items():
        for page, house in zip(pages, (NO_HOUSE, SAID), strict=True):
            name = f"mail-{'house-' if house.name else ''}{template}"
            yield MailState(name, template, f"mail.{template}.subject", page, house)


def written_state(form: str, locale: str, mail: MailState, t: Callable[..., str] | None = None) -> str:
    return written(form, locale, mail.template, mail.page, house=mail.house, subject=mail.subject, t=t)
