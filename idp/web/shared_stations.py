"""Stations that several people use (facts/security T12).

Contains which browsers are on one: a session, an identification or a mark left there is not the next person's. Not
here: what is asked there (`interaction/next_stop`, `flows/same_person`).
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from werkzeug.wrappers import Request, Response

from idp.web.cookies import DEVICE_COOKIE, DOOR_COOKIE, YEAR_SECONDS, Cookies
from idp.web.network import CallerNetworks

_COOKIE = "shared"


@dataclass(frozen=True, slots=True)
class SharedStations:
    """Known by their network (the operator's setting), or because a user said so in this browser."""

    cookies: Cookies
    networks: CallerNetworks
    shared: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]

    def holds(self, request: Request) -> bool:
        return self.is_declared(request) or self.is_in_network(request)

    def is_declared(self, request: Request) -> bool:
        """Whether a user of this browser said so."""
        return self.cookies.get(request, _COOKIE) is not None

    def declare(self, response: Response) -> None:
        """Remember that it is shared, and nothing of the person who used it alone until now."""
        self.cookies.set(response, _COOKIE, "1", YEAR_SECONDS)
        for name in (DEVICE_COOKIE, DOOR_COOKIE):
            self.cookies.clear(response, name)

    def withdraw(self, response: Response) -> None:
        self.cookies.clear(response, _COOKIE)

    def is_in_network(self, request: Request) -> bool:
        """Whether the operator declared its network: no user can change that."""
        if not self.shared:
            return False
        if self.networks.address(request) is None:
            # The proxy does not tell it: it may be one of them, and to ask is then the safe side.
            return True
        asking = ipaddress.ip_network(self.networks.of(request))
        # An IPv6 address is known by its /64 only: one declared station makes all of them shared, and never none.
        return any(asking.overlaps(network) for network in self.shared)

    def is_surely_in_network(self, request: Request) -> bool:
        """Whether the operator declared its network; no for a caller whose address is not told."""
        return self.networks.address(request) is not None and self.is_in_network(request)

    def life(self, request: Request) -> int | None:
        """Returns how long a preference is kept: on a shared station until the browser closes."""
        return None if self.holds(request) else YEAR_SECONDS
