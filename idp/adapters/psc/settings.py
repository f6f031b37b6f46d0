"""What an operator tells us of Pro Santé Connect, typed. The composition root fills it from the settings.

Contains the values and the few combinations that are never right.
Not here: network, environment.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlsplit

from idp.adapters.psc.claims import PHYSICIAN_CATEGORIES
from idp.adapters.psc.presets import DISCOVERY_PATH, ENDPOINTS

_LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})

# facts/psc §5.3: PSC's placeholders for "no level" never prove anything.
_NEVER_ACCEPTED_ACR = frozenset({"", "0", "1"})

#: facts/psc §3.1. `private_key_jwt` is advertised and reportedly not usable.
SECRET_METHODS = ("client_secret_basic", "client_secret_post")
CLIENT_AUTHENTICATION = (*SECRET_METHODS, "tls_client_auth")


@dataclass(frozen=True, slots=True, kw_only=True)
class PscSettings:
    """Raises ValueError for what could never work or never be safe."""

    issuer: str
    client_id: str
    #: Empty with `tls_client_auth`.
    client_secret: str = field(default="", repr=False)
    redirect_uri: str
    client_authentication: str = "client_secret_basic"
    #: PEM files of the organisation's client certificate (IGC-Santé): presented on every call when given.
    client_certificate_file: str = ""
    client_key_file: str = ""
    #: PEM file of the authorities that vouch for PSC's own certificate; empty: those every browser knows.
    ca_file: str = ""
    #: The operator's own endpoints, by member of the published document: they win over it.
    endpoints: Mapping[str, str] = field(default_factory=dict)
    #: Endpoints known beforehand (preset): used while nothing is published.
    expected: Mapping[str, str] = field(default_factory=dict)
    #: Empty: the issuer followed by PSC's own well-known path.
    discovery_url: str = ""
    scope: str = "openid scope_all"
    acr_values: str = "eidas1"
    accepted_acr: tuple[str, ...] = ("eidas1",)
    accept_missing_acr: bool = False
    #: With which `codeCategorieProfessionnelle` profession 10 is a physician.
    physician_categories: tuple[str, ...] = PHYSICIAN_CATEGORIES
    clock_skew: timedelta = timedelta(seconds=60)
    #: An unknown `kid` makes us fetch the keys at most so often: it is no lever to make us hammer PSC.
    keys_pause: timedelta = timedelta(seconds=30)
    #: After so many failures in a row of one endpoint nobody waits for it, for so long.
    circuit_failures: int = 5
    circuit_pause: timedelta = timedelta(seconds=30)
    #: Sign-ins that wait for it in one process, and how long one may wait before it asks the next question.
    at_once: int = 8
    in_all: timedelta = timedelta(seconds=10)
    #: How old our knowledge of its health may be when a sign-in page is shown.
    watch_every: timedelta = timedelta(seconds=30)
    #: Look at the sign-in pages as well: this machine must be able to reach them.
    watch_wallet: bool = True

    def __post_init__(self) -> None:
        if not self.allows(self.issuer) or not self.allows(self.discovery_address):
            raise ValueError("Pro Santé Connect: issuer and discovery must be https, or http on loopback")
        if not self.client_id or not self.redirect_uri:
            raise ValueError("Pro Santé Connect: client_id and redirect_uri must be set")
        self._check_client_authentication()
        self._check_endpoints()
        if "openid" not in self.scope.split():
            raise ValueError("Pro Santé Connect: the scope must contain openid")
        if _NEVER_ACCEPTED_ACR.intersection(self.accepted_acr):
            raise ValueError("Pro Santé Connect: acr 0 and 1 state no level and cannot be accepted")

    def _check_client_authentication(self) -> None:
        if self.client_authentication not in CLIENT_AUTHENTICATION:
            raise ValueError(f"Pro Santé Connect: client authentication is one of {CLIENT_AUTHENTICATION}")
        if self.uses_secret and not self.client_secret:
            raise ValueError("Pro Santé Connect: client_secret must be set, or tls_client_auth be chosen")
        if bool(self.client_certificate_file) != bool(self.client_key_file):
            raise ValueError("Pro Santé Connect: the client certificate and its key go together")
        if not self.uses_secret and not self.client_certificate_file:
            raise ValueError("Pro Santé Connect: tls_client_auth needs a client certificate and its key")
        if self.client_certificate_file:
            _require_pair(self.client_certificate_file, self.client_key_file)

    def _check_endpoints(self) -> None:
        for name, url in self.endpoints.items():
            if name not in ENDPOINTS or not self.allows(url):
                raise ValueError(f"Pro Santé Connect: {name} must be https, or http on loopback")

    @property
    def uses_secret(self) -> bool:
        return self.client_authentication in SECRET_METHODS

    @property
    def certificate(self) -> tuple[str, str] | None:
        if not self.client_certificate_file:
            return None
        return self.client_certificate_file, self.client_key_file

    @property
    def discovery_address(self) -> str:
        return self.discovery_url or self.issuer + DISCOVERY_PATH

    def allows(self, url: str) -> bool:
        """Whether we may call or redirect to `url`: https, or http on loopback as the issuer itself."""
        return _is_https(url) or (_is_http_loopback(self.issuer) and _is_http_loopback(url))


def _require_pair(certificate_file: str, key_file: str) -> None:
    """Raises ValueError: better at the start than at the first sign-in."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate_file, key_file, password="")
    except (OSError, ValueError) as error:
        raise ValueError(
            f"Pro Santé Connect: client certificate or key: {error.strerror or error}"
            if isinstance(error, OSError)
            else "Pro Santé Connect: client certificate or key: unreadable"
        ) from None


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
