"""Hours and days as people here read them. Pages and mails only; records keep UTC."""

from datetime import datetime
from zoneinfo import ZoneInfo

#: Where the people are who read hours on our pages and in our mails.
_PARIS = ZoneInfo("Europe/Paris")


_MONTHS = {
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre".split(),
    "en": "January February March April May June July August September October November December".split(),
}
_HOUR = {"fr": "%H h %M", "en": "%H:%M"}


def local_hour(instant: datetime, locale: str) -> str:
    """« 14 h 32 », "14:32"."""
    return instant.astimezone(_PARIS).strftime(_HOUR[locale])


def local_day(instant: datetime, locale: str) -> str:
    """« 23 novembre 2026 », "23 November 2026"."""
    day = instant.astimezone(_PARIS)
    return f"{day.day} {_MONTHS[locale][day.month - 1]} {day.year}"


def local_time(instant: datetime, locale: str) -> str:
    return f"{local_day(instant, locale)}, {local_hour(instant, locale)}"
