"""Contains posted forms: from our own page, in this browser, each field once. Not here: what fields mean."""

import hmac
from dataclasses import dataclass, field
from urllib.parse import urlencode

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request

from idp.core.errors import PageError, Problem
from idp.web.cookies import Cookies
from idp.web.parameters import single_valued

#: 128 bits: the first half of a token is bound to the browser, the second tells it from a forged one.
_HALF = 32


@dataclass(frozen=True, slots=True)
class CsrfTokens:
    """Bound to the path of the form and to its browser, also before any sign-in (facts/security WB2).

    `browser`: the binding of the interaction that the form belongs to, else the cookie `browser`.
    """

    key: bytes = field(repr=False)

    def token(self, browser: str, base_path: str) -> str:
        return self._sealed(self._mac(f"{browser}\0{base_path}"), base_path)

    def verify(self, given: str, base_path: str, *browsers: str) -> None:
        """Raises PageError unless this is the token of that path and one of these; FormOvertaken if of that path."""
        if any(hmac.compare_digest(given.encode(), self.token(one, base_path).encode()) for one in browsers):
            return
        if hmac.compare_digest(given.encode(), self._sealed(given[:_HALF], base_path).encode()):
            raise FormOvertaken
        raise PageError(Problem.CSRF, "token absent or of another page")

    def _sealed(self, bound: str, base_path: str) -> str:
        """Returns the token with what tells one of ours, made for whatever browser, from a forged one."""
        return bound + self._mac(f"ours {bound} {base_path}")

    def _mac(self, text: str) -> str:
        return hmac.digest(self.key, text.encode(), "sha256").hex()[:_HALF]


class FormOvertaken(PageError):
    """Our own form, made before what it is bound to was renewed (docs/adr/0029), or in another browser: it counts for
    nothing. In this browser the person is shown what is due instead."""

    def __init__(self) -> None:
        super().__init__(Problem.CSRF, "token of before, or of another browser")


@dataclass(frozen=True, slots=True, kw_only=True)
class Forms:
    cookies: Cookies
    csrf: CsrfTokens
    issuer: str
    #: The longest value of a field.
    parameter_bytes: int

    def read(self, request: Request, base_path: str) -> dict[str, str]:
        """Returns the posted fields, single-valued, with Origin and CSRF token verified.

        Raises PageError; FormOvertaken, which is one.
        """
        form, token = self._fields(request)
        browser = self.cookies.browser(request)
        if browser is None:
            raise PageError(Problem.COOKIES_NEEDED)
        self.csrf.verify(token, base_path, browser)
        return form

    def read_bound(self, request: Request, base_path: str, *bindings: str) -> dict[str, str]:
        """Returns the fields as `read` does, of a form of an interaction, bound to one of its bindings.

        Raises PageError; FormOvertaken, which is one.
        """
        form, token = self._fields(request)
        self.csrf.verify(token, base_path, *bindings)
        return form

    def _fields(self, request: Request) -> tuple[dict[str, str], str]:
        """Returns the posted fields and the CSRF token. Raises PageError."""
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
        return form, form.pop("csrf", "")

    def as_query(self, request: Request) -> str:
        """Returns a posted form as a query, for the GET that it is turned into.

        Raises PageError: too long for an address.
        """
        fields = [(name, value) for name, values in request.form.lists() for value in values]
        query = urlencode(fields)
        if len(query) > 4 * self.parameter_bytes:
            raise PageError(Problem.TOO_LARGE)
        return query
