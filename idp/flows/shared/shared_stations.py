"""Stations that several people use (facts/security T12).

Contains which browsers are on one: an identification left open there is not the next person's. Not here: identifying.
"""

import ipaddress
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.web.cookies import Cookies
from idp.web.network import CallerNetworks

_YEAR_SECONDS = 365 * 24 * 3600
_COOKIE = "shared"


@dataclass(frozen=True, slots=True)
class SharedStations:
    """Known by their network (the operator's setting), or because a user said so in this browser."""

    cookies: Cookies
    networks: CallerNetworks
    shared: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]

    def holds(self, request: Request) -> bool:
        return self.is_declared(request) or self._is_in_network(request)

    def is_declared(self, request: Request) -> bool:
        """Whether a user of this browser said so."""
        return self.cookies.get(request, _COOKIE) is not None

    def declare(self, response: Response) -> None:
        self.cookies.set(response, _COOKIE, "1", _YEAR_SECONDS)

    def withdraw(self, response: Response) -> None:
        self.cookies.clear(response, _COOKIE)

    def _is_in_network(self, request: Request) -> bool:
        address = self.networks.address(request)
        # Where the proxy tells no address this may be one of them: to identify afresh is then the safe side.
        return any(address is None or address in network for network in self.shared)
