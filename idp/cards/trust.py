"""Whether a certificate is a card that may sign in, and if not, why.

Contains the acceptance procedure, one step per function, in the order in which a person should be told the reasons.
Not here: possession of the key (proved in the TLS handshake), pages, fetching, the present time.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from idp.cards import certificate as profile
from idp.cards.anchors import MINIMUM_RSA_BITS, IssuingAuthority, TrustAnchors
from idp.cards.certificate import Card, CardCategory, CardType, UnreadableCard
from idp.cards.identifiers import EMPLOYEE_KINDS
from idp.cards.remarks import policies_of
from idp.cards.revocation import RevocationSource, RevocationStatus


class CardRefusal(StrEnum):
    """Why a card may not sign in. Shared by the exception, the page and the audit."""

    NONE = "none"  # no certificate was presented
    UNTRUSTED = "untrusted"  # not signed by a pinned key, or not a readable certificate
    OLD_GENERATION = "old_generation"  # CPS2ter, of the PKI that ended in January 2021
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    WRONG_CERTIFICATE = (
        "wrong_certificate"  # the signature or technical certificate of a card, or no card at all
    )
    TEST_CARD = "test_card"
    EMPLOYEE_CARD = "employee_card"
    UNREADABLE_IDENTITY = "unreadable_identity"
    UNSUPPORTED = "unsupported"  # a critical extension or a kind of key that we do not know
    REVOKED = "revoked"
    DISOWNED = "disowned"  # the responder does not know it, or its authority is revoked
    STATUS_UNKNOWN = "status_unknown"  # neither responder nor list gave an answer
    NO_RPPS = "no_rpps"  # a valid professional card whose identifier is of another kind


class CardRefused(Exception):
    """The card may not sign in. `detail` is for the operator's log and holds no personal value."""

    def __init__(self, reason: CardRefusal, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason
        self.detail = detail
        #: What it says of itself, if it can be read; believed where a pinned key signed it. For the audit trail.
        self.card: Card | None = None
        self.is_believed = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CardPolicy:
    """What this deployment accepts.

    accept_test_cards: category 0x80 is accepted beside 0x00. The pinned keys alone say which IGC is meant: a demo with
    the test IGC also accepts a card of category 0x00 that this IGC signed.
    accept_employee_cards: nominative CPE and CPA are accepted. Their identifier is never an RPPS.
    bypass_until: until then, a card of unknown revocation status is accepted, and marked so. Never a card that the
    responder does not know, nor one of a revoked authority.
    """

    anchors: TrustAnchors
    accept_test_cards: bool
    accept_employee_cards: bool
    bypass_until: datetime | None = None
    #: Empty: any policy. The OIDs of production are not public; the audit trail names those of the cards seen.
    policy_oids: frozenset[str] = frozenset()

    def bypasses(self, now: datetime) -> bool:
        return self.bypass_until is not None and now < self.bypass_until


def verify_card(
    der: bytes | None, policy: CardPolicy, *, now: datetime, revocation: RevocationSource
) -> Card:
    """Returns the card of this certificate. Raises CardRefused, and nothing else, whatever the bytes.

    `now` is aware. Unknown non-critical extensions are ignored.
    """
    if not der:
        raise CardRefused(CardRefusal.NONE)
    # The signature first: until a pinned key is known to have made it, no field is believed, even for a reason.
    is_believed = False
    try:
        with _refusing(CardRefusal.UNTRUSTED):
            leaf = profile.load_certificate(der)
            issuer = _pinned_issuer(leaf, policy.anchors, now)
        is_believed = True
        return _verified(der, leaf, issuer, policy, now, revocation)
    except CardRefused as refused:
        refused.is_believed = is_believed
        with suppress(UnreadableCard):
            refused.card = profile.read_card(der)
        raise


def _verified(
    der: bytes,
    leaf: x509.Certificate,
    issuer: IssuingAuthority,
    policy: CardPolicy,
    now: datetime,
    revocation: RevocationSource,
) -> Card:
    for step in _STEPS:
        step(leaf, policy, now)
    with _refusing(CardRefusal.UNREADABLE_IDENTITY):
        card = profile.read_card(der)
    _check_holder(card, policy)
    _check_supported(leaf)
    # Asked late: it may cost a call to the responder, which every card refused above saves.
    status = revocation.status(der, issuer.der, now=now)
    if status is RevocationStatus.UNKNOWN and policy.bypasses(now):
        card = replace(card, is_status_known=False)
    else:
        _check_revocation(status)
    if card.national_id.rpps is None and card.national_id.kind not in EMPLOYEE_KINDS:
        raise CardRefused(CardRefusal.NO_RPPS, card.national_id.kind)
    return card


def _check_window(leaf: x509.Certificate, policy: CardPolicy, now: datetime) -> None:
    with _refusing(CardRefusal.UNTRUSTED):
        begins, ends = leaf.not_valid_before_utc, leaf.not_valid_after_utc
    if now < begins:
        raise CardRefused(CardRefusal.NOT_YET_VALID)
    if now > ends:
        raise CardRefused(CardRefusal.EXPIRED)


def _check_usage(leaf: x509.Certificate, policy: CardPolicy, now: datetime) -> None:
    # The signature certificate of a card has the same subject and issuer: only these two extensions differ.
    with _refusing(CardRefusal.WRONG_CERTIFICATE):
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
        purposes = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    if not usage.digital_signature or ExtendedKeyUsageOID.CLIENT_AUTH not in purposes:
        raise CardRefused(CardRefusal.WRONG_CERTIFICATE, "not the authentication certificate")


def _check_category(leaf: x509.Certificate, policy: CardPolicy, now: datetime) -> None:
    with _refusing(CardRefusal.WRONG_CERTIFICATE):
        category = profile.read_category(leaf)
    if category not in (CardCategory.CARD, CardCategory.TEST_CARD):
        raise CardRefused(CardRefusal.WRONG_CERTIFICATE, category.name)
    if category is CardCategory.TEST_CARD and not policy.accept_test_cards:
        raise CardRefused(CardRefusal.TEST_CARD)


def _check_type(leaf: x509.Certificate, policy: CardPolicy, now: datetime) -> None:
    with _refusing(CardRefusal.WRONG_CERTIFICATE):
        card_type = profile.read_card_type(leaf)
    if card_type not in (CardType.CPS, CardType.CPF) and not policy.accept_employee_cards:
        raise CardRefused(CardRefusal.EMPLOYEE_CARD, card_type.name)


def _check_policies(leaf: x509.Certificate, policy: CardPolicy, now: datetime) -> None:
    if policy.policy_oids and policy.policy_oids.isdisjoint(policies_of(leaf)):
        raise CardRefused(CardRefusal.WRONG_CERTIFICATE, "of another certificate policy")


_STEPS: tuple[Callable[[x509.Certificate, CardPolicy, datetime], None], ...] = (
    _check_window,
    _check_usage,
    _check_category,
    _check_type,
    _check_policies,
)


def _check_holder(card: Card, policy: CardPolicy) -> None:
    # When the type says CPS and the identifier is an employee's, the less privileged of the two counts.
    if card.national_id.kind in EMPLOYEE_KINDS and not policy.accept_employee_cards:
        raise CardRefused(CardRefusal.EMPLOYEE_CARD, card.national_id.kind)


# Critical extensions that are checked above. RFC 5280 §4.2: a certificate with any other critical one is refused.
_UNDERSTOOD = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        profile.GIP_CARD_TYPE,
        profile.GIP_CARD_CATEGORY,
        profile.GIP_PROFESSION,
    }
)


