"""The endpoints that machines call (docs/adr/0004).

Contains a thin dispatcher in front of Flask, whose request cycle costs more than the whole engine. Every answer is
JSON, also after an unexpected exception. Not here: pages.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import structlog
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from idp.clients.registry import ClientFile
from idp.core.ephemeral import EphemeralStore, StoreUnavailable
from idp.protocol.client_auth.answers import json_response, unavailable_response
from idp.settings.where import WhereSettings
from idp.signing.key_ring import Keys
from idp.signing.signer import SignerUnavailable
from idp.web.headers import harden

log = structlog.get_logger()

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
_ASCII = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True, slots=True)
class Route:
    methods: tuple[str, ...]
    endpoint: Callable[[Request], Response]


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Answers 200 when this node can sign people in, else 503, and says no more than that (facts/security §4.2).

    The log says why, once for each change.
    """

    stores: tuple[EphemeralStore, ...]
    clients: ClientFile
    keys: Keys
    #: By name. True: this node works for now, and the operator must act.
    faults: Mapping[str, Callable[[], bool]] = field(default_factory=dict)
    _told: list[tuple[str, ...]] = field(default_factory=lambda: [()], init=False)

    def __call__(self, request: Request) -> Response:
        down = tuple(self._down())
        faults = () if down else tuple(self._faults())
        status = "unavailable" if down else "degraded" if faults else "ready"
        if self._told[0] != down + faults:
            self._told[0] = down + faults
            log.warning("readiness_changed", status=status, reasons=self._told[0])
        return json_response({"status": status}, 503 if down else 200)

    def _down(self) -> Iterator[str]:
        yield from (type(store).__name__ for store in self.stores if not store.is_alive())
        if not self.keys.is_alive():
            yield "signing keys"

    def _faults(self) -> Iterator[str]:
        self.clients.registry()
        yield from (fault for fault in (self.clients.fault, self.keys.fault) if fault)
        yield from (name for name, is_so in self.faults.items() if is_so())


@dataclass(frozen=True, slots=True)
class PlainEndpoints:
    routes: Mapping[str, Route]
    where: WhereSettings
    body_bytes: int

    def in_front_of(self, pages: Wsgi) -> Wsgi:
        def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            # RFC 3986 §2: a query is ASCII. werkzeug decodes other octets as UTF-8, and fails where they are not UTF-8.
            environ["QUERY_STRING"] = quote(environ.get("QUERY_STRING", "").encode("latin-1"), safe=_ASCII)
            # RFC 9110 §4.2.3: no path means "/". werkzeug would redirect to it, at the host that the caller names
            # (JW1).
            environ["PATH_INFO"] = environ.get("PATH_INFO") or "/"
            route = self.routes.get(environ["PATH_INFO"])
            if route is None:
                return pages(environ, start_response)
            return self._answer(route, environ)(environ, start_response)

        return application

    def _answer(self, route: Route, environ: dict[str, Any]) -> Response:
        request = Request(environ)
        request.max_content_length = self.body_bytes
        request.max_form_memory_size = self.body_bytes
        if request.method not in route.methods:
            response = json_response({"error": "invalid_request"}, 405, {"Allow": ", ".join(route.methods)})
        else:
            response = self._call(route, request)
        return harden(response, self.where)

    @staticmethod
    def _call(route: Route, request: Request) -> Response:
        try:
            return route.endpoint(request)
        except (StoreUnavailable, SignerUnavailable) as error:
            log.error("endpoint_unavailable", path=request.path, exception_type=type(error).__name__)
            return unavailable_response()
        except HTTPException as error:
            return json_response({"error": "invalid_request"}, error.code or 400)
        except Exception:
            log.exception("endpoint_failed", path=request.path)
            return json_response({"error": "server_error"}, 500)
