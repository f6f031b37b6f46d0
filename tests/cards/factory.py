"""Cards on demand for the tests of this room. Not fixtures: those are in `conftest`."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from idp.cards.revocation import RevocationStatus
from sandbox.igc.authorities import sign_certificate
from sandbox.igc.issuing import Igc, IssuedCard, Slot, issue_card
from sandbox.igc.profile import Addresses, Extension
from sandbox.igc.roster import CardPlan

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


def reissued(
    slot: Slot,
    issuer_key: RSAPrivateKey,
    *,
    without: Collection[x509.ObjectIdentifier] = (),
    extensions: Iterable[Extension] = (),
) -> x509.Certificate:
    """The same certificate with other extensions, signed by this key."""
    old = slot.certificate
    kept = [(one.value, one.critical) for one in old.extensions if one.oid not in without]
    validity = (old.not_valid_before_utc, old.not_valid_after_utc)
    return sign_certificate(old.subject, slot.key, old.issuer, issuer_key, validity, [*kept, *extensions])


@dataclass
class RevocationTable:
    """A revocation source that says what the test told it, and remembers what it was asked."""

    answer: RevocationStatus = RevocationStatus.GOOD
    asked: int = 0
    revoked: frozenset[int] = frozenset()

    def status(self, certificate_der: bytes, issuer_der: bytes, *, now: datetime) -> RevocationStatus:
        assert x509.load_der_x509_certificate(certificate_der).issuer == (
            x509.load_der_x509_certificate(issuer_der).subject
        )
        self.asked += 1
        if x509.load_der_x509_certificate(certificate_der).serial_number in self.revoked:
            return RevocationStatus.REVOKED
        return self.answer


@dataclass(frozen=True)
class CardFactory:
    """Cards of the pinned authority, on demand."""

    igc: Igc
    keys: tuple[RSAPrivateKey, RSAPrivateKey]

    def plan(self, name: str) -> CardPlan:
        return self.card(name).plan

    def card(self, name: str) -> IssuedCard:
        return next(card for card in self.igc.cards if card.plan.name == name)

    def der(self, name: str) -> bytes:
        return self.card(name).login.certificate.public_bytes(Encoding.DER)

    def issue(self, plan: CardPlan, keys: tuple[RSAPrivateKey, RSAPrivateKey] | None = None) -> bytes:
        addresses = Addresses.on_loopback("http://localhost:1/igc", "A", "R")
        made = issue_card(plan, self.igc.issuing, addresses, NOW, keys or self.keys)
        return made.login.certificate.public_bytes(Encoding.DER)

    def marked(self, **marks: object) -> bytes:
        """A card of LEFEBVRE with other private extensions."""
        plan = self.plan("lefebvre")
        return self.issue(replace(plan, marks=replace(plan.marks, **marks)))  # type: ignore[arg-type]
