"""Contains the cookie of a browser that signed in before with this RPPS. Not here: its budget (`accounts/throttle`)."""

import hmac
import re
from dataclasses import dataclass, field

from werkzeug.wrappers import Request, Response

from idp.interaction.store import random_token
from idp.web.cookies import DEVICE_COOKIE, YEAR_SECONDS, Cookies
from idp.web.shared_stations import SharedStations


@dataclass(frozen=True, slots=True)
class KnownDevices:
    """Such a browser has a budget of its own: an attacker elsewhere cannot lock its owner out (facts/security TH2).

    A shared station has no owner: it is remembered for nobody (facts/security T12).
    """

    cookies: Cookies
    stations: SharedStations
    key: bytes = field(repr=False)

    def nonce(self, request: Request, rpps: str) -> str:
        """Returns the nonce of a device cookie made for this RPPS, else "" (facts/security TH2)."""
        if self.stations.holds(request):
            return ""
        cookie = self.cookies.get(request, DEVICE_COOKIE) or ""
        found = re.fullmatch(r"([A-Za-z0-9_-]{43})\.([0-9a-f]{64})", cookie)
        if found is None or not hmac.compare_digest(found[2], self._mac(found[1], rpps)):
            return ""
        return found[1]

    def remember(self, request: Request, response: Response, rpps: str) -> None:
        if self.stations.holds(request):
            # Of the time before it was declared shared.
            self.cookies.clear(response, DEVICE_COOKIE)
            return
        nonce = random_token()
        self.cookies.set(response, DEVICE_COOKIE, f"{nonce}.{self._mac(nonce, rpps)}", YEAR_SECONDS)

    def _mac(self, nonce: str, rpps: str) -> str:
        return hmac.new(self.key, f"{nonce}\0{rpps}".encode(), "sha256").hexdigest()
