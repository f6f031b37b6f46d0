"""Contains the security headers of every answer. Not here: cookies, what one page adds to its own policy."""

from werkzeug.wrappers import Response

from idp.settings.where import WhereSettings

#: facts/security WB1. No `form-action`: browsers apply it to every redirect after a POST, and the last of ours
#: leads to a relying party that may itself redirect anywhere (docs/adr/0006).
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; object-src 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
HSTS = "max-age=31536000; includeSubDomains"


def harden(response: Response, where: WhereSettings) -> Response:
    """Add the security headers, and `no-store` where the answer says nothing else."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    # On loopback HSTS would hold for every port of `localhost`, also those where other programs serve http.
    if where.is_secure and not where.is_on_loopback:
        response.headers.setdefault("Strict-Transport-Security", HSTS)
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers.pop("Server", None)
    return response
