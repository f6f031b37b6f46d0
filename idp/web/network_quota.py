"""Contains how much may come from one network: so many in a window, and more from those with very many people.

Not here: which network a caller is in (`network`), what one person may do (`accounts`).
"""

import ipaddress
from dataclasses import dataclass
from datetime import timedelta

from werkzeug.wrappers import Request

from idp.accounts.spread import Network
from idp.core.ephemeral import EphemeralStore, Kind, Limited
from idp.web.caller_address import Address
from idp.web.network import CallerNetworks


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkQuota:
    """Looked at before anything of a person is used up: what a colleague did costs nobody a try or a code."""

    store: EphemeralStore
    networks: CallerNetworks
    kind: Kind
    most: int
    window: timedelta
    #: Networks where `factor` times as much may come from one address.
    crowded: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]
    factor: int

    def is_used_up(self, request: Request, browser: str) -> bool:
        """Whether no more may come now. Counts nothing."""
        share = self.share(request, browser)
        return self.store.counted(*share.place) >= share.most

    def claim(self, request: Request, browser: str = "") -> bool:
        """Count one. Returns False when it is too many.

        `browser`: what is counted where the proxy tells no address; "" for a caller that has none yet, and could say
        that it is another one each time.
        """
        share = self.share(request, browser)
        return self.store.count(*share.place, share.window) <= share.most

    def share(self, request: Request, browser: str = "") -> Limited:
        """Returns what is counted, and how much may come. `browser`: as for `claim`."""
        address = self.networks.address(request)
        is_crowded = self._is_crowded(address)
        if browser:
            key = self.networks.of_person(request, browser)
        else:
            key = self.networks.of(request)
            # Where it is not told, the peer is a proxy, and very many people stand behind that.
            is_crowded = is_crowded or address is None
        return Limited((self.kind, key), self.window, self.most * (self.factor if is_crowded else 1))

    def network(self, request: Request) -> Network | None:
        """Returns the network of the caller. None where it is not told: all callers would be in one."""
        address = self.networks.address(request)
        if address is None:
            return None
        return Network(self.networks.of(request), self.factor if self._is_crowded(address) else 1)

    def _is_crowded(self, address: Address | None) -> bool:
        return address is not None and any(address in network for network in self.crowded)
