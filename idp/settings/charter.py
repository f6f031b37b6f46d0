"""Contains what makes a text a charter, and how one that is announced is told. Not here: the receipt (`mail`)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from idp.settings.declared import duration, number, seconds

_DAY = seconds(24 * 3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterSettings:
    """Charters."""

    PREFIX: ClassVar[str] = "CHARTER_"

    least_words: int = number(
        "`idp charter publish` refuses a text with fewer words: it is empty, or the wrong file.",
        50,
        source="docs/adr/0059",
    )
    put_off_for: timedelta = duration(
        "« Plus tard » at an announced charter: it is asked about no sooner again.",
        _DAY,
        most=31 * _DAY,
        source="docs/adr/0059",
    )
    reminded_before: timedelta = duration(
        "So long before its day a mail reminds of an announced charter whoever has not accepted it; 0: none does.",
        7 * _DAY,
        least=0,
        most=90 * _DAY,
        source="docs/adr/0059",
    )
