"""Contains redirects, and how an address is written. Not here: which address is right."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from werkzeug.wrappers import Response


def redirect(location: str) -> Response:
    """Returns a 303, never a 307: the browser must not send a form with credentials on (RFC 9700 §4.12)."""
    return Response(status=303, headers={"Location": location})


def with_query(url: str, parameters: Mapping[str, str]) -> str:
    """Returns the registered URL with these parameters added to its query, if it has one (RFC 6749 §3.1.2)."""
    separator = "&" if "?" in url else "?"
    return f"{url}{separator}{urlencode(parameters)}" if parameters else url


def path_of_ours(path: str) -> str:
    """Returns the path with one slash in front: `//elsewhere`, also with backslashes, would be another host."""
    return "/" + quote(path.lstrip("/\\"))
