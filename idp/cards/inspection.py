"""What a help desk is told about a card.

Contains choosing the certificate that would sign in, its holder and issuer, the verdict of `trust` on it, and the proof
that the card signs with its key. Not here: PKCS#11, words for people, the present time.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import ExtendedKeyUsageOID

from idp.cards.anchors import TrustAnchors
from idp.cards.certificate import Card, UnreadableCard, load_certificate, read_authority_key_id, read_card
from idp.cards.pins import PRODUCTION, TEST_KEY_IDS
from idp.cards.reader import CardReader, PinState, ReaderCard, ReaderFailed, ReaderFault, StoredCertificate
from idp.cards.revocation import RevocationStatus
from idp.cards.trust import CardPolicy, CardRefusal, CardRefused, verify_card

#: Names of the authorities that issue cards, by key identifier. For display: a key identifier proves no issuer.
_ISSUERS = {
    **{key_id: name for name, (_, key_id) in PRODUCTION.items() if name.endswith("PERSONNES")},
    **{key_id: name for name, key_id in TEST_KEY_IDS.items() if name.endswith("FORT PERSONNES")},
}
_SIGNS_WITH = "RSA_PKCS"
# RFC 8017 §9.2 note 1: DigestInfo of SHA-256.
_SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
_PIN_DIGITS = 4
_ALWAYS = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


class CertificateKind(StrEnum):
    AUTHENTICATION = "authentication"
    SIGNATURE = "signature"
    TECHNICAL = "technical"  # contactless: proves the card, not the card holder (facts/security CP5)
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """`refusal` None: this card would sign in, unless it is revoked. `card` None: its identity cannot be read."""

    card_in_reader: ReaderCard
    kinds: tuple[tuple[StoredCertificate, CertificateKind], ...]
    chosen: StoredCertificate | None
    card: Card | None
    issuer: str | None
    is_issuer_proved: bool
    refusal: CardRefusal | None
    detail: str
    #: The chosen certificate's key works without PIN, or the card shows only its technical certificate.
    is_contactless: bool


def inspect(reader: CardReader, found: ReaderCard, policy: CardPolicy, *, now: datetime) -> Inspection:
    """Returns what a help desk is told about this card. Raises ReaderFailed."""
    kinds = tuple((stored, kind_of(stored)) for stored in reader.certificates(found))
    chosen = next((stored for stored, kind in kinds if kind is CertificateKind.AUTHENTICATION), None)
    is_contactless = _is_contactless(found, kinds, chosen, reader.keys_without_pin(found))
    if chosen is None:
        refusal, detail = CardRefusal.WRONG_CERTIFICATE if kinds else CardRefusal.NONE, ""
        return Inspection(
            card_in_reader=found,
            kinds=kinds,
            chosen=None,
            card=None,
            issuer=None,
            is_issuer_proved=False,
            refusal=refusal,
            detail=detail,
            is_contactless=is_contactless,
        )
    verdict, detail = _verdict(chosen.der, policy, now)
    return Inspection(
        card_in_reader=found,
        kinds=kinds,
        chosen=chosen,
        card=_read(chosen.der),
        issuer=_issuer_of(chosen.der, policy.anchors),
        is_issuer_proved=policy.anchors is not ISSUERS_AS_NAMED and verdict is not CardRefusal.UNTRUSTED,
        refusal=CardRefusal.WRONG_CERTIFICATE if is_contactless else verdict,
        detail=detail,
        is_contactless=is_contactless,
    )


def kind_of(stored: StoredCertificate) -> CertificateKind:
    """Returns the kind by the certificate's usages; only the technical certificate, without usages, by its label."""
    if "technique" in stored.label.lower():
        return CertificateKind.TECHNICAL
    try:
        extensions = load_certificate(stored.der).extensions
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (UnreadableCard, x509.ExtensionNotFound):
        return CertificateKind.OTHER
    if usage.digital_signature and ExtendedKeyUsageOID.CLIENT_AUTH in purposes:
        return CertificateKind.AUTHENTICATION
    return CertificateKind.SIGNATURE if usage.content_commitment else CertificateKind.OTHER


