"""Contains the cookie of a browser that signed in before with this RPPS. Not here: its budget (`accounts/throttle`)."""

import hmac
import re
from dataclasses import dataclass, field

from werkzeug.wrappers import Request, Response

from idp.interaction.store import random_token
from idp.web.cookies import Cookies

_COOKIE = "device"
_YEAR_SECONDS = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class KnownDevices:
    """Such a browser has a budget of its own: an attacker elsewhere cannot lock its owner out (facts/security TH2)."""

    cookies: Cookies
    key: bytes = field(repr=False)

    def nonce(self, request: Request, rpps: str) -> str:
        """Returns the nonce of a device cookie made for this RPPS, else "" (facts/security TH2)."""
        cookie = self.cookies.get(request, _COOKIE) or ""
        found = re.fullmatch(r"([A-Za-z0-9_-]{43})\.([0-9a-f]{64})", cookie)
        if found is None or not hmac.compare_digest(found[2], self._mac(found[1], rpps)):
            return ""
        return found[1]

    def remember(self, response: Response, rpps: str) -> None:
        nonce = random_token()
        self.cookies.set(response, _COOKIE, f"{nonce}.{self._mac(nonce, rpps)}", _YEAR_SECONDS)

    def _mac(self, nonce: str, rpps: str) -> str:
        return hmac.new(self.key, f"{nonce}\0{rpps}".encode(), "sha256").hexdigest()
