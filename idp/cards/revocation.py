"""Whether a card was opposed since it was issued: the question, not the answer.

Lives here: the port that the revocation adapter (CRL table, OCSP) implements, and the stand-in used until it
exists.
Must not come here: any fetching. Addresses of CRL and OCSP come from configuration, never from the
certificate.
"""

from datetime import datetime
from enum import StrEnum
from typing import Protocol


class RevocationStatus(StrEnum):
    """UNKNOWN covers "never heard of it" and "no fresh evidence": both are refused."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class RevocationSource(Protocol):
    """Answers for certificates whose signature by the given issuer was already verified."""

    def status(self, certificate_der: bytes, issuer_der: bytes, *, now: datetime) -> RevocationStatus:
        """Lack of evidence is UNKNOWN, never an exception; grace for stale evidence is the source's own."""
        ...


class NoRevocationYet:
    """Answers GOOD to everything: CRL and OCSP are not built yet.

    For the demo only. A production deployment must not be composed with it.
    """

    def status(self, certificate_der: bytes, issuer_der: bytes, *, now: datetime) -> RevocationStatus:
        return RevocationStatus.GOOD
