"""Whether a card was opposed since it was issued: the question, and how several answers make one.

Contains the port that `adapters/igc/revocation.py` implements, and its decision table.
Not here: any fetching. Addresses of CRL and OCSP come from configuration, never from the
certificate.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class RevocationStatus(StrEnum):
    """UNKNOWN: no fresh evidence to be had, which an operator's bypass may overrule. DISOWNED: evidence against it,
    though not of an opposition (the responder never heard of it; its authority is revoked). Both are refused."""

    GOOD = "good"
    REVOKED = "revoked"
    DISOWNED = "disowned"
    UNKNOWN = "unknown"


class RevocationSource(Protocol):
    """Answers for certificates whose signature by the given issuer was already verified."""

    def status(self, certificate_der: bytes, issuer_der: bytes, *, now: datetime) -> RevocationStatus:
        """Lack of evidence is UNKNOWN, never an exception; grace for stale evidence is the source's own."""
        ...


class OcspAnswer(StrEnum):
    """ON_HOLD may be lifted one day, REVOKED never; UNKNOWN is the responder's own word.

    NONE: not asked, no answer, or one that proves nothing.
    """

    GOOD = "good"
    REVOKED = "revoked"
    ON_HOLD = "on_hold"
    UNKNOWN = "unknown"
    NONE = "none"


class CrlAnswer(StrEnum):
    """NONE: no list was ever read, or the last one is too old even with its grace."""

    LISTED = "listed"
    NOT_LISTED = "not_listed"
    NONE = "none"


_GOOD, _REVOKED = RevocationStatus.GOOD, RevocationStatus.REVOKED
_DISOWNED, _UNKNOWN = RevocationStatus.DISOWNED, RevocationStatus.UNKNOWN

#: OCSP first, the list when OCSP has nothing to say, neither: refused. A listed card is refused whatever OCSP
#: says: the list was signed by the authority itself.
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
