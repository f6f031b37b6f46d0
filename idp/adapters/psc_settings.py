"""What an operator tells us of Pro Santé Connect, typed. The composition root fills it from the settings.

Lives here: the values and the few combinations that are never right.
Must not come here: network, environment.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

# PSC publishes its document under a name of its own; the stock one announces Keycloak's authorization
# endpoint instead of the wallet's (facts/psc §1).
_DISCOVERY_PATH = "/.well-known/wallet-openid-configuration"

_LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

# facts/psc §5.3: PSC's placeholders for "no level" never prove anything.
_NEVER_ACCEPTED_ACR = frozenset({"", "0", "1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PscSettings:
    """Raises ValueError for what could never work or never be safe."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    #: Empty: the issuer followed by PSC's own well-known path.
    discovery_url: str = ""
    scope: str = "openid scope_all"
    acr_values: str = "eidas1"
    accepted_acr: tuple[str, ...] = ("eidas1",)
    accept_missing_acr: bool = False
    clock_skew: timedelta = timedelta(seconds=60)

    def __post_init__(self) -> None:
        if not self.allows(self.issuer) or not self.allows(self.discovery_address):
            raise ValueError("Pro Santé Connect: issuer and discovery must be https, or http on loopback")
        if not self.client_id or not self.client_secret or not self.redirect_uri:
            raise ValueError("Pro Santé Connect: client_id, client_secret and redirect_uri must be set")
        if "openid" not in self.scope.split():
            raise ValueError("Pro Santé Connect: the scope must contain openid")
        if _NEVER_ACCEPTED_ACR.intersection(self.accepted_acr):
            raise ValueError("Pro Santé Connect: acr 0 and 1 state no level and cannot be accepted")

    @property
    def discovery_address(self) -> str:
        return self.discovery_url or self.issuer + _DISCOVERY_PATH

    def allows(self, url: str) -> bool:
        """Whether we may call or redirect to `url`: https, or http on loopback as the issuer itself."""
        return _is_https(url) or (_is_http_loopback(self.issuer) and _is_http_loopback(url))


def _is_https(url: str) -> bool:
    return _scheme_and_host(url)[0] == "https"


def _is_http_loopback(url: str) -> bool:
    scheme, host = _scheme_and_host(url)
    return scheme == "http" and host in _LOOPBACK_HOSTS


def _scheme_and_host(url: str) -> tuple[str, str]:
    """Both empty unless `url` is absolute, of visible ASCII, without user name, password or fragment."""
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        return "", ""
    is_plain = all("!" <= character <= "~" for character in url) and "\\" not in url
    if not host or not is_plain or "@" in parts.netloc or parts.fragment:
        return "", ""
    return parts.scheme, host
