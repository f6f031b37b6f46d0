"""Contains the options of `idp incident`, and how a network is written there. Not here: the command (`command`), which
imports the whole provider."""

import argparse
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from idp.cli.asking import add_yes
from idp.cli.times import typed_ago
from idp.core.clock import SystemClock

if TYPE_CHECKING:
    from idp.accounts.incident import Network

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
        type=_past,
        metavar="TIME",
        help="begun or used for an application since: 2026-11-30, 2026-11-30T08:00Z, or 45m, 6h, 2d ago",
    )
    how = end.add_mutually_exclusive_group()
    how.add_argument("--dry-run", action="store_true", help="only tell how many there are")
    add_yes(how)


def _network(text: str) -> "Network":
    import ipaddress

    try:
        return ipaddress.ip_network(text)
    except ValueError:
        raise argparse.ArgumentTypeError("such as 192.0.2.0/24 or 2001:db8::/32") from None


def _past(text: str) -> datetime:
    moment = typed_ago(text)
    if moment > SystemClock().now():
        raise argparse.ArgumentTypeError(f"{text} is to come: expected a moment that has been")
    return moment
