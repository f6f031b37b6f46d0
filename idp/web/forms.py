"""Contains the forms of our pages: from our own page, of this browser, each field once. Not here: what fields mean."""

import hashlib
import hmac
from dataclasses import dataclass, field
from urllib.parse import urlencode

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request

from idp.core.errors import PageError, Problem
from idp.web.cookies import Cookies
from idp.web.parameters import single_valued


@dataclass(frozen=True, slots=True)
class CsrfTokens:
    """Bound to the browser's cookie and to the place they serve, also before any sign-in (facts/security WB2)."""

    key: bytes = field(repr=False)

    def token(self, browser: str, base_path: str) -> str:
        return hmac.new(self.key, f"{browser}\0{base_path}".encode(), hashlib.sha256).hexdigest()

    def verify(self, given: str, browser: str, base_path: str) -> None:
        """Raises PageError."""
        if not hmac.compare_digest(given.encode(), self.token(browser, base_path).encode()):
            raise PageError(Problem.CSRF, "token absent or of another page")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forms:
    cookies: Cookies
    csrf: CsrfTokens
    issuer: str
    #: The longest value of a field.
    parameter_bytes: int

    def read(self, request: Request, base_path: str) -> dict[str, str]:
        """The posted fields, single-valued, after Origin and CSRF are verified. Raises PageError."""
        origin = request.headers.get("Origin")
        # Referrer-Policy no-referrer makes some browsers send `Origin: null` with a form of our own.
        if origin not in (None, "null", self.issuer):
            raise PageError(Problem.CSRF, "origin of another site")
        try:
            form = single_valued(request.form, self.parameter_bytes)
        except RequestEntityTooLarge as error:
            raise PageError(Problem.TOO_LARGE) from error
        except ValueError as error:
            raise PageError(Problem.BAD_REQUEST, str(error)) from error
        browser = self.cookies.browser(request)
        if browser is None:
            raise PageError(Problem.COOKIES_NEEDED)
        self.csrf.verify(form.pop("csrf", ""), browser, base_path)
        return form

    def as_query(self, request: Request) -> str:
        """A posted form as the query of the GET it is turned into. Raises PageError when no address can hold it."""
        fields = [(name, value) for name, values in request.form.lists() for value in values]
        query = urlencode(fields)
        if len(query) > 4 * self.parameter_bytes:
            raise PageError(Problem.TOO_LARGE)
        return query
