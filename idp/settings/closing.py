"""Contains how long an account goes on that its person closed, or left unused. Not here: sessions (`lives`)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from idp.settings.declared import duration, seconds

_HOUR, _DAY = seconds(3600), seconds(24 * 3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosingSettings:
    """The end of an account."""

    PREFIX: ClassVar[str] = "ACCOUNT_"

    closing_grace: timedelta = duration(
        "From « Fermer mon compte » until it is erased: a sign-in by card or Pro Santé Connect may take it back.",
        24 * _HOUR,
        least=3600,
        most=31 * _DAY,
        limits="3600 to 2678400 seconds (one hour to 31 days)",
    )
    evidence_life: timedelta = duration(
        "Evidence of charters accepted, kept under a keyed hash after the account was erased; then deleted.",
        5 * 365 * _DAY,
        source="docs/adr/0042",
    )
