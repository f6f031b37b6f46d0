"""Contains the security headers of every answer. Not here: cookies, what one page adds to its own policy."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

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


def allow_script(response: Response) -> Response:
    """Let the page run our own scripts, which a page must ask for: the others run none."""
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    response.headers["Content-Security-Policy"] = f"{policy}; script-src 'self'"
    return response


def harden(response: Response, where: WhereSettings) -> Response:
    """Add the security headers, and `no-store` where the answer says nothing else."""
    response.headers.extend(missing(response.headers, where))
    return response


def missing(given: Iterable[tuple[str, str]], where: WhereSettings) -> Sequence[tuple[str, str]]:
    """Returns what `harden` adds to these headers."""
    names = {name.lower() for name, _ in given}
    return [header for lower, header in _added(where).items() if lower not in names]


@lru_cache(maxsize=8)
def _added(where: WhereSettings) -> Mapping[str, tuple[str, str]]:
    """Returns the headers by name in small letters. Computed once: every answer passes here."""
    # On loopback HSTS would hold for every port of `localhost`, also those where other programs serve http.
    strict = {"Strict-Transport-Security": HSTS} if where.is_secure and not where.is_on_loopback else {}
    return {
        name.lower(): (name, value)
        for name, value in {**SECURITY_HEADERS, **strict, "Cache-Control": "no-store"}.items()
    }
