"""Contains how a mail is written: subject, text and HTML in one language. Not here: which mail, its sending."""

from dataclasses import dataclass
from typing import Any

from idp.core.mailer import Mail
from idp.web.rendering import Templates


@dataclass(frozen=True, slots=True)
class Mails:
    templates: Templates

    def words(self, key: str, locale: str) -> str:
        """Raises KeyError."""
        return self.templates.words(key, locale)

    def write(self, name: str, page: Any, *, to: str, subject: str, locale: str) -> Mail:
        """Returns the mail made of `mail/<name>.txt` and `.html`. `subject`: a key of the catalogue."""
        text, html = (
            self.templates.render(f"mail/{name}.{kind}", locale, page=page) for kind in ("txt", "html")
        )
        return Mail(to=to, subject=self.words(subject, locale), text=text, html=html)
