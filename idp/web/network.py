"""Contains the network of a caller, for limits and the audit trail. Not here: what a proxy says about certificates."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from werkzeug.wrappers import Request

from idp.web.caller_address import Address, Warnings, address_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerNetworks:
    """`trusted_proxy_hops`: how many proxies of the operator are in front; 0: no header is believed (TH4)."""

    trusted_proxy_hops: int
    warnings: Warnings

    def address(self, request: Request) -> Address | None:
        """Returns the address of the caller, None when the proxy does not tell it. Warns of what proxies miswrite."""
        return self.address_in(request.environ)

    def address_in(self, environ: Mapping[str, Any]) -> Address | None:
        """The same, of a WSGI environment: nothing is made of it that the audit trail of each request would pay."""
        if not self.trusted_proxy_hops:
            return address_of(environ.get("REMOTE_ADDR") or "")
        entries = [entry.strip() for entry in environ.get("HTTP_X_FORWARDED_FOR", "").split(",")]
        if len(entries) < self.trusted_proxy_hops:
            self.warnings.warn("fewer entries than TRUSTED_PROXY_HOPS")
        # Counted from the right, where our own proxies write: what a client sends stands on the left (TH4).
        text = entries[-min(self.trusted_proxy_hops, len(entries))]
        address = address_of(text)
        if address is None:
            self.warnings.warn("no address" if text else "missing or empty")
        elif ":" in text and ("." in text.partition(":")[0] or text.startswith("[")):
            self.warnings.warn("address with port or brackets")
        return address

    def of(self, request: Request) -> str:
        """Returns the network of the caller, IPv6 cut to its /64; when it is not told, that of our peer."""
        address = self.address(request) or address_of(request.remote_addr or "")
        return _network_of(address) if address else "unknown"

    def of_person(self, request: Request, browser: str) -> str:
        """Returns what the forms of one person count by: the network, or the browser when no address is told.

        The peer would be a proxy: all people behind it would share what is meant for one.
        """
        address = self.address(request)
        return _network_of(address) if address else f"browser {browser}"


@lru_cache(maxsize=4096)
def _network_of(address: Address) -> str:
    return str(ipaddress.ip_network((address, 32 if address.version == 4 else 64), strict=False))