def _check_supported(leaf: x509.Certificate) -> None:
    with _refusing(CardRefusal.UNSUPPORTED):
        unknown = [
            one.oid.dotted_string for one in leaf.extensions if one.critical and one.oid not in _UNDERSTOOD
        ]
        key = leaf.public_key()
        is_authority = any(
            isinstance(one.value, x509.BasicConstraints) and one.value.ca for one in leaf.extensions
        )
    if unknown:
        raise CardRefused(CardRefusal.UNSUPPORTED, f"critical extension {unknown[0]}")
    if is_authority:
        raise CardRefused(CardRefusal.UNSUPPORTED, "an authority, not a holder")
    if not isinstance(key, RSAPublicKey) or key.key_size < MINIMUM_RSA_BITS:
        raise CardRefused(CardRefusal.UNSUPPORTED, "public key")


def _check_revocation(status: RevocationStatus) -> None:
    refusals = {
        RevocationStatus.REVOKED: CardRefusal.REVOKED,
        RevocationStatus.DISOWNED: CardRefusal.DISOWNED,
        RevocationStatus.UNKNOWN: CardRefusal.STATUS_UNKNOWN,
    }
    if status is not RevocationStatus.GOOD:
        raise CardRefused(refusals[status])


def _pinned_issuer(leaf: x509.Certificate, anchors: TrustAnchors, now: datetime) -> IssuingAuthority:
    key_id = profile.read_authority_key_id(leaf)
    for authority in anchors.claimed_issuers(key_id):
        if authority.signed(leaf):
            # RFC 5280 §6.1.3 (a)(2): the authority itself must be valid now.
            if not authority.not_before <= now <= authority.not_after:
                raise CardRefused(CardRefusal.UNTRUSTED, f"{authority.name} is outside its validity")
            return authority
    # No key of CPS2ter is pinned: only the name tells it, so that the person is told « old card », not « fraud ».
    if profile.is_old_generation(leaf):
        raise CardRefused(CardRefusal.OLD_GENERATION)
    raise CardRefused(CardRefusal.UNTRUSTED, "no pinned key signed it")


@contextmanager
def _refusing(reason: CardRefusal) -> Iterator[None]:
    try:
        yield
    except CardRefused:
        raise
    except (
        Exception
    ) as fault:  # hostile bytes make the library raise many exceptions (see certificate._reading)
        detail = str(fault) if isinstance(fault, UnreadableCard) else type(fault).__name__
        raise CardRefused(reason, detail) from fault
