"""Contains how much may come from one network before anything is proved. Not here: passwords, mail codes, bodies."""

import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from idp.settings.addresses import are_networks
from idp.settings.declared import duration, number, seconds, setting
from idp.settings.faults import Rule

_VALUES = "facts/security §0.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdSettings:
    """Many people behind one address."""

    PREFIX: ClassVar[str] = ""

    networks: tuple[str, ...] = setting(
        "Networks (CIDR) in which very many people come through one address, such as a hospital's way out.",
        (),
        name="CROWDED_NETWORKS",
    )
    factor: int = number(
        "Such an address may do so many times what any other may (every `…_PER_IP`).",
        10,
        most=1000,
        name="CROWDED_NETWORKS_FACTOR",
        source=_VALUES,
    )
    begun: int = number(
        "Sign-ins begun from one address: what each keeps is kept for `INTERACTION_LIFE` and an hour.",
        1000,
        name="SIGN_INS_PER_IP",
        source=_VALUES,
    )
    begun_window: timedelta = duration(
        "In so long.", seconds(5 * 60), name="SIGN_INS_PER_IP_WINDOW", source=_VALUES
    )
    attempts: int = number(
        "Times that one sign-in may set out for Pro Santé Connect or the card.",
        50,
        name="ATTEMPTS_PER_SIGN_IN",
        source=_VALUES,
    )
    pushed: int = number(
        "Requests left at /par by one client; by one address, for a client without authentication.",
        6000,
        name="PUSHED_REQUESTS_PER_CLIENT",
        source=_VALUES,
    )
    pushed_window: timedelta = duration(
        "In so long.", seconds(60), name="PUSHED_REQUESTS_PER_CLIENT_WINDOW", source=_VALUES
    )

    @property
    def crowded(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        return tuple(ipaddress.ip_network(text) for text in self.networks)


RULES: tuple[Rule[CrowdSettings], ...] = (
    Rule(
        names="CROWDED_NETWORKS",
        expected="networks such as 192.0.2.0/24 2001:db8::/32",
        is_broken=lambda s: not are_networks(s.networks),
        it_is="a list with something else",
    ),
)
