"""Contains how long a wait is, as a page tells it. Not here: why a person waits."""

import math
from dataclasses import dataclass
from datetime import timedelta

#: From here on the minutes of a wait are of no use.
_HOURS_ALONE = 3


@dataclass(frozen=True, slots=True)
class Delay:
    """A wait in hours and minutes, from three hours on in hours alone. Rounded up: nobody comes back too early."""

    hours: int = 0
    minutes: int = 0
    #: The same, not rounded up to minutes.
    seconds: int = 0

    @classmethod
    def of(cls, length: timedelta) -> "Delay":
        seconds = math.ceil(length.total_seconds())
        hours, minutes = divmod(max(math.ceil(seconds / 60), 1), 60)
        if hours >= _HOURS_ALONE:
            hours, minutes = hours + bool(minutes), 0
        return cls(hours, minutes, seconds)
