"""Contains hours and days as people in France read them, for pages and mails. Not here: records, which keep UTC."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

#: The time zone of the people who read our pages and mails.
_PARIS = ZoneInfo("Europe/Paris")


_MONTHS = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split(),
    "en": "January February March April May June July August September October November December".split(),
}
_HOUR = {"fr": "%H h %M", "en": "%H:%M"}


def local_hour(instant: datetime, locale: str) -> str:
    """Returns « 14 h 32 » or "14:32"."""
    return instant.astimezone(_PARIS).strftime(_HOUR[locale])


def minutes_left(end: datetime, now: datetime) -> int:
    """Returns the nearest whole number of minutes, 0 for less than half of one or none."""
    return max(round((end - now).total_seconds() / 60), 0)


def local_day(instant: datetime, locale: str) -> str:
    """Returns « 23 novembre 2026 » or "23 November 2026"."""
    day = instant.astimezone(_PARIS)
    return f"{day.day} {_MONTHS[locale][day.month - 1]} {day.year}"


def local_time(instant: datetime, locale: str) -> str:
    return f"{local_day(instant, locale)}, {local_hour(instant, locale)}"


def start_of_day(day: date) -> datetime:
    """Returns the instant at which this day begins there, UTC."""
    return datetime.combine(day, time(), _PARIS).astimezone(UTC)


def local_date(instant: datetime) -> date:
    """Returns the day on which it falls there."""
    return instant.astimezone(_PARIS).date()
