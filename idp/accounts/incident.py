"""Contains which sessions an incident ends, and how many that is. Not here: ending them (`adapters/sql/incidents`)."""

import ipaddress
from dataclasses import dataclass
from datetime import datetime

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: As much of an address is kept of a session: what its person reads is as short (docs/adr/0041).
_KEPT_BITS = {4: 24, 6: 48}
_IPV4_IN_IPV6 = int(ipaddress.IPv6Address("::ffff:0:0"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Criteria:
    """A session is meant that meets all of them; None: any."""

    #: Signed the person in to this application.
    client_id: str | None = None
    #: Something was proved in it by this door.
    door: str | None = None
    #: Its last proof came from there.
    network: Network | None = None
    #: It began since, or signed the person in to an application since; of `client_id`, to that one.
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How much there is of each. `listeners`: applications that are told."""

    sessions: int
    #: Those of them that are not over here: of the others applications may have made sessions of their own.
    living: int
    people: int
    grants: int
    refresh_tokens: int
    notices: int
    listeners: int


def kept_network(address: Address) -> Network:
    """Returns what is kept of an address."""
    return ipaddress.ip_network((address, _KEPT_BITS[address.version]), strict=False)


def kept_address(address: Address) -> str:
    """Returns the first address of its network as 32 hexadecimal digits, IPv4 within IPv6 (RFC 4291 §2.5.5.2): as texts
    they are in the order of addresses, in every database."""
    return _digits(kept_network(address).network_address)


def kept_between(network: Network) -> tuple[str, str]:
    """Returns the first and the last that is kept of addresses of this network; of a narrower one than is kept, all of
    that."""
    first, last = kept_network(network.network_address), kept_network(network.broadcast_address)
    return _digits(first.network_address), _digits(last.network_address)


def is_narrower_than_kept(network: Network) -> bool:
    return network.prefixlen > _KEPT_BITS[network.version]


def _digits(address: Address) -> str:
    return f"{int(address) + (_IPV4_IN_IPV6 if address.version == 4 else 0):032x}"
