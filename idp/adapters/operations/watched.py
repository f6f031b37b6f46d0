"""How long each request took, and what became of it: the outermost of what the server calls.

Contains counting by endpoint. An address becomes a label only if it is one of ours: whatever a caller writes beside
those counts as « other ». Not here: what a request is answered.
"""

from collections.abc import Callable, Iterable, Mapping
from time import perf_counter
from typing import Any

from idp.core.measures import REQUEST_SECONDS
from idp.core.meters import Times

Wsgi = Callable[..., Iterable[bytes]]

_INTERACTION = "/interaction/"
#: Of an interaction's id: what follows it says which page it is.
_ID_CHARACTERS = 43
_ID_END = len(_INTERACTION) + _ID_CHARACTERS
_OF_INTERACTION = "/interaction/<interaction_id>"


class _Endpoint(dict[str, Times]):
    """The times of one endpoint, by the first digit of the status."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __missing__(self, digit: str) -> Times:
        times = self[digit] = REQUEST_SECONDS.of(self.name, f"{digit}xx")
        return times


class WatchedRequests:
    def __init__(self, served: Wsgi, addresses: Iterable[tuple[str, str]]) -> None:
        """`addresses`: methods and paths, as routes have them."""
        self._served = served
        self._known: Mapping[tuple[str, str], _Endpoint] = {
            address: _Endpoint(" ".join(address)) for address in addresses
        }
        self._other = _Endpoint("other")

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        begun, digit = perf_counter(), "5"

        # Without types: they would be evaluated at each request.
        def started(status, headers, failure=None):  # type: ignore[no-untyped-def]
            nonlocal digit
            digit = status[0]
            return start_response(status, headers, failure) if failure else start_response(status, headers)

        try:
            return self._served(environ, started)
        finally:
            method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
            # An endpoint without times is empty, and `or` would pass it over.
            endpoint = self._known.get((method, path))
            if endpoint is None:
                endpoint = self._page(method, path)
            endpoint[digit].took(perf_counter() - begun)

    def _page(self, method: str, path: str) -> _Endpoint:
        if not path.startswith(_INTERACTION):
            return self._other
        return self._known.get((method, _OF_INTERACTION + path[_ID_END:]), self._other)
