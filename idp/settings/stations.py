"""Contains the networks of the house: their names, and the stations there that several people use.

Not here: Pro Santé Connect, networks with very many people (`crowd`).
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from idp.settings.addresses import are_networks
from idp.settings.declared import duration, seconds, setting
from idp.settings.faults import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class StationSettings:
    """Shared stations."""

    PREFIX: ClassVar[str] = "SHARED_"

    stations: tuple[str, ...] = setting(
        "Networks (CIDR) of stations that several people use: a session there is never taken without a question, "
        "and Pro Santé Connect identifies afresh each time.",
        (),
        source="facts/psc §9",
    )
    station_idle: timedelta = duration(
        "An SSO session that is not used, on a shared station; never longer than `SESSION_IDLE`.",
        seconds(5 * 60),
        source="facts/security §0.2",
    )
    named_networks: tuple[str, ...] = setting(
        "Networks of the establishment as `Name=CIDR`, `_` for a space in a name: a person reads « réseau de "
        "l'établissement » and the name beside their sessions there, in place of an address. Those of "
        "`SHARED_STATIONS` are of the establishment too.",
        (),
        name="NAMED_NETWORKS",
    )

    @property
    def names(self) -> Mapping[ipaddress.IPv4Network | ipaddress.IPv6Network, str]:
        """Returns each network of the establishment with its name, "" for one that has none."""
        named = (text.rpartition("=") for text in self.named_networks)
        return dict.fromkeys(self.networks, "") | {
            ipaddress.ip_network(network): name.replace("_", " ") for name, _, network in named
        }

    @property
    def given_names(self) -> frozenset[str]:
        """Returns the names alone, also of what is no network."""
        return frozenset(text.rpartition("=")[0].replace("_", " ") for text in self.named_networks)

    @property
    def networks(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        return tuple(ipaddress.ip_network(text) for text in self.stations)


def _is_named(text: str) -> bool:
    name, _, network = text.rpartition("=")
    return 0 < len(name) <= 60 and name.isprintable() and are_networks([network])


RULES: tuple[Rule[StationSettings], ...] = (
    Rule(
        names="SHARED_STATIONS",
        expected="networks such as 192.0.2.0/24 2001:db8::/32",
        is_broken=lambda s: not are_networks(s.stations),
        it_is="a list with something else",
    ),
    Rule(
        names="NAMED_NETWORKS",
        expected="such as CHU_de_Lille=192.0.2.0/24, each with a name of 60 characters at most",
        is_broken=lambda s: not all(map(_is_named, s.named_networks)),
        it_is="a list with something else",
    ),
)
