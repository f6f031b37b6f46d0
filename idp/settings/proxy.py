"""Contains the proxies in front of us, and the client certificates that one passes on. Not here: our own TLS."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from idp.settings.addresses import origin_rules, split
from idp.settings.declared import number, setting
from idp.settings.faults import Rule
from idp.settings.keys import KEY, is_no_header

_MTLS = "an https origin, and CADUCEE_PROXY_SECRET with it"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySettings:
    """Proxies in front, and TLS certificates of relying parties."""

    PREFIX: ClassVar[str] = ""

    trusted_hops: int = number(
        "Reverse proxies in a row whose `X-Forwarded-For` is believed.",
        0,
        name="TRUSTED_PROXY_HOPS",
        least=0,
        most=16,
    )
    secret: str = setting(
        "What the proxy adds to each request (`Caducee-Proxy`), so that its `Client-Cert` (RFC 9440) is believed; "
        "empty: no client certificate is believed, from any sender.",
        "",
        name="PROXY_SECRET",
        is_secret=True,
    )
    mtls_origin: str = setting(
        "The origin where the proxy asks relying parties for their TLS certificate (RFC 8705 §5); empty: mTLS is off.",
        "",
    )
    mtls_authority_files: tuple[Path, ...] = setting(
        "Authorities of `tls_client_auth` certificates, PEM.", ()
    )


RULES: tuple[Rule[ProxySettings], ...] = (
    Rule(
        names="PROXY_SECRET",
        expected=KEY,
        is_broken=lambda s: bool(s.secret) and is_no_header(s.secret),
        it_is="shorter, or of other signs",
        leaves="presence",
    ),
    Rule(
        names="MTLS_ORIGIN",
        expected=_MTLS,
        is_broken=lambda s: (
            bool(s.mtls_origin)
            and not ((url := split(s.mtls_origin)) and url.scheme == "https" and url.hostname)
        ),
        it_is="another URL",
    ),
    *origin_rules("MTLS_ORIGIN", _MTLS, lambda s: str(s.mtls_origin)),
    Rule(
        names="MTLS_ORIGIN",
        expected=_MTLS,
        is_broken=lambda s: bool(s.mtls_origin) and not s.secret,
        it_is="alone",
        beside="PROXY_SECRET:presence",
    ),
)