def prove_key(reader: CardReader, inspection: Inspection, ask_pin: Callable[[], str | None]) -> bool:
    """Whether the card signs a nonce with the key of its certificate. The PIN is asked for, and presented, once.

    Raises ReaderFailed; with PIN_MALFORMED or PIN_ABANDONED, no PIN was presented to the card.
    """
    found, chosen = inspection.card_in_reader, inspection.chosen
    if inspection.is_contactless:
        raise ReaderFailed(ReaderFault.CONTACTLESS)
    if chosen is None:
        raise ReaderFailed(ReaderFault.NO_KEY)
    if found.pin is PinState.LOCKED:
        raise ReaderFailed(ReaderFault.PIN_LOCKED)
    if _SIGNS_WITH not in found.mechanisms:
        raise ReaderFailed(ReaderFault.NO_MECHANISM, _SIGNS_WITH)
    nonce = secrets.token_bytes(32)
    # On a reader with a PIN pad the person types the PIN there: it never reaches this program.
    pin = None if found.has_pin_pad else _checked(ask_pin())
    signature = reader.sign(found, chosen.key_id, _SHA256_INFO + sha256(nonce).digest(), pin)
    key = load_certificate(chosen.der).public_key()
    try:
        if isinstance(key, RSAPublicKey):
            key.verify(signature, nonce, PKCS1v15(), SHA256())
            return True
    except InvalidSignature:
        pass
    return False


def _checked(pin: str | None) -> str:
    """Returns the PIN if its form is right. Raises ReaderFailed.

    The PKCS#11 module, and some cards, count a PIN of a wrong length as a wrong entry: it must not be presented.
    """
    if not pin:
        raise ReaderFailed(ReaderFault.PIN_ABANDONED)
    if not (len(pin) == _PIN_DIGITS and pin.isascii() and pin.isdigit()):
        raise ReaderFailed(ReaderFault.PIN_MALFORMED)
    return pin


def _is_contactless(
    found: ReaderCard,
    kinds: Sequence[tuple[StoredCertificate, CertificateKind]],
    chosen: StoredCertificate | None,
    free_keys: Sequence[bytes],
) -> bool:
    """facts/security CP5: a key that needs no PIN proves the card, not that its holder is there."""
    has_technical = any(kind is CertificateKind.TECHNICAL for _stored, kind in kinds)
    if chosen is None:
        return has_technical
    return found.pin is PinState.NONE or chosen.key_id in free_keys


def _read(der: bytes) -> Card | None:
    try:
        return read_card(der)
    except UnreadableCard:
        return None


def _verdict(der: bytes, policy: CardPolicy, now: datetime) -> tuple[CardRefusal | None, str]:
    try:
        verify_card(der, policy, now=now, revocation=_RevocationNotAsked())
    except CardRefused as refused:
        return refused.reason, refused.detail
    return None, ""


def _issuer_of(der: bytes, anchors: TrustAnchors) -> str | None:
    """Returns the name of a known issuer, or the key identifier of an unknown one."""
    try:
        key_id = read_authority_key_id(load_certificate(der))
    except UnreadableCard:
        return None
    names = {authority.key_name: authority.name for authority in anchors.issuing} | _ISSUERS
    return names.get(key_id.hex(), key_id.hex())


class _RevocationNotAsked:
    """A workstation does not ask whether a card is revoked. The command's output says so."""

    def status(self, certificate_der: bytes, issuer_der: bytes, *, now: datetime) -> RevocationStatus:
        return RevocationStatus.GOOD


@dataclass(frozen=True, slots=True, kw_only=True)
class _NamedIssuer:
    """The issuer that the certificate names, without proof."""

    name: str
    der: bytes = b""
    not_before: datetime = _ALWAYS[0]
    not_after: datetime = _ALWAYS[1]

    def signed(self, certificate: x509.Certificate) -> bool:
        return True


class _IssuersAsNamed(TrustAnchors):
    """Believes a certificate that names a known issuer. Only for a workstation without certificates of the IGC."""

    def claimed_issuers(self, key_id: bytes) -> tuple[Any, ...]:
        name = _ISSUERS.get(key_id.hex())
        return () if name is None else (_NamedIssuer(name=name),)


ISSUERS_AS_NAMED = _IssuersAsNamed(())
