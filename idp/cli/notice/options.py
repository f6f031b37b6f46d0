"""Contains how `idp notice` is written on the command line. Not here: what it does (`command`)."""

import argparse
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from idp.core.announcement import LEVELS, LONGEST
from idp.core.clock import SystemClock

NOTICE_GROUPS = {"notice": "what every page says for a time: an incident, a maintenance"}
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def add_notice(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    put = add(
        "notice set", "notice.command.set_notice", "say this on every page, on all nodes within a minute"
    )
    put.add_argument("--fr", type=_text, required=True, metavar="TEXT", help="in French")
    put.add_argument("--en", type=_text, metavar="TEXT", help="default: the French text")
    put.add_argument("--level", choices=LEVELS, default="info", help="default: info")
    put.add_argument(
        "--from",
        type=_moment,
        dest="since",
        metavar="TIME",
        help="2026-12-24T20:00+01:00, or in 45m, 6h, 2d; default: now",
    )
    put.add_argument(
        "--until", type=_moment, metavar="TIME", help="likewise; default: ANNOUNCEMENT_LIFE after"
    )
    shown = add("notice show", "notice.command.show", "the notice that is set, and whether pages have it now")
    shown.add_argument("--json", action="store_true", help="as JSON")
    add("notice clear", "notice.command.clear", "take it away")


def _text(given: str) -> str:
    text = given.strip()
    if not (text and text.isprintable() and len(text) <= LONGEST):
        raise argparse.ArgumentTypeError(f"one line of at most {LONGEST} signs")
    return text


def _moment(text: str) -> datetime:
    if ahead := re.fullmatch(r"([0-9]{1,3})([mhd])", text):
        return SystemClock().now() + timedelta(**{_UNITS[ahead[2]]: int(ahead[1])})
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    # Without an offset it would be the time of whoever reads it.
    if found is None or found.tzinfo is None:
        raise argparse.ArgumentTypeError(
            "such as 2026-12-24T20:00+01:00, with Z or an offset, or 45m, 6h, 2d from now"
        )
    return found.astimezone(UTC)
