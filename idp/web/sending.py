"""Contains how an answer leaves for the server, and the security headers of every answer on its way.

Not here: what is answered, which security headers there are (`headers`).
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Response

from idp.settings.where import WhereSettings
from idp.web.headers import harden, missing

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]

#: RFC 3986 §2: what a URI may hold; anything else is escaped.
_URI = re.compile(r"[A-Za-z0-9\-._~:/?#@!$&'()*+,;=%]*")
#: RFC 9110 §6.4.1: these have no content, and werkzeug knows what they have instead.
_WITHOUT_CONTENT = (204, 304)


def send(
    response: Response, where: WhereSettings, environ: Environ, start_response: StartResponse
) -> Iterable[bytes]:
    """Answer as `response` would (PEP 3333), in a third of the time where its body is there already."""
    if not response.is_sequence or response.status_code in _WITHOUT_CONTENT:
        return harden(response, where)(environ, start_response)
    headers = list(response.headers)
    added = missing(headers, where)
    body = list(response.iter_encoded())
    if response.headers.get("Content-Length") is None:
        headers.append(("Content-Length", str(sum(map(len, body)))))
    start_response(response.status, [*map(_escaped, headers), *added])
    return () if environ["REQUEST_METHOD"] == "HEAD" else body


def _escaped(header: tuple[str, str]) -> tuple[str, str]:
    name, value = header
    if name != "Location" or _URI.fullmatch(value):
        return header
    return name, iri_to_uri(value)
