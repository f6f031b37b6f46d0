"""Contains to which identity provider of Pro Santé Connect a person is sent straight (`kc_idp_hint`, facts/psc §2).

A hospital's own, to which it delegates. Not here: the request (`adapters/psc`), the settings.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from werkzeug.wrappers import Request

from idp.clients.client_file import ClientFile
from idp.interaction.record import Interaction
from idp.web.network import CallerNetworks


@dataclass(frozen=True, slots=True, kw_only=True)
class PscBrokers:
    clients: ClientFile
    networks: CallerNetworks
    by_network: Mapping[ipaddress.IPv4Network | ipaddress.IPv6Network, str]

    def of(self, request: Request, interaction: Interaction) -> str | None:
        """Returns the hint of the relying party, else that of the network in which the person is; None: they choose.

        An application of one hospital has its people there, wherever they sit; a network says it for all others.
        """
        client = self.clients.get(interaction.client_id)
        if client is not None and client.psc_idp_hint is not None:
            return client.psc_idp_hint
        # Nothing is guessed of a caller whose address the proxy does not tell.
        address = self.networks.address(request) if self.by_network else None
        around = [network for network in self.by_network if address is not None and address in network]
        # Of networks in one another, the smallest is meant.
        return self.by_network[max(around, key=lambda one: one.prefixlen)] if around else None
