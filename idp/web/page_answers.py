"""What comes before and after the handler of a page, whichever way leads to it (`page_front`, `wiring/flask_app`).

Contains the link that changes the language, the guard of the certificate header, the answer to each exception, the
headers. Not here: which page is at an address (`page_routes`), the page of an error (`error_pages`).
"""

import re
from dataclasses import dataclass

from werkzeug.exceptions import MethodNotAllowed
from werkzeug.wrappers import Request, Response

from idp.interaction.refusal import InteractionRefusal, InteractionRefused, NotDue
from idp.interaction.store import hub_path
from idp.settings.where import WhereSettings
from idp.web.addresses import path_of_ours, redirect
from idp.web.certificate_header import CertificateHeaderGuard
from idp.web.cookies import SAID_COOKIE, TYPED_COOKIE, Cookies
from idp.web.error_pages import ErrorPages
from idp.web.headers import harden
from idp.web.languages import Languages
from idp.web.page_routes import Handler
from idp.web.sections import Detour
from idp.web.shared_stations import SharedStations

#: Of this interaction itself, whatever was asked of it.
_OF_ITSELF = frozenset(
    {
        InteractionRefusal.UNKNOWN,
        InteractionRefusal.EXPIRED,
        InteractionRefusal.FINISHED,
        InteractionRefusal.NO_COOKIE,
        InteractionRefusal.OTHER_BROWSER,
        InteractionRefusal.WENT_ON,
    }
)
_OF_INTERACTION = re.compile(r"/interaction/([A-Za-z0-9_-]{43})/")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageAnswers:
    guard: CertificateHeaderGuard
    errors: ErrorPages
    cookies: Cookies
    stations: SharedStations
    languages: Languages
    where: WhereSettings

    def answer(self, request: Request, handler: Handler, *values: str) -> Response:
        """Returns the answer, without the headers of every answer (`sending`)."""
        try:
            return self.before(request) or handler(request, *values)
        except Exception as error:
            return self.of_error(request, error)

    def before(self, request: Request) -> Response | None:
        """Returns the answer to a link that changes the language, else None. Raises PageError."""
        chosen = self._with_language(request)
        if chosen is None:
            self.guard.require_none(request)
        return chosen

    def of_error(self, request: Request, error: Exception) -> Response:
        if isinstance(error, NotDue):
            return redirect(hub_path(error.interaction_id))
        if isinstance(error, Detour):
            response = redirect(error.path)
            if error.said is not None:
                self.cookies.set(response, SAID_COOKIE, error.said)
            if error.keeps is not None:
                self.cookies.set(response, TYPED_COOKIE, str(error.keeps))
            return response
        found = _OF_INTERACTION.match(request.path)
        if found is not None and _is_told_by_hub(request, error):
            return redirect(hub_path(found[1]))
        return self.errors.answer(request, error)

    def after(self, response: Response) -> Response:
        return harden(response, self.where)

    def _with_language(self, request: Request) -> Response | None:
        if request.method != "GET" or "lang" not in request.args:
            return None
        wished = request.args["lang"]
        # The link of our pages carries nothing else; a relying party's own `lang` is ignored (RFC 6749 §3.1).
        if wished not in self.languages.known or len(request.args) > 1:
            return None
        response = redirect(path_of_ours(request.path))
        self.cookies.set(response, "locale", wished, self.stations.life(request))
        return response


def _is_told_by_hub(request: Request, error: Exception) -> bool:
    """Whether the hub, which is asked by GET, says the same of a form; or an answer to one is loaded again."""
    if request.method == "GET":
        return isinstance(error, MethodNotAllowed)
    return isinstance(error, InteractionRefused) and error.reason in _OF_ITSELF
