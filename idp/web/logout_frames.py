"""Contains front-channel logout: the frames of the signed-out page, and what its CSP then allows.

OpenID Connect Front-Channel Logout 1.0 §3: only registered addresses are framed, each with `iss` and `sid`. Not here:
which clients the session reached (`interaction/sign_out`).
"""

from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from werkzeug.wrappers import Response

from idp.clients.registry import Client
from idp.pages.signed_out import LogoutFrame
from idp.web.addresses import with_query
from idp.web.headers import SECURITY_HEADERS


def frames_for(clients: Iterable[Client], *, issuer: str, sid: str) -> tuple[LogoutFrame, ...]:
    """Returns one for each client that registered an address; always with `sid`, required or not (LO6)."""
    told = {"iss": issuer, "sid": sid}
    return tuple(
        LogoutFrame(client.name, with_query(client.frontchannel_logout_uri, told))
        for client in clients
        if client.frontchannel_logout_uri is not None
    )


def allow_frames(response: Response, frames: Sequence[LogoutFrame]) -> None:
    """Open our Content-Security-Policy to the origins of these frames and to nothing else, if there are any."""
    if not frames:
        return
    origins = sorted({"{0.scheme}://{0.netloc}".format(urlsplit(frame.url)) for frame in frames})
    opened = f"{SECURITY_HEADERS['Content-Security-Policy']}; frame-src {' '.join(origins)}"
    response.headers["Content-Security-Policy"] = opened
