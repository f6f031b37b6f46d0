"""Contains hours and days as people in France read them, for pages and mails: none of them is cut at the end of a line.

Not here: records, which keep UTC.
"""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from idp.web.languages import language

#: The time zone of the people who read our pages and mails.
_PARIS = ZoneInfo("Europe/Paris")


def local_hour(instant: datetime, locale: str) -> str:
    """Returns « 14 h 32 » or "14:32"."""
    there = instant.astimezone(_PARIS)
    return _uncut(language(locale).hour.format(hour=f"{there.hour:02}", minute=f"{there.minute:02}"))


def not_before(instant: datetime, locale: str) -> str:
    """Returns the first whole minute that is not before it: nobody comes too early."""
    return local_hour(instant + timedelta(seconds=-instant.timestamp() % 60), locale)


def minutes_left(end: datetime, now: datetime) -> int:
    """Returns the nearest whole number of minutes, 0 for less than half of one or none."""
    return max(round((end - now).total_seconds() / 60), 0)


def local_day(instant: datetime, locale: str) -> str:
    """Returns « 23 novembre 2026 », « 1er décembre 2026 » or "23 November 2026"."""
    there, spoken = instant.astimezone(_PARIS), language(locale)
    day = spoken.first if there.day == 1 else str(there.day)
    return _uncut(spoken.day.format(day=day, month=spoken.months[there.month - 1], year=there.year))


def local_time(instant: datetime, locale: str) -> str:
    """Returns « 23 novembre 2026, 14 h 32 », which a line may end within, between day and hour."""
    day, hour = local_day(instant, locale), local_hour(instant, locale)
    return language(locale).moment.format(day=day, hour=hour)


def start_of_day(day: date) -> datetime:
    """Returns the instant at which this day begins there, UTC."""
    return datetime.combine(day, time(), _PARIS).astimezone(UTC)


def local_date(instant: datetime) -> date:
    """Returns the day on which it falls there."""
    return instant.astimezone(_PARIS).date()


def _uncut(words: str) -> str:
    return words.replace(" ", "\u00a0")
