"""Contains the options of `idp incident`, and how an instant and a network are written there. Not here: the command
(`command.py`), which imports the whole provider."""

import argparse
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from idp.core.clock import SystemClock

if TYPE_CHECKING:
    from idp.accounts.incident import Network

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
#: As `interaction/authenticator` names them; importing it here would slow down every command.
DOORS = ("psc", "cps", "passkey", "password")


def add_incident(add: Callable[[str, str, str], argparse.ArgumentParser]) -> None:
    end = add(
        "incident end",
        "incident.command.end",
        "end every session, with its grants and tokens, that meets all that is said of it",
    )
    end.add_argument("--client", metavar="CLIENT_ID", help="that signed in to this application")
    end.add_argument("--door", choices=DOORS, help="in which this door was used")
    end.add_argument(
        "--network", type=_network, metavar="CIDR", help="from there; addresses are kept to the /24, the /48"
    )
    end.add_argument(
        "--since",
        type=_instant,
        metavar="TIME",
        help="begun or used for an application since: 2026-11-30T08:00Z, or 45m, 6h, 2d ago",
    )
    how = end.add_mutually_exclusive_group()
    how.add_argument("--dry-run", action="store_true", help="only tell how many there are")
    how.add_argument("--yes", action="store_true", help="do not ask")


def _network(text: str) -> "Network":
    import ipaddress

    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise argparse.ArgumentTypeError("such as 192.0.2.0/24 or 2001:db8::/32") from None


def _instant(text: str) -> datetime:
    now = SystemClock().now()
    if ago := re.fullmatch(r"([0-9]{1,4})([mhd])", text):
        return now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        instant = None
    # Without an offset it would be the time of whoever reads it.
    if instant is None or instant.tzinfo is None or instant > now:
        raise argparse.ArgumentTypeError(
            "such as 2026-11-30T08:00Z, with Z or an offset, or 45m, 6h, 2d; not to come"
        )
    return instant.astimezone(UTC)
