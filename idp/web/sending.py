"""Contains how an answer leaves for the server, and the security headers of every answer on its way.

Not here: what is answered, which security headers there are (`headers`).
"""

from collections.abc import Callable, Iterable
from typing import Any

from werkzeug.wrappers import Response

from idp.settings.where import WhereSettings
from idp.web.headers import harden, missing
from idp.web.ready import ReadyResponse

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]


def send(
    response: Response, where: WhereSettings, environ: Environ, start_response: StartResponse
) -> Iterable[bytes]:
    """Answer as `response` would (PEP 3333), in a tenth of the time where it is ready."""
    if not isinstance(response, ReadyResponse):
        return harden(response, where)(environ, start_response)
    headers, body = list(response.headers), response.response
    length = ("Content-Length", str(len(body[0])))
    start_response(response.status, [*headers, length, *missing(headers, where)])
    return () if environ["REQUEST_METHOD"] == "HEAD" else body
