"""Contains where a request comes from, in the words that its person reads later. Not here: what is counted by address
(`network`), which stations are shared (`shared_stations`)."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from werkzeug.wrappers import Request

from idp.accounts.incident import kept_address
from idp.accounts.open_sessions import Origin
from idp.web.agents import browser_and_system
from idp.web.caller_address import Address
from idp.web.network import CallerNetworks

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Origins:
    """`named`: networks of the house; a name of "" for one that has none."""

    networks: CallerNetworks
    named: Mapping[Network, str]

    def of(self, request: Request) -> Origin:
        browser, system = browser_and_system(request.headers.get("User-Agent", ""))
        address = self.networks.address(request)
        if address is None:
            return Origin(browser=browser, system=system)
        names = [name for network, name in self.named.items() if address in network]
        return Origin(
            browser=browser,
            system=system,
            # A name says more than none, where two networks overlap.
            network=next(filter(None, names), "") if names else shortened(address),
            is_of_house=bool(names),
            address=kept_address(address),
        )


def shortened(address: Address) -> str:
    """Returns `192.0.2.x`, or the /48 of an IPv6 address: enough for its person, too little to find a connection."""
    if address.version == 4:
        return f"{str(address).rpartition('.')[0]}.x"
    return str(ipaddress.ip_network((address, 48), strict=False))
