"""Every mail that a person can get, from operators who said nothing and who said everything.

Contains which there are and how one is written, for the tests and the gallery. Not here: the values of each
(`page_states`), what is expected of them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from idp.pages.frame import NO_HOUSE, House
from tests.pages.house_states import POSTAL, SAID
from tests.pages.page_states import (
    email_changed_mails,
    last_minute_mail,
    mails,
    new_browser_mails,
    notices,
    receipts,
    reminders,
)
from tests.pages.reading import CATALOGUES, ENVIRONMENT

FORMS = ("txt", "html")


@dataclass(frozen=True)
class MailState:
    """`name` is unique, `template` is relative to idp/templates/mail; `subject`: a key of the catalogue."""

    name: str
    template: str
    subject: str
    page: Any
    house: House = NO_HOUSE


def every_mail() -> Iterator[MailState]:
    for code in mails():
        yield MailState(f"mail-code-{code.purpose}", "code", f"mail.code.subject_{code.purpose}", code)
    last = last_minute_mail()
    yield MailState("mail-code-last-minute", "code", "mail.code.subject_login", last, POSTAL)
    yield MailState("mail-house-code", "code", "mail.code.subject_login", mails()[0], SAID)
    for rank, notice in enumerate(notices()):
        name = f"mail-notice-{rank:02}-{notice.notice}"
        yield MailState(name, "notice", f"mail.{notice.notice}.subject", notice, (NO_HOUSE, SAID)[rank % 2])
    for template, pages in {
        "charter_receipt": receipts(),
        "charter_reminder": reminders(),
        "new_browser": new_browser_mails(),
        "email_changed": email_changed_mails(),
    }.items():
        for page, house in zip(pages, (NO_HOUSE, SAID), strict=True):
            name = f"mail-{'house-' if house.name else ''}{template}"
            yield MailState(name, template, f"mail.{template}.subject", page, house)


def written(
    form: str,
    locale: str,
    template: str,
    page: Any,
    *,
    house: House = NO_HOUSE,
    subject: str = "mail.code.subject_login",
    t: Callable[..., str] | None = None,
) -> str:
    t = t or CATALOGUES.translator(locale)
    source = ENVIRONMENT.get_template(f"mail/{template}.html")
    return source.render(page=page, form=form, house=house, subject=t(subject), t=t)


def written_state(form: str, locale: str, mail: MailState, t: Callable[..., str] | None = None) -> str:
    return written(form, locale, mail.template, mail.page, house=mail.house, subject=mail.subject, t=t)
