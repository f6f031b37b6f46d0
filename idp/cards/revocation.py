"""Whether a card was revoked since it was issued.

Contains the port that `adapters/igc/revocation.py` implements, and the table that makes one verdict of two answers.
Not here: fetching. The addresses of CRL and OCSP come from configuration, never from the certificate.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class RevocationStatus(StrEnum):
    """UNKNOWN and DISOWNED are both refused.

    UNKNOWN: there is no fresh evidence; the operator's dated bypass may accept the card. DISOWNED: evidence against the
    card that is not its revocation: the responder does not know it, or its authority is revoked. No bypass accepts it.
    """

    GOOD = "good"
    REVOKED = "revoked"
    DISOWNED = "disowned"
    UNKNOWN = "unknown"


class RevocationSource(Protocol):
    """Answers for certificates whose signature by the given issuer has already been verified."""

    def status(self, certificate_der: bytes, issuer_der: bytes, *, now: datetime) -> RevocationStatus:
        """Returns the status. Lack of evidence is UNKNOWN, never an exception.

        The source itself decides how long it still accepts stale evidence.
        """
        ...


class OcspAnswer(StrEnum):
    """ON_HOLD may be lifted later, REVOKED never. UNKNOWN is the responder's own answer.

    NONE: the responder was not asked, did not answer, or its answer proves nothing.
    """

    GOOD = "good"
    REVOKED = "revoked"
    ON_HOLD = "on_hold"
    UNKNOWN = "unknown"
    NONE = "none"


class CrlAnswer(StrEnum):
    """NONE: no list was ever read, or the last one is older than its end and grace."""

    LISTED = "listed"
    NOT_LISTED = "not_listed"
    NONE = "none"


_GOOD, _REVOKED = RevocationStatus.GOOD, RevocationStatus.REVOKED
_DISOWNED, _UNKNOWN = RevocationStatus.DISOWNED, RevocationStatus.UNKNOWN

#: OCSP decides first, and the list when OCSP has no answer; without either the status is UNKNOWN. A listed card is
#: refused whatever OCSP says: the authority itself signed the list.
DECISION: Mapping[tuple[OcspAnswer, CrlAnswer], RevocationStatus] = {
    (OcspAnswer.GOOD, CrlAnswer.NOT_LISTED): _GOOD,
    (OcspAnswer.GOOD, CrlAnswer.NONE): _GOOD,
    (OcspAnswer.GOOD, CrlAnswer.LISTED): _REVOKED,
    (OcspAnswer.REVOKED, CrlAnswer.NOT_LISTED): _REVOKED,
    (OcspAnswer.REVOKED, CrlAnswer.NONE): _REVOKED,
    (OcspAnswer.REVOKED, CrlAnswer.LISTED): _REVOKED,
    (OcspAnswer.ON_HOLD, CrlAnswer.NOT_LISTED): _REVOKED,
    (OcspAnswer.ON_HOLD, CrlAnswer.NONE): _REVOKED,
    (OcspAnswer.ON_HOLD, CrlAnswer.LISTED): _REVOKED,
    (OcspAnswer.UNKNOWN, CrlAnswer.NOT_LISTED): _DISOWNED,
    (OcspAnswer.UNKNOWN, CrlAnswer.NONE): _DISOWNED,
    (OcspAnswer.UNKNOWN, CrlAnswer.LISTED): _REVOKED,
    (OcspAnswer.NONE, CrlAnswer.NOT_LISTED): _GOOD,
    (OcspAnswer.NONE, CrlAnswer.NONE): _UNKNOWN,
    (OcspAnswer.NONE, CrlAnswer.LISTED): _REVOKED,
}
