"""Contains redirects, and how an address is written. Not here: which address is right."""

import re
from collections.abc import Mapping
from urllib.parse import quote

from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Response

from idp.web.ready import ReadyResponse

_TYPE = ("Content-Type", "text/plain; charset=utf-8")
#: RFC 3986 §2: what a URI may hold; anything else is escaped.
_URI = re.compile(r"[A-Za-z0-9\-._~:/?#@!$&'()*+,;=%]*")
#: RFC 3986 §2.3.
_UNRESERVED = re.compile(r"[A-Za-z0-9._~-]*")
_RESERVED = re.compile(rb"[^A-Za-z0-9._~-]")
#: What `path_of_ours` leaves as it is.
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9_-][A-Za-z0-9_/-]*")


def redirect(location: str) -> Response:
    """Returns a 303, never a 307: the browser must not send a form with credentials on (RFC 9700 §4.12)."""
    address = location if _URI.fullmatch(location) else iri_to_uri(location)
    return ReadyResponse(303, (_TYPE, ("Location", address)))


def with_query(url: str, parameters: Mapping[str, str]) -> str:
    """Returns the registered URL with these parameters added to its query, if it has one (RFC 6749 §3.1.2)."""
    separator = "&" if "?" in url else "?"
    written = "&".join([f"{_escaped(name)}={_escaped(value)}" for name, value in parameters.items()])
    return f"{url}{separator}{written}" if parameters else url


def _escaped(text: str) -> str:
    """Returns what `quote_plus` does, at a tenth of the cost where there is little to escape."""
    return text if _UNRESERVED.fullmatch(text) else _RESERVED.sub(_escape, text.encode()).decode("ascii")


def _escape(found: re.Match[bytes]) -> bytes:
    return b"+" if found[0] == b" " else b"%%%02X" % found[0][0]


def path_of_ours(path: str) -> str:
    """Returns the path with one slash in front: `//elsewhere`, also with backslashes, would be another host."""
    return path if _PLAIN_PATH.fullmatch(path) else "/" + quote(path.lstrip("/\\"))
