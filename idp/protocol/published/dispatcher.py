"""The endpoints that machines call (docs/adr/0004).

Contains a thin dispatcher in front of Flask, whose request cycle costs more than the whole engine. Every answer is
JSON, also after an unexpected exception. Not here: pages.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

import structlog
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from idp.core.ephemeral import StoreUnavailable
from idp.protocol.client_auth.answers import json_response, unavailable_response
from idp.protocol.client_auth.cross_origin import CrossOrigin, allowing, is_preflight
from idp.protocol.published.documents import Document
from idp.settings.where import WhereSettings
from idp.signing.signer import SignerUnavailable
from idp.web.request import ReadRequest
from idp.web.sending import Environ, StartResponse, Wsgi, send

log = structlog.get_logger()

_ASCII = "".join(map(chr, range(0x21, 0x7F)))
#: Methods of what is only read.
READING = ("GET", "HEAD")
_PRINTABLE = re.compile(r"[!-~]*")


@dataclass(frozen=True, slots=True)
class Route:
    methods: tuple[str, ...]
    endpoint: Callable[[Request], Response]
    #: Who of the pages in a browser may read its answers. None: no page.
    pages: CrossOrigin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainEndpoints:
    routes: Mapping[str, Route]
    #: What any caller may read, found at each request.
    documents: Mapping[str, Callable[[], Document]] = field(default_factory=dict)
    where: WhereSettings
    body_bytes: int

    def addresses(self) -> Iterator[tuple[str, str]]:
        """Yields each method and path that is answered here."""
        yield from ((method, path) for path, route in self.routes.items() for method in route.methods)
        yield from ((method, path) for path in self.documents for method in READING)

    def in_front_of(self, pages: Wsgi) -> Wsgi:
        def application(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
            # RFC 9110 §4.2.3: no path means "/". werkzeug would redirect to it, at the host that the caller names
            # (JW1).
            path = environ["PATH_INFO"] = environ.get("PATH_INFO") or "/"
            document = self.documents.get(path)
            if document is not None:
                return self._published(document, environ, start_response)
            # RFC 3986 §2: a query is ASCII. werkzeug decodes other octets as UTF-8, and fails where they are not UTF-8.
            query = environ.setdefault("QUERY_STRING", "")
            if not _PRINTABLE.fullmatch(query):
                environ["QUERY_STRING"] = quote(query.encode("latin-1"), safe=_ASCII)
            route = self.routes.get(path)
            if route is None:
                return pages(environ, start_response)
            return send(self._answer(route, environ), self.where, environ, start_response)

        return application

    def _published(
        self, find: Callable[[], Document], environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in READING:
            # Anybody may read it, whatever the page sends along.
            told = allowing("*", READING) if is_preflight(environ) else _not_allowed(READING)
            return send(told, self.where, environ, start_response)
        try:
            document = find()
        except Exception as error:
            return send(_failed(error, environ["PATH_INFO"]), self.where, environ, start_response)
        return document.send(environ, start_response)

    def _answer(self, route: Route, environ: Environ) -> Response:
        request = ReadRequest(environ, body_bytes=self.body_bytes)
        if route.pages is None:
            return self._of(route, request)
        if is_preflight(environ):
            return route.pages.preflight(request, route.methods)
        return route.pages.open(request, self._of(route, request))

    def _of(self, route: Route, request: Request) -> Response:
        if request.method not in route.methods:
            return _not_allowed(route.methods)
        try:
            return route.endpoint(request)
        except Exception as error:
            return _failed(error, request.path)


def _not_allowed(methods: tuple[str, ...]) -> Response:
    return json_response({"error": "invalid_request"}, 405, {"Allow": ", ".join(methods)})


def _failed(error: Exception, path: str) -> Response:
    if isinstance(error, StoreUnavailable):  # Counted and told by the store: not once for each request.
        return unavailable_response()
    if isinstance(error, SignerUnavailable):
        log.error("endpoint_unavailable", path=path, exception_type=type(error).__name__)
        return unavailable_response()
    if isinstance(error, HTTPException):
        return json_response({"error": "invalid_request"}, error.code or 400)
    log.exception("endpoint_failed", path=path)
    return json_response({"error": "server_error"}, 500)
