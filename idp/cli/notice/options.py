"""Contains how `idp notice` is written on the command line. Not here: what it does (`command`)."""

import argparse
from collections.abc import Callable
from datetime import datetime

from idp.cli.times import typed_moment, typed_while
from idp.core.announcement import LEVELS, LONGEST
from idp.core.clock import SystemClock

NOTICE_GROUPS = {"notice": "what every page says for a time: an incident, a maintenance"}


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
    ahead = typed_while(text)
    return typed_moment(text) if ahead is None else SystemClock().now() + ahead
