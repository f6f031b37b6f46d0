"""Contains posted forms: from our own page, in this browser, each field once. Not here: what fields mean."""

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
    """Bound to the browser's cookie and to the path of the form, also before any sign-in (facts/security WB2)."""

    key: bytes = field(repr=False)

    def token(self, browser: str, base_path: str) -> str:
        return hmac.new(self.key, f"{browser}\0{base_path}".encode(), hashlib.sha256).hexdigest()

    def verify(self, given: str, browser: str, base_path: str) -> None:
        """Raises PageError unless this is the token of that browser and path."""
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
        """Returns the posted fields, single-valued, with Origin and CSRF token verified. Raises PageError."""
        origin = request.headers.get("Origin")
        # facts/security WB2. With Referrer-Policy no-referrer some browsers send `Origin: null` with our own form.
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
        """Returns a posted form as a query, for the GET that it is turned into.

        Raises PageError: too long for an address.
        """
        fields = [(name, value) for name, values in request.form.lists() for value in values]
        query = urlencode(fields)
        if len(query) > 4 * self.parameter_bytes:
            raise PageError(Problem.TOO_LARGE)
        return query
