"""Contains how a mail is written: subject, text and HTML in one language.

Not here: which mail, its sending, what it is made of (`templates/mail/parts`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from idp.accounts.account import Account
from idp.core.mailer import Mail
from idp.pages.frame import House
from idp.web.languages import Languages
from idp.web.rendering import Templates


@dataclass(frozen=True, slots=True)
class Mails:
    templates: Templates
    #: By language, one of ours.
    houses: Mapping[str, House]
    languages: Languages

    def language_of(self, account: Account) -> str:
        """Returns in which language a person gets a mail: that of the enrolment, while it is offered."""
        return self.languages.spoken(account.locale)

    def words(self, key: str, locale: str) -> str:
        """Raises KeyError."""
        return self.templates.words(key, locale)

    def write(self, name: str, page: Any, *, to: str, subject: str, locale: str) -> Mail:
        """Returns the mail made of `mail/<name>.html`, in both forms. `subject`: a key of the catalogue."""
        words, house = self.words(subject, locale), self.houses[self.languages.written(locale)]
        text, html = (
            self.templates.render(
                f"mail/{name}.html", locale, page=page, form=form, house=house, subject=words
            )
            for form in ("txt", "html")
        )
        return Mail(to=to, subject=words, text=text, html=html)
