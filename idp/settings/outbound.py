"""Contains which URLs of relying parties may be called. Not here: how they are (`adapters/http`)."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from idp.settings.addresses import are_networks
from idp.settings.declared import setting
from idp.settings.faults import Rule


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundSettings:
    """URLs of relying parties that we call."""

    PREFIX: ClassVar[str] = "OUTBOUND_"

    networks: tuple[str, ...] = setting(
        "Private networks (CIDR) in which they may lie; all others of that kind are refused.", ()
    )
    authority_files: tuple[Path, ...] = setting(
        "Authorities of their TLS certificates, PEM, beside the public ones: a hospital has its own.", ()
    )


RULES: tuple[Rule[OutboundSettings], ...] = (
    Rule(
        names="OUTBOUND_NETWORKS",
        expected="networks like 10.20.0.0/16 or fd00::/8",
        is_broken=lambda s: not are_networks(s.networks),
        it_is="a list with something else",
    ),
)
