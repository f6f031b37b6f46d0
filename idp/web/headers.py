"""Contains the security headers of every answer. Not here: cookies, what one page adds to its own policy."""

from collections.abc import Iterable, Sequence
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
#: Of the few pages that have a script: ours, which may ask this server again.
_WITH_SCRIPT = f"{SECURITY_HEADERS['Content-Security-Policy']}; script-src 'self'; connect-src 'self'"
HSTS = "max-age=31536000; includeSubDomains"


def harden(response: Response, where: WhereSettings) -> Response:
    """Add the security headers, and `no-store` where the answer says nothing else."""
    response.headers.extend(missing(response.headers, where))
    return response


def allow_own_script(response: Response) -> None:
    response.headers["Content-Security-Policy"] = _WITH_SCRIPT


def missing(given: Iterable[tuple[str, str]], where: WhereSettings) -> Sequence[tuple[str, str]]:
    """Returns what `harden` adds to these headers."""
    return _missing(tuple([name for name, _ in given]), where)


@lru_cache(maxsize=256)
def _missing(given: tuple[str, ...], where: WhereSettings) -> Sequence[tuple[str, str]]:
    """Returns the headers that none of these names is of. Computed once for each kind of answer."""
    # On loopback HSTS would hold for every port of `localhost`, also those where other programs serve http.
    strict = {"Strict-Transport-Security": HSTS} if where.is_secure and not where.is_on_loopback else {}
    names = {name.lower() for name in given}
    all_of_them = {**SECURITY_HEADERS, **strict, "Cache-Control": "no-store"}
    return tuple(header for header in all_of_them.items() if header[0].lower() not in names)
