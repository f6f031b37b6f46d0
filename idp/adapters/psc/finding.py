"""Contains what a check of Pro Santé Connect tells the operator, and what a bad answer means. Not here: asking."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from idp.adapters.http.bounded import NoUsableAnswer


class Level(StrEnum):
    FINE = "ok"
    NOTE = "note"
    #: The operator must repair it: the command fails.
    FAULT = "FAULT"


@dataclass(frozen=True, slots=True)
class Finding:
    level: Level
    text: str


#: What each status means of an address that only has to be right; 5xx and others below.
_STATUSES: Mapping[int, str] = {
    301: "it has moved: set the address that it answers at, as no redirect is followed",
    302: "it leads elsewhere: set the address that it answers at, as no redirect is followed",
    400: "it does not take the question for one of its own: a wrong address, or a firewall in front of it",
    401: "it wants credentials there: a wrong address, or a proxy in front of it",
    403: "it is forbidden to this machine: a firewall, or a list of allowed addresses",
    404: "nothing is there: a wrong address",
    405: "another thing stands there: a wrong address",
    429: "it is asked too often from here",
}


def explained(error: NoUsableAnswer) -> str:
    """Returns the failure, and of a status what it means."""
    if error.status is None:
        return str(error)
    down = "it is out of order, or the server in front of it is" if error.status >= 500 else ""
    meaning = _STATUSES.get(error.status, down)
    return f"{error}: {meaning}" if meaning else str(error)


def shown(value: object) -> str:
    """Returns a text of the other side that may be printed; what could deceive a terminal is not."""
    return value if isinstance(value, str) and value.isprintable() and len(value) < 300 else "nothing usable"
