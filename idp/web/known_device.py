"""Contains the cookie of a browser that persons used before: who typed their password there, who signed in.

Not here: the budget of such a browser (`accounts/throttle`), the mail about a new one (`accounts/new_browsers`).
"""

import base64
import hmac
import re
from dataclasses import dataclass, field

from werkzeug.wrappers import Request, Response

from idp.interaction.store import random_token
from idp.web.cookies import DEVICE_COOKIE, YEAR_SECONDS, Cookies
from idp.web.shared_stations import SharedStations

#: A nonce, then a mark for each person: 128 bits. The cookie stays below what `Cookies.get` reads.
_COOKIE = re.compile(r"([A-Za-z0-9_-]{43})((?:\.[A-Za-z0-9_-]{22})+)")
_MARK_BYTES = 16
#: In the browser of a practice there may be some.
_MOST_PERSONS = 6
#: What a mark says. Who typed the password has not signed in: the code is still to come.
_TYPED, _ENTERED = "typed", "entered"


@dataclass(frozen=True, slots=True)
class KnownDevices:
    """Such a browser has a budget of its own: an attacker elsewhere cannot lock its owner out (facts/security TH2). A
    sign-in there is nothing new (docs/adr/0041).

    A shared station has no owner: it is remembered for nobody (facts/security T12).
    """

    cookies: Cookies
    stations: SharedStations
    key: bytes = field(repr=False)

    def nonce(self, request: Request, rpps: str) -> str:
        """Returns the nonce of a device cookie made for this RPPS, else "" (facts/security TH2)."""
        nonce, marks = self._read(request)
        return (
            nonce if self._has(nonce, marks, rpps, _TYPED) or self._has(nonce, marks, rpps, _ENTERED) else ""
        )

    def has_entered(self, request: Request, rpps: str) -> bool:
        """Whether this person signed in with this browser before."""
        return self._has(*self._read(request), rpps, _ENTERED)

    def is_usual(self, request: Request, rpps: str) -> bool:
        """Whether a sign-in of this person here is nothing that they would have to be told.

        What a user declared is no reason: whoever stole a password could declare so, too.
        """
        return self.stations.is_surely_in_network(request) or self.has_entered(request, rpps)

    def typed(self, request: Request, response: Response, rpps: str) -> None:
        """Remember that this person's password was typed here."""
        self._remember(request, response, rpps, _ENTERED if self.has_entered(request, rpps) else _TYPED)

    def entered(self, request: Request, response: Response, rpps: str) -> None:
        """Remember that this person signed in here."""
        self._remember(request, response, rpps, _ENTERED)

    def _remember(self, request: Request, response: Response, rpps: str, what: str) -> None:
        if self.stations.holds(request):
            # Of the time before it was declared shared.
            self.cookies.clear(response, DEVICE_COOKIE)
            return
        nonce, marks = self._read(request)
        nonce = nonce or random_token()
        known = {self._mark(nonce, rpps, one) for one in (_TYPED, _ENTERED)}
        others = [mark for mark in marks if mark not in known]
        kept = [self._mark(nonce, rpps, what), *others][:_MOST_PERSONS]
        self.cookies.set(response, DEVICE_COOKIE, ".".join([nonce, *kept]), YEAR_SECONDS)

    def _read(self, request: Request) -> tuple[str, list[str]]:
        """Returns the nonce and the marks, whoever made them; "" when there is none to trust."""
        found = _COOKIE.fullmatch(self.cookies.get(request, DEVICE_COOKIE) or "")
        if found is None or self.stations.holds(request):
            return "", []
        return found[1], found[2].removeprefix(".").split(".")

    def _has(self, nonce: str, marks: list[str], rpps: str, what: str) -> bool:
        wanted = self._mark(nonce, rpps, what)
        return any(hmac.compare_digest(mark, wanted) for mark in marks)

    def _mark(self, nonce: str, rpps: str, what: str) -> str:
        mac = hmac.digest(self.key, f"{nonce}\0{rpps}\0{what}".encode(), "sha256")[:_MARK_BYTES]
        return base64.urlsafe_b64encode(mac).decode().rstrip("=")
