"""What the audit trail says of a card: what finds it again, and what is odd about it, never its holder.

Not here: whether it is accepted (`cards/trust`).
"""

from hashlib import sha256

from idp.cards.certificate import Card, load_certificate
from idp.cards.remarks import has_other_title, policies_of
from idp.cards.trust import CardRefused
from idp.core.audit import Fact

_MOST_POLICIES = 4


def shown_by(der: bytes | None, refused: CardRefused) -> dict[str, Fact]:
    """Returns what finds a refused card again. Of one that nobody we trust signed only its digest, and that: whoever
    made it chose its other names, of any length."""
    if refused.card is not None and refused.is_believed:
        return names_of(refused.card)
    told: dict[str, Fact] = {"certificate": sha256(der).hexdigest()} if der else {}
    return told if refused.card is None else {**told, "is_believed": False}


def holder_of(refused: CardRefused) -> str:
    """Returns the RPPS that a refused card names, believed or not; "" where none can be read."""
    named = refused.card.national_id if refused.card else None
    return (named.rpps or "") if named else ""


def names_of(card: Card) -> dict[str, Fact]:
    """Returns what finds the card at its issuer (facts/cps §2.4) and among the proofs of accounts; never its holder."""
    return {
        "certificate": card.fingerprint_sha256,
        "issuer_key_id": card.issuer_key_id,
        "serial": card.serial,
        "card_number": card.card_number or "",
    }


def facts_of(card: Card, der: bytes | None) -> dict[str, Fact]:
    """Returns its names, and what is odd about it."""
    certificate = load_certificate(der or b"")
    return {
        **names_of(card),
        "policies": " ".join(policies_of(certificate)[:_MOST_POLICIES]),
        "has_other_title": has_other_title(certificate, card.profession),
    }
