"""Contains how a browser is sent to an address, and how one is written. Not here: which address is right."""

from collections.abc import Mapping
from urllib.parse import quote, urlencode

from werkzeug.wrappers import Response


def redirect(location: str) -> Response:
    """303, never 307: a form with credentials is not sent on (RFC 9700 §4.12)."""
    return Response(status=303, headers={"Location": location})


def with_query(url: str, parameters: Mapping[str, str]) -> str:
    """The registered URL with these parameters added to whatever query it has (RFC 6749 §3.1.2)."""
    separator = "&" if "?" in url else "?"
    return f"{url}{separator}{urlencode(parameters)}" if parameters else url


def path_of_ours(path: str) -> str:
    """One slash: `//elsewhere`, however it is written, would be another host."""
    return "/" + quote(path.lstrip("/\\"))
