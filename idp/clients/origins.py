"""The web origins whose pages may call us for a public client (RFC 6454 §6.1, as browsers write them).

Contains those that a client has. Not here: what a browser is told of them (`protocol/client_auth/cross_origin`).
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from idp.clients.located_yaml import At
from idp.clients.reader import list_of, shaped
from idp.clients.redirects import is_private_use
from idp.clients.values import exact_uri

_DEFAULT_PORTS = {"https": 443, "http": 80}


def origin_of(uri: str) -> str:
    """Returns scheme, host and port of a registered http or https address, in lower case, without a default port."""
    parts = urlsplit(uri)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = "" if parts.port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def origins_of(uris: Iterable[str]) -> tuple[str, ...]:
    """Returns the origins of those registered addresses that a page can have."""
    return tuple(origin_of(uri) for uri in uris if not is_private_use(uri))


@shaped(exact_uri.shape)
def _web_origin(at: At) -> str:
    """Returns an origin as a browser writes it: nothing else would ever be equal to what it sends."""
    uri = exact_uri(at)
    if uri != (origin := origin_of(uri)):
        raise at.fail(f"expected an origin as browsers write it: {origin}")
    return uri


web_origins = list_of(_web_origin)
