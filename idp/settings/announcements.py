"""Contains how long a notice on every page lasts, and how soon it is there. Not here: setting one (`cli/notice`)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from idp.settings.declared import duration, seconds

_DAY = 24 * 3600
#: A record of the store lives no longer.
LONGEST = seconds(30 * _DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementSettings:
    """Notices on every page."""

    PREFIX: ClassVar[str] = "ANNOUNCEMENT_"

    life: timedelta = duration(
        "A notice set by `idp notice set` without `--until` ends by itself after it.",
        seconds(7 * _DAY),
        least=60,
        most=LONGEST,
    )
    read_every: timedelta = duration(
        "How often each web process looks whether there is one, beside the requests.",
        seconds(20),
        most=seconds(60),
    )
