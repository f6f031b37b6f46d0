"""The issuing authorities that we pin, by key.

Contains loading roots and intermediates from PEM, and verifying at start-up that a root signed each intermediate.
Not here: card certificates, files (bytes are passed in), AIA downloads.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PSS, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from idp.cards.pins import REFUSALS, TRUSTED, PinRules, PinVerdict, common_name, subject_key_id

MINIMUM_RSA_BITS = 2048
_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)  # never SHA-1


class AnchorsRefused(ValueError):
    """The authorities in the configuration cannot be trusted. The message is for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuingAuthority:
    """A pinned intermediate, or a root. An intermediate is valid only while its root is."""

    name: str
    der: bytes
    public_key: RSAPublicKey
    key_id: bytes
    spki_sha256: str
    not_before: datetime
    not_after: datetime
    #: The root that signed it; None for a root.
    root: "IssuingAuthority | None" = None

    @property
    def key_name(self) -> str:
        """The key identifier as lists and the operator name it."""
        return self.key_id.hex()

    def signed(self, certificate: x509.Certificate) -> bool:
        """Whether this authority's key made the certificate's signature, with SHA-2."""
        return _is_signed_by(certificate, self.public_key)


@dataclass(frozen=True, slots=True)
class TrustAnchors:
    """The only keys that may sign a card: looked up by key identifier, compared by key."""

    issuing: tuple[IssuingAuthority, ...]

    @property
    def all(self) -> tuple[IssuingAuthority, ...]:
        """The issuing authorities and their roots: each of them signs a revocation list."""
        roots = {one.root.spki_sha256: one.root for one in self.issuing if one.root is not None}
        return (*self.issuing, *roots.values())

    def claimed_issuers(self, key_id: bytes) -> tuple[IssuingAuthority, ...]:
        """Returns the authorities that a certificate names by this key identifier. The signature decides."""
        return tuple(authority for authority in self.issuing if authority.key_id == key_id)


def load_anchors(pems: Iterable[bytes], rules: PinRules | None = None) -> TrustAnchors:
    """Returns the anchors in these PEM files: roots and intermediates in any order. Raises AnchorsRefused.

    Self-signed certificates are roots, and issue no card here. All others are pinned as issuing authorities, and one of
    the roots must have signed them. Dates are not checked here: `trust` compares them with `now` at each login. With
    `rules`, an authority or root that they do not trust is refused by name.
    """
    return pin_anchors([certificate for pem in pems for certificate in _parse(pem)], rules)


def pin_anchors(certificates: Sequence[x509.Certificate], rules: PinRules | None = None) -> TrustAnchors:
    """Returns the anchors among these certificates, as `load_anchors` does. Raises AnchorsRefused."""
    for certificate in certificates:
        _refuse_untrusted(certificate, rules)
    roots = [one for one in certificates if one.subject == one.issuer]
    issuing = tuple(_pin(one, roots) for one in certificates if one.subject != one.issuer)
    if not issuing:
        raise AnchorsRefused("no issuing authority among the certificates given (only roots, or nothing)")
    return TrustAnchors(issuing)


def _refuse_untrusted(certificate: x509.Certificate, rules: PinRules | None) -> None:
    verdict = rules.verdict(certificate) if rules else PinVerdict.PINNED
    if verdict not in TRUSTED:
        raise AnchorsRefused(f"{common_name(certificate)}: {REFUSALS[verdict]}")


def _parse(pem: bytes) -> Sequence[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError as fault:
        raise AnchorsRefused("not PEM certificates") from fault


def _authority_key(certificate: x509.Certificate) -> RSAPublicKey:
    name = common_name(certificate)
    try:
        basic = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
    except (x509.ExtensionNotFound, ValueError) as fault:
        raise AnchorsRefused(f"{name}: not the extensions of an authority ({fault})") from fault
    if not (basic.ca and usage.key_cert_sign):
        raise AnchorsRefused(f"{name}: not an authority (basicConstraints CA, keyUsage keyCertSign)")
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey) or key.key_size < MINIMUM_RSA_BITS:
        raise AnchorsRefused(f"{name}: its key is not RSA of {MINIMUM_RSA_BITS} bits or more")
    return key


def _pin(certificate: x509.Certificate, roots: Sequence[x509.Certificate]) -> IssuingAuthority:
    name = common_name(certificate)
    public_key = _authority_key(certificate)
    root = next((root for root in roots if _is_signed_by(certificate, _authority_key(root))), None)
    if root is None:
        raise AnchorsRefused(f"{name}: signed by none of the roots given")
    # Same subject and issuer do not make a root: anyone can write both names.
    if not _is_signed_by(root, _authority_key(root)):
        raise AnchorsRefused(f"{common_name(root)}: a root must be signed by itself")
    pinned, above = _authority(certificate, public_key), _authority(root, _authority_key(root))
    return replace(
        pinned,
        not_before=max(pinned.not_before, above.not_before),
        not_after=min(pinned.not_after, above.not_after),
        root=above,
    )


def _authority(certificate: x509.Certificate, public_key: RSAPublicKey) -> IssuingAuthority:
    spki = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return IssuingAuthority(
        name=common_name(certificate),
        der=certificate.public_bytes(Encoding.DER),
        public_key=public_key,
        key_id=subject_key_id(certificate),
        spki_sha256=sha256(spki).hexdigest(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def _is_signed_by(certificate: x509.Certificate, key: RSAPublicKey) -> bool:
    # By key, not by name as verify_directly_issued_by does: any authority can write any name.
    digest, padding = certificate.signature_hash_algorithm, certificate.signature_algorithm_parameters
    if not (isinstance(digest, _HASHES) and isinstance(padding, PKCS1v15 | PSS)):
        return False
    try:
        key.verify(certificate.signature, certificate.tbs_certificate_bytes, padding, digest)
    except InvalidSignature:
        return False
    return True
