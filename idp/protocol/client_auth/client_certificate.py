"""Contains the TLS certificate of a caller, as the proxy in front passes it on (RFC 9440).

Certificates are public: one in a header proves nothing, unless it comes from the proxy that did the handshake, and the
proxy proves itself (facts/security CP1, T9; docs/adr/0010). Not here: which client it proves (`tls_client`).
"""

import hashlib
import hmac
import re
from dataclasses import dataclass

from cryptography import x509
from werkzeug.wrappers import Request

from idp.core.audit import AuditEvent
from idp.core.errors import RuleBroken
from idp.core.octets import b64_octets
from idp.core.refusal_trail import RefusalTrail
from idp.protocol.rules.use_rules import CERTIFICATE_NOT_BELIEVED, CERTIFICATE_UNREADABLE
from idp.signing.key_ring import b64u
from idp.web.network import CallerNetworks

MAX_BYTES = 16 * 1024
CERTIFICATE_HEADER, PROXY_HEADER = "Client-Cert", "Caducee-Proxy"

#: RFC 9440 §2.1, RFC 8941 §3.3.5: one byte sequence, without parameters. A repeated header comes joined by a comma.
_BYTE_SEQUENCE = re.compile(r":([A-Za-z0-9+/]+={0,2}):")


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """The caller proved to the proxy that it holds the key. Nothing else is proved: neither its path nor its dates."""

    der: bytes
    parsed: x509.Certificate

    @property
    def thumbprint(self) -> str:
        """Returns `x5t#S256` (RFC 8705 §3.1)."""
        return b64u(hashlib.sha256(self.der).digest())


class CertificateRefused(RuleBroken):
    """A certificate that did not come from the proxy, or that cannot be read."""


@dataclass(frozen=True, slots=True)
class ClientCertificates:
    """`proxy_secret`: what the proxy adds to its requests; empty: no proxy is believed."""

    proxy_secret: str
    trail: RefusalTrail
    networks: CallerNetworks

    def of(self, request: Request) -> ClientCertificate | None:
        """Returns the certificate of this connection, None without one. Raises CertificateRefused, and audits that."""
        header = request.headers.get(CERTIFICATE_HEADER, "").strip()
        if not header:
            return None
        if not self._is_from_proxy(request):
            self._record_refusal(request, "not_from_proxy")
            raise CertificateRefused(CERTIFICATE_NOT_BELIEVED)
        try:
            return _read(header)
        except ValueError as error:
            self._record_refusal(request, "unreadable")
            raise CertificateRefused(CERTIFICATE_UNREADABLE) from error

    def _is_from_proxy(self, request: Request) -> bool:
        presented = request.headers.get(PROXY_HEADER, "")
        return bool(self.proxy_secret) and hmac.compare_digest(presented.encode(), self.proxy_secret.encode())

    def _record_refusal(self, request: Request, reason: str) -> None:
        network = self.networks.of(request)
        self.trail.record_refusal(AuditEvent.CERTIFICATE_REFUSED, network, reason=reason)


def _read(header: str) -> ClientCertificate:
    """Returns the certificate in the header. Raises ValueError."""
    found = _BYTE_SEQUENCE.fullmatch(header) if len(header) <= MAX_BYTES else None
    if found is None:
        raise ValueError("size or form")
    der = b64_octets(found[1])
    parsed = x509.load_der_x509_certificate(der)
    # Read once here: they raise ValueError for a date that no calendar has.
    _ = parsed.not_valid_before_utc, parsed.not_valid_after_utc
    return ClientCertificate(der, parsed)
