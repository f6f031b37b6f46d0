"""Contains clients that prove themselves by a TLS certificate: of an authority, or self-signed (RFC 8705 §2).

Not here: how the certificate gets here (`client_certificate`).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import (
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from idp.clients.credential_uses import CredentialUses
from idp.clients.key_sets import ClientKeys, KeysUnavailable
from idp.clients.members import TLS_SUBJECTS
from idp.clients.public_keys import PublicJwk, leaf_der
from idp.clients.registry import Client
from idp.core.clock import Clock
from idp.protocol.client_auth.client_authentication import PresentedCredentials
from idp.protocol.client_auth.client_certificate import ClientCertificate, ClientCertificates


def _names(certificate: x509.Certificate, kind: type[Any]) -> list[Any]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return names.get_values_for_type(kind)


#: RFC 8705 §2.1.2: which names of a certificate are compared, exactly, with the one that is registered.
_NAMES_OF: Mapping[str, Callable[[x509.Certificate], Iterable[str]]] = {
    "tls_client_auth_subject_dn": lambda found: [found.subject.rfc4514_string()],
    # RFC 4343: host names have no case. A wildcard matches only itself, and no client registers one.
    "tls_client_auth_san_dns": lambda found: [name.lower() for name in _names(found, x509.DNSName)],
    "tls_client_auth_san_uri": lambda found: _names(found, x509.UniformResourceIdentifier),
    "tls_client_auth_san_ip": lambda found: [str(address) for address in _names(found, x509.IPAddress)],
    "tls_client_auth_san_email": lambda found: _names(found, x509.RFC822Name),
}
assert _NAMES_OF.keys() == TLS_SUBJECTS.keys()  # noqa: S101 - two tables, one list of names


def read_authorities(pem: bytes) -> list[x509.Certificate]:
    """Returns the authorities. Raises ValueError: one of them may sign no certificate (RFC 5280 §4.2.1.3, §4.2.1.9)."""
    found = x509.load_pem_x509_certificates(pem)
    for authority in found:
        try:
            usage = authority.extensions.get_extension_for_class(x509.KeyUsage).value
            constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
        except x509.ExtensionNotFound as error:
            raise ValueError("an authority says so in basicConstraints and keyUsage") from error
        if not constraints.ca or not usage.key_cert_sign:
            raise ValueError("not an authority")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsClientAuthentication:
    """`authorities`: those whose certificates prove clients, each a trust anchor. Without any, `by_authority` is not
    among the methods that are served."""

    certificates: ClientCertificates
    authorities: list[x509.Certificate]
    keys: ClientKeys
    uses: CredentialUses
    clock: Clock

    def by_authority(self, client: Client, presented: PresentedCredentials) -> bool:
        """Whether this is the client, by `tls_client_auth`: path, dates, usage, then the name.

        Raises CertificateRefused.
        """
        certificate = self.certificates.of(presented.request)
        if certificate is None or not _is_strong(certificate.parsed):
            return False
        if not self._is_vouched_for(certificate.parsed):
            return False
        registered = {name: getattr(client, name) for name in TLS_SUBJECTS}
        (name,) = [name for name, value in registered.items() if value is not None]
        # A subject or an extension that cannot be read names no client.
        with suppress(ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
            return registered[name] in _NAMES_OF[name](certificate.parsed) and self._used(client, certificate)
        return False

    def by_registered_certificate(self, client: Client, presented: PresentedCredentials) -> bool:
        """Whether this is the client, by `self_signed_tls_client_auth` (§2.2): a registered certificate, in its dates.

        Raises CertificateRefused.
        """
        certificate = self.certificates.of(presented.request)
        if certificate is None or not _is_strong(certificate.parsed):
            return False
        if not _is_in_force(certificate.parsed, self.clock.now()):
            return False
        try:
            # Known key sets first: a set is fetched again only for a certificate that is not in it.
            is_known = _is_among(certificate.der, self.keys.all(client)) or _is_among(
                certificate.der, self.keys.renewed(client)
            )
        except KeysUnavailable:
            return False
        return is_known and self._used(client, certificate)

    def _used(self, client: Client, certificate: ClientCertificate) -> bool:
        """Count that it proved the client. Returns True."""
        ends_at = certificate.parsed.not_valid_after_utc
        self.uses.of_certificate(client, certificate.thumbprint, ends_at)
        return True

    def _is_vouched_for(self, certificate: x509.Certificate) -> bool:
        builder = PolicyBuilder().store(Store(self.authorities)).time(self.clock.now())
        policies = builder.extension_policies(
            ca_policy=ExtensionPolicy.webpki_defaults_ca(), ee_policy=_CLIENT
        )
        try:
            policies.build_client_verifier().verify(certificate, [])
        except (VerificationError, ValueError, x509.UnsupportedGeneralNameType):
            # The last two are its names: cryptography reads them once the path is verified (RFC 5280 §4.2.1.6).
            return False
        return True


def _is_among(der: bytes, keys: Sequence[PublicJwk]) -> bool:
    return der in [leaf_der(jwk) for jwk in keys]


def _is_strong(certificate: x509.Certificate) -> bool:
    """Whether its key is long enough (facts/security JW5)."""
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return False
    is_rsa = isinstance(key, RSAPublicKey) and key.key_size >= 2048
    return is_rsa or (isinstance(key, EllipticCurvePublicKey) and key.key_size >= 256)


def _is_in_force(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def _is_for_clients(policy: Policy, certificate: x509.Certificate, usage: x509.ExtendedKeyUsage) -> None:
    """RFC 5280 §4.2.1.12: for TLS clients by name, `anyExtendedKeyUsage` is not enough. Raises ValueError."""
    if ExtendedKeyUsageOID.CLIENT_AUTH not in usage:
        raise ValueError("not for TLS clients")


def _is_no_authority(
    policy: Policy, certificate: x509.Certificate, constraints: x509.BasicConstraints | None
) -> None:
    if constraints is not None and constraints.ca:
        raise ValueError("an authority")


def _may_sign(policy: Policy, certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    if usage is not None and not usage.digital_signature:
        raise ValueError("a key that may not sign")


#: For the leaf. Names are compared afterwards; an unknown critical extension refuses it (RFC 5280 §4.2).
_CLIENT = (
    ExtensionPolicy.permit_all()
    .require_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _is_for_clients)
    .may_be_present(x509.BasicConstraints, Criticality.AGNOSTIC, _is_no_authority)
    .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_sign)
)
