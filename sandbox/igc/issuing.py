"""Turning plans into cards: keys, certificates, and the faults of those that must be refused.

Contains making them in memory. Not here: files (`directory`), holders (`roster`).
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from sandbox.igc import authorities as ca
from sandbox.igc.authorities import PREFIX, Authority
from sandbox.igc.profile import (
    Addresses,
    Extension,
    authentication_usage,
    card_extensions,
    signature_usage,
)
from sandbox.igc.revocation import make_list, make_responder_certificate
from sandbox.igc.roster import CARD_LIFE, CardPlan, Fault, roster

_ROOT, _ISSUING = f"{PREFIX} AC RACINE IGC-SANTE FORT", f"{PREFIX} AC IGC-SANTE FORT PERSONNES"
_SIBLING_ROOT = f"{PREFIX} AC RACINE IGC-SANTE STANDARD"
_SIBLING = f"{PREFIX} AC IGC-SANTE STANDARD PERSONNES"


@dataclass(frozen=True, slots=True)
class Slot:
    """One key pair of a card."""

    certificate: x509.Certificate
    key: RSAPrivateKey


@dataclass(frozen=True, slots=True)
class IssuedCard:
    plan: CardPlan
    login: Slot  # what the card presents to sign in: its authentication slot, unless the plan says otherwise
    signature: Slot


@dataclass(frozen=True, slots=True)
class Lists:
    """The revocation lists of the issuing authority and its root."""

    issuing: x509.CertificateRevocationList
    root: x509.CertificateRevocationList


@dataclass(frozen=True, slots=True)
class Igc:
    root: Authority
    issuing: Authority
    sibling_root: Authority
    sibling: Authority
    foreign: Authority
    tls: Authority
    server: Slot
    responder: Slot
    lists: Lists
    cards: tuple[IssuedCard, ...]


def new_key(bits: int = 2048) -> RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def make_igc(now: datetime, base_url: str, new_key: Callable[[], RSAPrivateKey] = new_key) -> Igc:
    """Returns a whole new IGC in about a second. Every authority, card and slot has a key of its own."""
    now = now.replace(microsecond=0)
    plans = roster()
    with ThreadPoolExecutor(4) as pool:  # key generation releases the interpreter
        keys = pool.map(lambda _: new_key(), range(9 + 2 * len(plans)))
        root = ca.make_root(_ROOT, next(keys), now)
        issuing = ca.make_intermediate(_ISSUING, next(keys), root, now)
        sibling_root = ca.make_root(_SIBLING_ROOT, next(keys), now)
        sibling = ca.make_intermediate(_SIBLING, next(keys), sibling_root, now)
        # Same name and key identifier, but another key: only the signature shows the difference.
        foreign = ca.make_intermediate(_ISSUING, next(keys), sibling_root, now, issuing.subject_key_id)
        tls = ca.make_tls_authority(next(keys), now)
        server_key = next(keys)
        server = Slot(ca.make_server_certificate(server_key, tls, now), server_key)
        responder_key = next(keys)
        responder = Slot(make_responder_certificate(responder_key, issuing, now), responder_key)
        issuers = {
            Fault.SIBLING_AUTHORITY: sibling,
            Fault.FOREIGN_AUTHORITY: foreign,
            Fault.OLD_GENERATION: ca.make_old_authority(next(keys), now),
        }
        addresses = Addresses.on_loopback(base_url, _ISSUING, _ROOT)
        cards = tuple(
            issue_card(plan, issuers.get(plan.fault, issuing), addresses, now, (next(keys), next(keys)))
            for plan in plans
        )
    revoked = [card.login.certificate.serial_number for card in cards if card.plan.fault is Fault.REVOKED]
    lists = Lists(make_list(issuing, revoked, now), make_list(root, (), now))
    return Igc(root, issuing, sibling_root, sibling, foreign, tls, server, responder, lists, cards)


def issue_card(
    plan: CardPlan,
    issuer: Authority,
    addresses: Addresses,
    now: datetime,
    keys: tuple[RSAPrivateKey, RSAPrivateKey],
) -> IssuedCard:
    """Returns both slots of a card, with the fault of its plan."""
    begins = now + plan.begins
    ends = begins + CARD_LIFE
    usages = (authentication_usage(f"{plan.principal}@carte-cps.fr"), signature_usage(begins, ends))
    slots = []
    for key, usage in zip(keys, usages, strict=True):
        key_id = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        made = card_extensions(usage, plan.marks, addresses, key_id, issuer.authority_key_id)
        certificate = _FAULTS.get(plan.fault, _as_planned)(plan, issuer, key, (begins, ends), tuple(made))
        slots.append(Slot(certificate, key))
    is_swapped = plan.fault is Fault.SIGNATURE_SLOT
    return IssuedCard(plan, slots[1] if is_swapped else slots[0], slots[1])


_Making = Callable[
    [CardPlan, Authority, RSAPrivateKey, tuple[datetime, datetime], Sequence[Extension]], x509.Certificate
]


def _as_planned(
    plan: CardPlan,
    issuer: Authority,
    key: RSAPrivateKey,
    validity: tuple[datetime, datetime],
    extensions: Sequence[Extension],
) -> x509.Certificate:
    return ca.sign_certificate(
        plan.subject, key, issuer.certificate.subject, issuer.key, validity, extensions
    )


def _signed_by_itself(
    plan: CardPlan,
    issuer: Authority,
    key: RSAPrivateKey,
    validity: tuple[datetime, datetime],
    extensions: Sequence[Extension],
) -> x509.Certificate:
    return ca.sign_certificate(plan.subject, key, plan.subject, key, validity, extensions)


def _with_unknown_critical(
    plan: CardPlan,
    issuer: Authority,
    key: RSAPrivateKey,
    validity: tuple[datetime, datetime],
    extensions: Sequence[Extension],
) -> x509.Certificate:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.250.1.71.99.1"), b"\x05\x00")
    return _as_planned(plan, issuer, key, validity, (*extensions, (unknown, True)))


def _with_t61_name(
    plan: CardPlan,
    issuer: Authority,
    key: RSAPrivateKey,
    validity: tuple[datetime, datetime],
    extensions: Sequence[Extension],
) -> x509.Certificate:
    # UTF8String CAMILLE becomes T61String with a Latin-1 byte of the same length, and the whole is signed
    # anew.
    made = _as_planned(plan, issuer, key, validity, extensions)
    tbs = made.tbs_certificate_bytes.replace(b"\x0c\x07CAMILLE", b"\x14\x07CAM\xcfLLE")
    return x509.load_der_x509_certificate(sign_tbs(tbs, issuer.key))


_FAULTS: Mapping[Fault, _Making] = {
    Fault.SELF_SIGNED: _signed_by_itself,
    Fault.UNKNOWN_CRITICAL: _with_unknown_critical,
    Fault.T61_NAME: _with_t61_name,
    Fault.OLD_GENERATION: _with_t61_name,
}


def sign_tbs(tbs_der: bytes, key: RSAPrivateKey) -> bytes:
    """Returns the DER of a certificate around any TBSCertificate, for what no builder would write."""
    signature = b"\x00" + key.sign(tbs_der, PKCS1v15(), hashes.SHA256())
    sha256_with_rsa = bytes.fromhex("300d06092a864886f70d01010b0500")
    return _tlv(0x30, tbs_der + sha256_with_rsa + _tlv(0x03, signature))


def _tlv(tag: int, content: bytes) -> bytes:
    return bytes([tag, 0x82]) + len(content).to_bytes(2) + content
