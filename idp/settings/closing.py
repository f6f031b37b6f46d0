"""Contains how long an account goes on that its person closed, or left unused, and a proof of identity counts.

Not here: sessions (`lives`).
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from idp.settings.declared import duration, number, seconds, setting
from idp.settings.faults import Rule

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
    unused_warned_after: int = number(
        "Months without a sign-in after which a mail warns.", 22, most=120, source="docs/adr/0043"
    )
    unused_disabled_after: int = number(
        "Months without a sign-in after which the account is disabled, with a motive and a mail.",
        24,
        most=120,
        source="docs/adr/0043",
    )
    identity_proved_every: int = number(
        "Months after which the password opens the account no more, until the card or Pro Santé Connect did.",
        36,
        most=120,
        source="docs/adr/0043",
    )
    disabled_notice: bool = setting("Tell the person by mail when an operator disables the account.", True)


#: Of the Gregorian calendar, on average.
_MONTH = timedelta(days=365.2425 / 12)


def months(count: int) -> timedelta:
    return count * _MONTH


RULES: tuple[Rule[ClosingSettings], ...] = (
    Rule(
        names="ACCOUNT_UNUSED_WARNED_AFTER",
        expected="less than CADUCEE_ACCOUNT_UNUSED_DISABLED_AFTER",
        is_broken=lambda s: s.unused_warned_after >= s.unused_disabled_after,
        it_is="as long, or longer",
        beside="ACCOUNT_UNUSED_DISABLED_AFTER",
    ),
)
