"""TLS certificates of relying parties: of an authority made here, of their own, and such as must be refused.

Contains the making. Not here: a rule of the provider.
"""

import base64
import datetime as dt
import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from jwt.algorithms import ECAlgorithm

from tests.protocol.proofs import b64u

_NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
DAY = dt.timedelta(days=1)
CLIENT_AUTH, SERVER_AUTH = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH


def name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Hôpital, Exemple"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


@dataclass(frozen=True)
class Held:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: Any

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def header(self) -> str:
        """`Client-Cert` (RFC 9440 §2.1)."""
        return f":{base64.b64encode(self.der).decode()}:"

    @property
    def thumbprint(self) -> str:
        return b64u(self.certificate.fingerprint(hashes.SHA256()))

    @property
    def subject(self) -> str:
        return self.certificate.subject.rfc4514_string()

    @property
    def jwk(self) -> dict[str, Any]:
        """As registered for `self_signed_tls_client_auth`."""
        whole: dict[str, Any] = ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)
        return {**whole, "x5c": [base64.b64encode(self.der).decode()]}

    def resealed(self, authority: "Authority", old: bytes, new: bytes) -> "Held":
        """With other octets of the same length, which no builder writes, and a signature over them."""
        signed = self.certificate.tbs_certificate_bytes
        assert signed.count(old) == 1
        signed = signed.replace(old, new)
        der = self.der.replace(self.certificate.tbs_certificate_bytes, signed)
        seal = authority.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        # The signature is the last member; its length may differ by the sign of its two numbers.
        head = der[4 : len(der) - len(self.certificate.signature) - 3]
        body = head + bytes((0x03, len(seal) + 1, 0)) + seal
        der = b"\x30\x82" + len(body).to_bytes(2, "big") + body
        return Held(x509.load_der_x509_certificate(der), self.key)

    def write(self, directory: Path, stem: str) -> tuple[Path, Path]:
        certificate, key = directory / f"{stem}.crt", directory / f"{stem}.key"
        certificate.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        key.write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return certificate, key


def _p256() -> Any:
    return ec.generate_private_key(ec.SECP256R1())


@dataclass
class Authority:
    """`above`: who signed it; itself when there is none."""

    common_name: str = "Autorité des applications"
    key: Any = field(default_factory=_p256)
    ends: dt.datetime = _NOW + 300 * DAY
    above: "Authority | None" = None

    def __post_init__(self) -> None:
        subject, above = name(self.common_name), self.above or self
        self.certificate = (
            _begun(subject, name(above.common_name), self.key.public_key(), _NOW - 9 * DAY, self.ends)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_key_usage(authority=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self.key.public_key()), critical=False)
            .sign(above.key, hashes.SHA256())
        )

    def found(self, common_name: str) -> "Authority":
        """One below this."""
        return Authority(common_name, above=self)

    def write(self, path: Path) -> Path:
        path.write_bytes(self.certificate.public_bytes(Encoding.PEM))
        return path

    def issue(
        self,
        common_name: str = "application",
        *,
        names: list[x509.GeneralName] | None = None,
        usages: list[x509.ObjectIdentifier] | None = None,
        begins: dt.datetime = _NOW - DAY,
        ends: dt.datetime = _NOW + 30 * DAY,
        more: tuple[tuple[x509.ExtensionType, bool], ...] = (),
        key: Any = None,
        sealed_by: Any = None,
    ) -> Held:
        """`sealed_by`: another key than the authority's own, as a forger would have."""
        key = key or _p256()
        builder = _begun(name(common_name), self.certificate.subject, key.public_key(), begins, ends)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
        )
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        purposes = [CLIENT_AUTH] if usages is None else usages
        if purposes:
            builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        for extension, critical in more:
            builder = builder.add_extension(extension, critical)
        return Held(builder.sign(sealed_by or self.key, hashes.SHA256()), key)


def self_signed(
    common_name: str = "application", *, begins: dt.datetime = _NOW - DAY, ends: dt.datetime = _NOW + 30 * DAY
) -> Held:
    key = _p256()
    builder = _begun(name(common_name), name(common_name), key.public_key(), begins, ends)
    return Held(builder.sign(key, hashes.SHA256()), key)


def short_rsa() -> Any:
    return rsa.generate_private_key(65537, 1024)  # noqa: S505 - to be refused


def all_kinds_of_names() -> list[x509.GeneralName]:
    return [
        x509.DNSName("App.Example"),
        x509.UniformResourceIdentifier("https://app.example/id"),
        x509.IPAddress(ipaddress.ip_address("2001:db8::1")),
        x509.RFC822Name("app@app.example"),
    ]


def _begun(
    subject: x509.Name, issuer: x509.Name, public_key: Any, begins: dt.datetime, ends: dt.datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(ends)
    )


def _key_usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


#: `subjectAltName` of one ediPartyName (RFC 5280 §4.2.1.6): well-formed, and no library here reads it.
UNREADABLE_NAME = x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, b"\x30\x04\xa5\x02\x30\x00")
#: The OID of P-256, and the same octets for a curve that there is not.
P256_OID, NO_CURVE_OID = bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06082a8648ce3d03017f")
#: A key that may only encrypt.
NOT_FOR_SIGNING = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=True,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
