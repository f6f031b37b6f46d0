"""What every page and endpoint shares of the browser: cookies, CSRF, bounded forms, rendering, headers.

Knows no flow and no endpoint.
"""

import hashlib
import hmac
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from idp.clients.registry import Client, ClientFile
from idp.core.errors import PageError, Problem
from idp.core.sealing import derive_key
from idp.pages.sign_in import Frame
from idp.settings import Settings
from idp.settings.where import LOCALES
from idp.web.catalogues import Catalogues

#: Set when somebody's sessions are ended in this browser, gone with the next identification by Pro Santé Connect.
SIGNED_OUT_COOKIE = "left"

#: facts/security WB1. No `form-action`: browsers apply it to every redirect after a POST, and the last of ours
#: leads to a relying party that may itself redirect anywhere (docs/adr/0006).
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; object-src 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
HSTS = "max-age=31536000; includeSubDomains"


@dataclass(frozen=True, slots=True)
class Cookies:
    """`__Host-`, Secure over https; plain names on the http loopback issuer of a demo, where neither would work."""

    is_secure: bool

    def name(self, short: str) -> str:
        return f"{'__Host-' if self.is_secure else ''}caducee_{short}"

    def get(self, request: Request, short: str) -> str | None:
        value = request.cookies.get(self.name(short))
        return value if value is not None and 0 < len(value) <= 200 and value.isascii() else None

    def set(self, response: Response, short: str, value: str, max_age: int | None = None) -> None:
        response.set_cookie(
            self.name(short),
            value,
            max_age=max_age,
            path="/",
            secure=self.is_secure,
            httponly=True,
            samesite="Lax",
        )

    def clear(self, response: Response, short: str) -> None:
        response.delete_cookie(
            self.name(short), path="/", secure=self.is_secure, httponly=True, samesite="Lax"
        )


def without_empty(values: "MultiDict[str, str]") -> "MultiDict[str, str]":
    """RFC 6749 §3.1, §3.2: a parameter sent without a value counts as left out."""
    return MultiDict([(name, value) for name, value in values.items(multi=True) if value])


def single_valued(values: "MultiDict[str, str]", limit: int) -> dict[str, str]:
    """Raises ValueError on a repeated name (RFC 6749 §3.1), one too long, or control characters in a name."""
    flat: dict[str, str] = {}
    for name, found in values.lists():
        if len(found) != 1:
            raise ValueError("a parameter is repeated")
        if len(name) > 100 or len(found[0]) > limit:
            raise ValueError("a parameter is too long")
        flat[name] = found[0]
    return flat


def with_query(url: str, parameters: Mapping[str, str]) -> str:
    """The registered URL with these parameters added to whatever query it has (RFC 6749 §3.1.2)."""
    separator = "&" if "?" in url else "?"
    return f"{url}{separator}{urlencode(parameters)}" if parameters else url


def client_network(request: Request, hops: int) -> str:
    """The address that asks, IPv6 cut to its /64, for per-network limits. Believes only configured proxies."""
    forwarded = request.headers.get("X-Forwarded-For", "").split(",")
    text = forwarded[-hops].strip() if 0 < hops <= len(forwarded) else (request.remote_addr or "")
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "unknown"
    address = getattr(address, "ipv4_mapped", None) or address
    prefix = 32 if address.version == 4 else 64
    return str(ipaddress.ip_network((address, prefix), strict=False))


