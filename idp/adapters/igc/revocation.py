"""`RevocationSource` for IGC-Santé: OCSP and the index of the lists; nothing is believed without evidence.

Contains which of them is asked, and what is remembered. Not here: what both answers mean together
(`idp.cards.revocation.DECISION`), HTTP, SQL.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from cryptography import x509

from idp.adapters.igc.ocsp import OcspClient
from idp.adapters.sql.crl_index import CrlIndex
from idp.cards.anchors import IssuingAuthority, TrustAnchors
from idp.cards.revocation import DECISION, CrlAnswer, OcspAnswer, RevocationStatus
from idp.core.ephemeral import EphemeralStore, Kind

_log = structlog.get_logger(__name__)

#: After a responder gave no answer, only the list is asked for so long: a person must not wait for a dead responder.
_PAUSE = timedelta(seconds=30)


@dataclass(slots=True)
class _ResponderPause:
    """Until when the responder is not asked; None: it answered."""

    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IgcRevocation:
    """`checks_authorities`: the lists of the roots are configured, so an issuing authority must be cleared too."""

    anchors: TrustAnchors
    ocsp: OcspClient | None
    index: CrlIndex
    store: EphemeralStore
    good_for: timedelta
    checks_authorities: bool
    _pause: _ResponderPause = field(default_factory=_ResponderPause, init=False)

    def status(self, certificate_der: bytes, issuer_der: bytes, *, now: datetime) -> RevocationStatus:
        """Returns the status of a card's certificate. Raises StoreUnavailable only."""
        certificate, issuer = (x509.load_der_x509_certificate(der) for der in (certificate_der, issuer_der))
        authority = next((one for one in self.anchors.issuing if one.der == issuer_der), None)
        if authority is None:
            return RevocationStatus.DISOWNED
        above = self._of_authority(authority, issuer, now)
        if above is CrlAnswer.LISTED:
            # Its key may be an attacker's: nothing that it signed is a card.
            return RevocationStatus.DISOWNED
        # An authority whose own status is not known cannot make a card good.
        status = self._of_card(certificate, issuer, authority.key_name, now)
        is_cleared = above is CrlAnswer.NOT_LISTED
        return status if is_cleared or status is not RevocationStatus.GOOD else RevocationStatus.UNKNOWN

    def _of_card(
        self, certificate: x509.Certificate, issuer: x509.Certificate, key_id: str, now: datetime
    ) -> RevocationStatus:
        # The list first, without network: a card that is on it needs no question to the responder.
        listed = self.index.answer(key_id, certificate.serial_number, now)
        if listed is CrlAnswer.LISTED:
            return RevocationStatus.REVOKED
        said = self._ask(certificate, issuer, key_id, listed, now)
        return DECISION[said, listed]

    def _of_authority(
        self, authority: IssuingAuthority, issuer: x509.Certificate, now: datetime
    ) -> CrlAnswer:
        """Returns what the list of its root says about the issuing authority."""
        if not self.checks_authorities or authority.root is None:
            return CrlAnswer.NOT_LISTED
        answer = self.index.answer(authority.root.key_name, issuer.serial_number, now)
        if answer is not CrlAnswer.NOT_LISTED:
            _log.error("issuing_authority_not_cleared", authority=authority.name, answer=str(answer))
        return answer

    def _ask(
        self,
        certificate: x509.Certificate,
        issuer: x509.Certificate,
        key_id: str,
        listed: CrlAnswer,
        now: datetime,
    ) -> OcspAnswer:
        key = f"{key_id}:{certificate.serial_number:x}"
        # Without a list that counts, the responder is asked even in its pause: nothing else could clear the card.
        if self.ocsp is None or (listed is not CrlAnswer.NONE and self._is_paused(now)):
            return OcspAnswer.NONE
        if self.store.get(Kind.CARD_STATUS, key) is not None:
            return OcspAnswer.GOOD
        said = self.ocsp.ask(
            certificate,
            issuer,
            now=now,
            listing=lambda serial: self.index.answer(key_id, serial, now),
        )
        self._pause.until = now + _PAUSE if said is OcspAnswer.NONE else None
        if said is OcspAnswer.GOOD and self.good_for:
            self.store.put(Kind.CARD_STATUS, key, {}, self.good_for)
        # Durable, as a revocation is for good: it counts also when the responder falls silent afterwards.
        if said is OcspAnswer.REVOKED:
            self.index.remember_revoked(key_id, certificate.serial_number, now)
        return said

    def _is_paused(self, now: datetime) -> bool:
        return self._pause.until is not None and now < self._pause.until
