"""Signs of life of what works beside the requests, and how much waits for it.

Contains the lanes by name, the record, the ports, and which lane nobody runs. Not here: threads (`cli/worker`), tables
(`adapters/sql/heartbeats`), what is told of it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

#: Between two signs of a process; six may be lost before it counts as dead. Clocks of two nodes differ by seconds.
BEAT_EVERY = timedelta(seconds=10)
SILENT_AFTER = timedelta(seconds=60)


class Lane(StrEnum):
    """What is done beside the requests, each in a lane of its own."""

    MAILS = "mails"
    NOTICES = "notices"
    PURGES = "purges"
    LISTS = "lists"
    KEYS = "keys"
    CLOSINGS = "closings"
    UNUSED = "unused"
    NEW_BROWSERS = "new_browsers"
    CHARTERS = "charters"
    CLOCK = "clock"
    AUDIT = "audit"


#: The lists are there only where cards are judged by lists.
ALWAYS_RUN = tuple(lane for lane in Lane if lane is not Lane.LISTS)


#: What `idp card-host` gives signs of, which is work of its own: no lane of a worker.
CARD_HOST = "card_host"


class LaneState(StrEnum):
    RESTING = "resting"
    WORKING = "working"
    #: Its last turn ended by a fault; it is tried again.
    FAILING = "failing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """`number`: of what waits, counted up to a bound; `oldest_at`: since when the oldest does, None when none does."""

    number: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """The last sign of one lane of one process: one row, until the process ends in good order.

    `process`: `worker 4711`, `serve 4712`. `at`: of the process. `since`: when the present state began. `due_by`: when
    the lane will have done its turn at the latest, or begun the next. `fault`: the kind of the last one, while failing.
    """

    node: str
    process: str
    lane: str
    at: datetime
    state: LaneState
    since: datetime
    due_by: datetime
    fault: str = ""
    waiting: Waiting | None = None

    def is_alive(self, now: datetime) -> bool:
        """Whether its process gave a sign lately, and the lane itself is not stuck."""
        return now - self.at <= SILENT_AFTER and now <= self.due_by + SILENT_AFTER


class Heartbeats(Protocol):
    def beat(self, beats: Sequence[Heartbeat]) -> None:
        """Write them, each in place of the one before. Raises StoreUnavailable."""

    def leave(self, node: str, process: str) -> None:
        """Take those of a process away: it ends as it was told to. Raises StoreUnavailable."""

    def all(self) -> Sequence[Heartbeat]:
        """Returns the last of each lane of each process, also of dead ones. Raises StoreUnavailable."""


def not_run(beats: Iterable[Heartbeat], now: datetime) -> tuple[str, ...]:
    """Returns the names of the lanes of which no process gives a sign of life; empty: all is well."""
    alive = {beat.lane for beat in beats if beat.is_alive(now)}
    return tuple(str(lane) for lane in ALWAYS_RUN if lane not in alive)


def is_dead(beats: Iterable[Heartbeat], lane: str, now: datetime) -> bool:
    """Returns whether processes that did it fell silent, and no other does it. Where there is no sign at all, nobody
    knows: one that ends in good order takes its signs away."""
    living = [beat.is_alive(now) for beat in beats if beat.lane == lane]
    return bool(living) and not any(living)
