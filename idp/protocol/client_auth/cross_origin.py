"""Contains which pages in a browser may read an answer of ours (Fetch, §3.3): those of public clients.

Without credentials: our endpoints go by what is in the request, never by a cookie. A page that may not read is not told
so; the request is what it is for any other caller. Not here: which origins a client has (`clients/origins`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from werkzeug.wrappers import Request, Response

from idp.clients.client_file import ClientFile
from idp.clients.registry import Client, ClientRegistry
from idp.web.ready import ReadyResponse

_CLIENT = "caducee.client"
_VARY = ("Vary", "Origin")
_ASKING = {"HTTP_ORIGIN", "HTTP_ACCESS_CONTROL_REQUEST_METHOD"}
#: What an answer may say beside its body (RFC 6750 §3, RFC 9449 §8).
_EXPOSED = ("Access-Control-Expose-Headers", "WWW-Authenticate, DPoP-Nonce")
#: For how long a browser need not ask again, in seconds. Each answer is decided anew all the same.
_ASKED_ONCE_IN = "600"
_ACCEPTED = (
    ("Access-Control-Allow-Headers", "Authorization, Content-Type, DPoP"),
    ("Access-Control-Max-Age", _ASKED_ONCE_IN),
)


def names_client(request: Request, client: Client) -> None:
    """This request is one of this client, which proved itself: no page of another may read its answer."""
    request.environ[_CLIENT] = client


def is_preflight(environ: Mapping[str, Any]) -> bool:
    """Whether a browser asks, before a request, whether it may send it (Fetch §3.3.2)."""
    return environ["REQUEST_METHOD"] == "OPTIONS" and environ.keys() >= _ASKING


def allowing(origin: str, methods: Sequence[str]) -> Response:
    """Returns the answer to a preflight of a page that may send it."""
    allowed = (("Access-Control-Allow-Origin", origin), ("Access-Control-Allow-Methods", ", ".join(methods)))
    return ReadyResponse(200, (_VARY, *allowed, *_ACCEPTED))


@dataclass(slots=True)
class CrossOrigin:
    clients: ClientFile
    #: The registry of before, and the origins of all its clients.
    _known: tuple[ClientRegistry | None, frozenset[str]] = field(default=(None, frozenset()), init=False)

    def preflight(self, request: Request, methods: Sequence[str]) -> Response:
        """Returns what a browser hears before its request, which names no client yet."""
        origin = request.headers["Origin"]
        return allowing(origin, methods) if origin in self._all() else ReadyResponse(200, (_VARY,))

    def open(self, request: Request, answer: Response) -> Response:
        """Returns the answer, for the page to read if it is one of the client that the request is proved to be of.

        Of any public client where it is of none: such an answer is nobody's, and tells nothing of any client.
        """
        answer.headers.add(*_VARY)
        origin = request.headers.get("Origin")
        if origin is not None:
            client: Client | None = request.environ.get(_CLIENT)
            if origin in (self._all() if client is None else client.origins):
                answer.headers.add("Access-Control-Allow-Origin", origin)
                answer.headers.add(*_EXPOSED)
        return answer

    def _all(self) -> frozenset[str]:
        registry = self.clients.registry()
        of, origins = self._known
        if of is not registry:
            origins = frozenset(origin for client in registry.values() for origin in client.origins)
            self._known = (registry, origins)
        return origins
