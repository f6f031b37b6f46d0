"""Contains the network of a caller, for limits and the audit trail. Not here: what a proxy says about certificates."""

import ipaddress
from dataclasses import dataclass

from werkzeug.wrappers import Request


@dataclass(frozen=True, slots=True)
class CallerNetworks:
    """`trusted_proxy_hops`: how many proxies of the operator are in front; 0: no header is believed (TH4)."""

    trusted_proxy_hops: int

    def of(self, request: Request) -> str:
        """Returns the address of the caller, IPv6 cut to its /64; "unknown" when it is no address."""
        forwarded = request.headers.get("X-Forwarded-For", "").split(",")
        # Counted from the right, where our own proxies write: what a client sends stands on the left (TH4).
        hops = self.trusted_proxy_hops
        text = forwarded[-hops].strip() if 0 < hops <= len(forwarded) else (request.remote_addr or "")
        try:
            address = ipaddress.ip_address(text)
        except ValueError:
            return "unknown"
        address = getattr(address, "ipv4_mapped", None) or address
        prefix = 32 if address.version == 4 else 64
        return str(ipaddress.ip_network((address, prefix), strict=False))
