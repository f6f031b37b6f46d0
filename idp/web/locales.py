"""Contains which language a page has. Not here: its words (`catalogues`)."""

from dataclasses import dataclass
from functools import lru_cache

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header
from werkzeug.wrappers import Request

from idp.interaction.record import Interaction
from idp.web.cookies import Cookies
from idp.web.languages import Languages

#: What a browser sends, or a relying party wishes, is shorter. Anybody may send more, and each page reads it.
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Locales:
    cookies: Cookies
    languages: Languages

    def of(self, request: Request, wished: str = "") -> str:
        """Returns the language chosen by the person, else by the relying party (`ui_locales`), else by the browser."""
        chosen = self.cookies.get(request, "locale")
        if chosen is not None and chosen in self.languages.known:
            return chosen
        asked = self.languages.best(wished[:_LONGEST])
        return asked or self.accepted(request.environ.get("HTTP_ACCEPT_LANGUAGE", ""))

    def accepted(self, languages: str) -> str:
        """Returns the best for a browser that sends this (`Accept-Language`)."""
        return _best(languages[:_LONGEST], self.languages.tags) or self.languages.default


@lru_cache(maxsize=256)
def _best(accepted: str, offered: tuple[str, ...]) -> str | None:
    """Returns the best for a browser of this language (RFC 9110 §12.5.4). There are few kinds of browsers."""
    return parse_accept_header(accepted, LanguageAccept).best_match(offered)


def wished_by(interaction: Interaction) -> str:
    """Returns the languages that the relying party wishes (OpenID Connect Core §3.1.2.1)."""
    return interaction.request.get("ui_locales", "")
