"""Contains how an operator types a day, a moment, a while: the same way after each command, and never guessed.

Not here: what a command does with it, how one is shown (`web/local_time`).
"""

import argparse
import re
from datetime import UTC, date, datetime, time, timedelta

from idp.core.clock import SystemClock

_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def typed_day(text: str) -> date:
    """Raises ArgumentTypeError."""
    # `fromisoformat` would take a week or a day of the year too.
    if not re.fullmatch(_DAY, text):
        raise argparse.ArgumentTypeError("expected a day, year first: a day such as 2026-12-31")
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"there is no such day as {text}: expected a day such as 2026-12-31"
        ) from None


def typed_while(text: str) -> timedelta | None:
    """Returns it; None: it is none, perhaps a moment. `45m`, `6h`, `2d`."""
    found = re.fullmatch(r"([0-9]{1,4})([mhd])", text)
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None


def typed_moment(text: str) -> datetime:
    """Returns it in UTC. Raises ArgumentTypeError: also without an offset, since it would be the time of whoever reads
    it."""
    found = re.fullmatch(rf"({_DAY})[T ].+", text)
    if found is None:
        raise argparse.ArgumentTypeError("expected a time such as 2026-12-31T08:00Z, or 45m, 6h, 2d")
    typed_day(found[1])
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise argparse.ArgumentTypeError("expected Z or an offset behind it, as in 2026-12-31T08:00Z")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"there is no such moment as {text}: expected one such as 2026-12-31T08:00Z"
        ) from None


def typed_ago(text: str) -> datetime:
    """Returns a moment: as typed, so long ago, or the first one of a day in UTC. Raises ArgumentTypeError."""
    ago = typed_while(text)
    if ago is not None:
        return SystemClock().now() - ago
    if re.fullmatch(_DAY, text):
        return datetime.combine(typed_day(text), time(), UTC)
    return typed_moment(text)
