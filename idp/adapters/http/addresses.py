"""Where a URL of a relying party may lead (facts/security CF5).

Contains the form of the URL, and which addresses are public, not those of an inside network. Pure: the resolver is
passed in. Not here: sockets, HTTP.
"""

import ipaddress
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

#: From host and port to addresses, in the order in which they are tried. Raises OSError.
Resolve = Callable[[str, int], Sequence[str]]

#: More are not needed, and each may cost a connection timeout.
_MOST_ADDRESSES = 4

# Stricter than RFC 3986: no user, no fragment, no backslash, nothing that two parsers read in two ways.
_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?P<host>[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?:[/?][!-\"$-\[\]-~]*)?"
)
_PORTS = {"http": 80, "https": 443}

# 2000::/3 is the only routed unicast space (RFC 4291 §2.4). Not the Internet within it: protocol assignments with
# Teredo, documentation, 6to4. NAT64, mapped and site-local addresses are outside it.
_INTERNET_V6 = ipaddress.ip_network("2000::/3")
_NOT_INTERNET_V6 = tuple(
    ipaddress.ip_network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
# RFC 7526: the relays of 6to4. The rest of RFC 6890 is in the properties below.
_NOT_INTERNET_V4 = ipaddress.ip_network("192.88.99.0/24")


class Forbidden(ValueError):
    """The URL may not be called. The message does not repeat it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A checked destination. `host`: the name for TLS and the Host header; `addresses`: those to connect to."""

    scheme: str
    host: str
    port: int
    addresses: tuple[str, ...]

    @property
    def authority(self) -> str:
        """The value of the Host header (RFC 9110 §7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def check_url(url: str, allowed: Sequence[Network], resolve: Resolve) -> Target:
    """Returns the destination, resolved once, every address checked. Raises Forbidden, and what `resolve` raises."""
    found = _URL.fullmatch(url)
    if found is None or len(url) > 2048:
        raise Forbidden("form")
    scheme, host = found["scheme"], found["host"].strip("[]")
    port = int(found["port"] or _PORTS[scheme])
    if not 1 <= port <= 65535:
        raise Forbidden("port")
    if not (_is_literal(found["host"]) or _is_name(host)):
        raise Forbidden("host")
    addresses = [ipaddress.ip_address(text) for text in resolve(host, port)]
    if not addresses:
        raise Forbidden("no address")
    # All of them must pass: with one private address among public ones, a second try would lead inside.
    if not all(_is_allowed(address, allowed) for address in addresses):
        raise Forbidden("address")
    if scheme == "http" and not all(address.is_loopback for address in addresses):
        raise Forbidden("scheme")
    return Target(
        scheme=scheme,
        host=host,
        port=port,
        addresses=tuple(str(address) for address in addresses[:_MOST_ADDRESSES]),
    )


def _is_literal(host: str) -> bool:
    """Whether the host is an IP address: IPv6 in brackets (RFC 3986 §3.2.2), or four decimal parts."""
    parse = ipaddress.IPv6Address if host.startswith("[") else ipaddress.IPv4Address
    try:
        parse(host.strip("[]"))
    except ValueError:
        return False
    return True


def _is_name(host: str) -> bool:
    """Whether it is a name. A host that ends in a number is IPv4 in an old spelling: 127.1, 0x7f000001, 2130706433."""
    labels = host.removesuffix(".").split(".")
    are_labels = all(re.fullmatch(r"[A-Za-z0-9_-]{1,63}", label) for label in labels)
    return are_labels and not re.fullmatch(r"[0-9]+|0[xX][0-9A-Fa-f]*", labels[-1])


def _is_allowed(address: Address, allowed: Sequence[Network]) -> bool:
    return is_internet(address) or any(address in network for network in allowed)


def is_internet(address: Address) -> bool:
    """Whether this is a unicast address of the public Internet: not private, shared, local, reserved, nor embedded."""
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    if isinstance(address, ipaddress.IPv4Address):
        return address not in _NOT_INTERNET_V4
    return address in _INTERNET_V6 and not any(address in network for network in _NOT_INTERNET_V6)
