"""Contains the stations that several people use: which ones, and how long a session waits there. Not here: PSC."""

import ipaddress
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

    @property
    def networks(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        return tuple(ipaddress.ip_network(text) for text in self.stations)


RULES: tuple[Rule[StationSettings], ...] = (
    Rule(
        names="SHARED_STATIONS",
        expected="networks such as 192.0.2.0/24 2001:db8::/32",
        is_broken=lambda s: not are_networks(s.stations),
        it_is="a list with something else",
    ),
)