class Web:
    """Rendering and browser state, built once."""

    def __init__(
        self,
        settings: Settings,
        clients: ClientFile,
        catalogues: Catalogues,
        environment: jinja2.Environment,
    ) -> None:
        self.settings = settings
        self.clients = clients
        self.catalogues = catalogues
        self.environment = environment
        self.cookies = Cookies(settings.where.is_secure)
        self._csrf_key = derive_key(settings.keys.application, "csrf")

    # The browser.

    def browser(self, request: Request) -> str | None:
        return self.cookies.get(request, "browser")

    def csrf(self, browser: str, base_path: str) -> str:
        """Bound to the browser's cookie and to the place it serves, also before any sign-in (facts/security WB2)."""
        return hmac.new(self._csrf_key, f"{browser}\0{base_path}".encode(), hashlib.sha256).hexdigest()

    def form(self, request: Request, base_path: str) -> dict[str, str]:
        """The posted fields, single-valued, after Origin and CSRF are verified. Raises PageError."""
        origin = request.headers.get("Origin")
        # Referrer-Policy no-referrer makes some browsers send `Origin: null` with a form of our own.
        if origin not in (None, "null", self.settings.where.issuer):
            raise PageError(Problem.CSRF, "origin of another site")
        try:
            form = single_valued(request.form, self.settings.bounds.parameter_bytes)
        except RequestEntityTooLarge as error:
            raise PageError(Problem.TOO_LARGE) from error
        except ValueError as error:
            raise PageError(Problem.BAD_REQUEST, str(error)) from error
        browser = self.browser(request)
        if browser is None:
            raise PageError(Problem.COOKIES_NEEDED)
        if not hmac.compare_digest(form.pop("csrf", "").encode(), self.csrf(browser, base_path).encode()):
            raise PageError(Problem.CSRF, "token absent or of another page")
        return form

    def form_as_query(self, request: Request) -> str:
        """A posted form as the query of the GET it is turned into. Raises PageError when no address can hold it."""
        fields = [(name, value) for name, values in request.form.lists() for value in values]
        query = urlencode(fields)
        if len(query) > 4 * self.settings.bounds.parameter_bytes:
            raise PageError(Problem.TOO_LARGE)
        return query

    def client_network(self, request: Request) -> str:
        return client_network(request, self.settings.proxy.trusted_hops)

    def locale(self, request: Request, wished: str = "") -> str:
        """Chosen by the person, else by the relying party (`ui_locales`), else by the browser."""
        chosen = self.cookies.get(request, "locale")
        candidates = [chosen or "", *(tag.split("-")[0] for tag in wished.split())]
        for candidate in candidates:
            if candidate in LOCALES:
                return candidate
        return request.accept_languages.best_match(LOCALES) or self.settings.where.default_locale

    # Pages.

    def frame(
        self,
        request: Request,
        *,
        locale: str,
        client: Client | None,
        base_path: str,
        browser: str | None = None,
    ) -> Frame:
        """`browser`: the cookie about to be set with this page, when the request had none."""
        other = next(name for name in LOCALES if name != locale)
        browser = browser or self.browser(request)
        return Frame(
            locale=locale,
            other_locale=other,
            other_locale_path=f"{_page_path(request, base_path)}?lang={other}",
            client_name=client.name if client else None,
            base_path=base_path,
            csrf=self.csrf(browser, base_path) if browser else "",
        )

    def render(self, template: str, frame: Frame, page: Any) -> str:
        translate = self.catalogues.translator(frame.locale)
        return self.environment.get_template(template).render(frame=frame, page=page, t=translate)

    def render_mail(self, template: str, locale: str, page: Any) -> str:
        translate = self.catalogues.translator(locale)
        return self.environment.get_template(template).render(page=page, t=translate, locale=locale)

    def page(self, template: str, frame: Frame, page: Any, status: int = 200) -> Response:
        return Response(self.render(template, frame, page), status=status, mimetype="text/html")

    def mark_signed_out(self, response: Response) -> None:
        """Pro Santé Connect will be asked to identify the next person afresh (facts/security PS10)."""
        self.cookies.set(response, SIGNED_OUT_COOKIE, "1", 24 * 3600)

    def redirect(self, location: str) -> Response:
        """303, never 307: a form with credentials is not sent on (RFC 9700 §4.12)."""
        return Response(status=303, headers={"Location": location})


def _page_path(request: Request, base_path: str) -> str:
    """Where a GET shows this page again: not what answered a form, nor the callback of an upstream login."""
    is_shown_by_get = request.method == "GET" and not request.args
    # One slash: `//elsewhere`, however it is written, would be another host.
    return "/" + quote(request.path.lstrip("/\\")) if is_shown_by_get else base_path or "/"


def harden(response: Response, settings: Settings) -> Response:
    """Security headers, and `no-store` on whatever does not say otherwise itself."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    # On loopback the pin would hold for every port of `localhost`, whoever serves there over http.
    if settings.where.is_secure and not settings.where.is_on_loopback:
        response.headers.setdefault("Strict-Transport-Security", HSTS)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.pop("Server", None)
    return response
