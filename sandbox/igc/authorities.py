"""The authorities of the test IGC and the TLS certificate of the card host.

Contains roots, intermediates, the server. Their keys are never written to disk: once the directory is made, no card can
be added to it (only the OCSP delegate's key is kept). Not here: cards.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from secrets import randbits

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.igc.profile import Extension

PREFIX = "CADUCEE DEMO"  # before every authority's name, so that no one takes it for IGC-Santé
AUTHORITY_LIFE = timedelta(days=3650)
SERVER_LIFE = timedelta(days=397)  # the longest life that browsers accept
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Authority:
    name: str
    certificate: x509.Certificate
    key: RSAPrivateKey

    @property
    def subject_key_id(self) -> x509.SubjectKeyIdentifier:
        return self.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value

    @property
    def authority_key_id(self) -> x509.AuthorityKeyIdentifier:
        """Returns the authority key identifier for the certificates it issues."""
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(self.subject_key_id)


def sign_certificate(
    subject: x509.Name,
    key: RSAPrivateKey,
    issuer: x509.Name,
    issuer_key: RSAPrivateKey,
    validity: tuple[datetime, datetime],
    extensions: Iterable[Extension],
) -> x509.Certificate:
    """Returns a version 3 certificate with a random 16-byte serial, sha256WithRSAEncryption."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        # Sixteen bytes exactly, positive: the first bit clear, the second set.
        .serial_number((1 << 126) | randbits(126))
        .not_valid_before(validity[0])
        .not_valid_after(validity[1])
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(issuer_key, hashes.SHA256())


def authority_name(name: str) -> x509.Name:
    """Returns a name as IGC-Santé TEST encodes it: C PrintableString, the rest UTF8String, one attribute per RDN."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR", _type=_ASN1Type.PrintableString),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "ASIP-SANTE"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "0002 187512751"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "IGC-SANTE TEST"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def make_root(
    name: str, key: RSAPrivateKey, now: datetime, extensions: Iterable[Extension] = ()
) -> Authority:
    key_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return _make_authority(name, key, None, key_id, now, (*_authority_extensions(None), *extensions))


def make_intermediate(
    name: str,
    key: RSAPrivateKey,
    root: Authority,
    now: datetime,
    key_id: x509.SubjectKeyIdentifier | None = None,
) -> Authority:
    """Returns an intermediate with pathlen 0.

    `key_id`: another authority's, for an impostor of the pinned authority.
    """
    key_id = key_id or x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return _make_authority(name, key, root, key_id, now, _authority_extensions(0))


def _make_authority(
    name: str,
    key: RSAPrivateKey,
    issuer: Authority | None,
    key_id: x509.SubjectKeyIdentifier,
    now: datetime,
    extensions: Iterable[Extension],
) -> Authority:
    subject = authority_name(name)
    issued_by = (
        issuer.authority_key_id
        if issuer
        else x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id)
    )
    certificate = sign_certificate(
        subject,
        key,
        issuer.certificate.subject if issuer else subject,
        issuer.key if issuer else key,
        (now - 2 * DAY, now + AUTHORITY_LIFE),
        (*extensions, (key_id, False), (issued_by, False)),
    )
    return Authority(name, certificate, key)


def _authority_extensions(path_length: int | None) -> tuple[Extension, ...]:
    flags = dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
        False,
    )
    usage = x509.KeyUsage(
        **flags, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False
    )
    any_policy = x509.PolicyInformation(x509.ObjectIdentifier("2.5.29.32.0"), None)
    return (
        (x509.BasicConstraints(ca=True, path_length=path_length), True),
        (usage, True),
        (x509.CertificatePolicies([any_policy]), False),
    )


def make_old_authority(key: RSAPrivateKey, now: datetime) -> Authority:
    """Returns CLASSE-1 of the test CPS2ter: only its name is like the real one's, whose keys had 1024 bits."""
    names = (
        (NameOID.ORGANIZATION_NAME, "TEST"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "TEST PROFESSIONNEL"),
        (NameOID.COMMON_NAME, "TEST CLASSE-1"),
    )
    country = x509.NameAttribute(NameOID.COUNTRY_NAME, "FR", _type=_ASN1Type.PrintableString)
    subject = x509.Name([country, *(x509.NameAttribute(oid, value) for oid, value in names)])
    key_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    validity = (now - 2 * DAY, now + AUTHORITY_LIFE)
    extensions = (*_authority_extensions(None), (key_id, False))
    return Authority("TEST CLASSE-1", sign_certificate(subject, key, subject, key, validity, extensions), key)


def make_tls_authority(key: RSAPrivateKey, now: datetime) -> Authority:
    """Returns the authority that a browser must import for the demo: it can only sign for this machine."""
    loopback = x509.NameConstraints(
        [
            x509.DNSName("localhost"),
            x509.IPAddress(ip_network("127.0.0.0/8")),
            x509.IPAddress(ip_network("::1/128")),
        ],
        None,
    )
    return make_root(f"{PREFIX} AC TLS", key, now, ((loopback, True),))


def make_server_certificate(key: RSAPrivateKey, authority: Authority, now: datetime) -> x509.Certificate:
    """Returns the certificate of the card host, for `localhost` and both loopback addresses."""
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName("localhost"),
            x509.IPAddress(ip_address("127.0.0.1")),
            x509.IPAddress(ip_address("::1")),
        ]
    )
    flags = dict.fromkeys(
        ("content_commitment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign"), False
    )
    usage = x509.KeyUsage(
        **flags, digital_signature=True, key_encipherment=True, encipher_only=False, decipher_only=False
    )
    return sign_certificate(
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]),
        key,
        authority.certificate.subject,
        authority.key,
        (now - 2 * DAY, now + SERVER_LIFE),
        (
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (usage, True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
            (names, False),
            (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
            (authority.authority_key_id, False),
        ),
    )
