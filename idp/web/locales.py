"""Contains which language a page has. Not here: its words (`catalogues`)."""

from dataclasses import dataclass

from werkzeug.wrappers import Request

from idp.interaction.record import Interaction
from idp.settings.where import LOCALES
from idp.web.cookies import Cookies


@dataclass(frozen=True, slots=True)
class Locales:
    cookies: Cookies
    default: str

    def of(self, request: Request, wished: str = "") -> str:
        """Returns the language chosen by the person, else by the relying party (`ui_locales`), else by the browser."""
        # RFC 5646 §2.1.1: tags are compared without regard to case.
        chosen = self.cookies.get(request, "locale")
        candidates = [chosen or "", *(tag.split("-")[0] for tag in wished.lower().split())]
        for candidate in candidates:
            if candidate in LOCALES:
                return candidate
        return request.accept_languages.best_match(LOCALES) or self.default


def wished_by(interaction: Interaction) -> str:
    """Returns the languages that the relying party wishes (OpenID Connect Core §3.1.2.1)."""
    return interaction.request.get("ui_locales", "")
