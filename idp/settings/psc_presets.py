"""What is known of each environment of Pro Santé Connect.

Contains dated presets, to compare with what it publishes. The published document has priority over a preset, and the
operator's own setting over both. Not here: fetching.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

#: The endpoints we use, by their name in the published document.
ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "userinfo_endpoint",
    "jwks_uri",
    "end_session_endpoint",
)
#: Pro Santé Connect publishes its document under a name of its own; the stock one announces Keycloak's authorization
#: endpoint instead of the wallet's (facts/psc §1).
DISCOVERY_PATH = "/.well-known/wallet-openid-configuration"
#: The one of every other OpenID Provider (OpenID Connect Discovery 1.0 §4).
STOCK_DISCOVERY_PATH = "/.well-known/openid-configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    name: str
    #: When it was last verified; `source`: against what.
    as_of: date
    source: str
    issuer: str
    endpoints: Mapping[str, str]


def _preset(name: str, as_of: date, source: str, auth: str, wallet: str) -> Preset:
    issuer = f"https://{auth}/auth/realms/esante-wallet"
    protocol = f"{issuer}/protocol/openid-connect"
    endpoints = {
        "authorization_endpoint": f"https://{wallet}/auth",
        "token_endpoint": f"{protocol}/token",
        "userinfo_endpoint": f"{protocol}/userinfo",
        "jwks_uri": f"{protocol}/certs",
        "end_session_endpoint": f"{protocol}/logout",
    }
    return Preset(name=name, as_of=as_of, source=source, issuer=issuer, endpoints=MappingProxyType(endpoints))


#: The old sandbox hosts `*.bas.esw.esante.gouv.fr` no longer resolve; production still uses `esw`.
PRESETS: Mapping[str, Preset] = {
    preset.name: preset
    for preset in (
        _preset(
            "production",
            date(2026, 9, 27),
            "addresses that answered that day; the document itself was not seen",
            "auth.esw.esante.gouv.fr",
            "wallet.esw.esante.gouv.fr",
        ),
        _preset(
            "sandbox",
            date(2026, 9, 27),
            "addresses that answered that day; document of late 2024 (bac à sable)",
            "auth.bas.psc.esante.gouv.fr",
            "wallet.bas.psc.esante.gouv.fr",
        ),
    )
}
