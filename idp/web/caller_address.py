"""Contains how proxies write a caller's address in `X-Forwarded-For`, and the warning when they do not.

Not here: which entry is believed, what is counted by address (`network`).
"""

import ipaddress
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

import structlog

from idp.core.clock import Clock

log = structlog.get_logger()

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

#: `[` address, `%` zone, `]:` port: a caller may write what it likes on the left, and what is kept must stay small.
_LONGEST = 100
_WARNED_FOR = timedelta(hours=1)
#: `192.0.2.7:5678`, `[2001:db8::1]`, `[2001:db8::1]:443`: RFC 7239 §6, which some proxies follow here too.
_WITH_PORT = re.compile(r"(?:\[([^]]*)\]|([0-9.]+))(?::[0-9]{1,5})?")


def address_of(text: str) -> Address | None:
    """Returns the address in an entry, with or without port and brackets; None for anything else."""
    return _read(text) if len(text) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _read(text: str) -> Address | None:
    """Kept for the requests that follow: each asks several times, and a browser sends several."""
    found = _WITH_PORT.fullmatch(text)
    bare = (found[1] or found[2] or "") if found else text
    try:
        # A zone (RFC 4007 §11) names an interface of the proxy, not a network of the caller.
        address = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@dataclass(slots=True)
class Warnings:
    """Once an hour and fault, in each process: every request would have it. The log gets no address."""

    clock: Clock
    _last: dict[str, datetime] = field(default_factory=dict)

    def warn(self, fault: str) -> None:
        now = self.clock.now()
        last = self._last.get(fault)
        if last is None or now - last >= _WARNED_FOR:
            self._last[fault] = now
            log.warning("forwarded_for", fault=fault)
