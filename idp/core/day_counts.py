"""What happened in the last day, hour by hour, and when each client was used last: of all nodes together.

Contains counting by whole hours: one that is over is counted once, the present one again after a while, and what was
counted is kept in the ephemeral store, so that every process says the same. However long the trail is, a look takes
`_MOST_TIME` at most; what it did not reach comes at the next. Not here: the queries (`adapters/sql/event_counts`).
"""

import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

from idp.core.audit import AuditEvent
from idp.core.clock import Clock
from idp.core.ephemeral import EphemeralStore, Kind, StoreUnavailable

HOURS = 24
_HOUR = timedelta(hours=1)
#: Rows of an hour that is over come no later: a commit takes seconds.
_SETTLED_AFTER = timedelta(minutes=5)
_MOST_TIME = timedelta(seconds=2)
#: A step back in search of clients that were not used lately grows while steps are quick.
_QUICK, _LONGEST_STEP = timedelta(milliseconds=100), timedelta(days=7)
_FARTHEST = timedelta(days=90)
_KEPT = timedelta(days=7)
_KEY = "day"


class TookTooLong(Exception):
    """The database was told to give up, and did."""


class Counted(NamedTuple):
    """`detail`: the reason of a refusal, the client of a code, else empty. `last_at`: of the last one."""

    event: str
    detail: str
    number: int
    last_at: datetime


class EventCounts(Protocol):
    """Raises StoreUnavailable, TookTooLong."""

    def between(self, since: datetime, until: datetime) -> Sequence[Counted]: ...

    def clients_used(self, since: datetime, until: datetime) -> Mapping[str, datetime]:
        """Returns when each client was given a code last, of those that were."""

    def begin(self) -> datetime | None:
        """Returns the instant of the oldest event; None: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    begins: datetime
    #: None: not counted yet.
    counts: Sequence[Counted] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """`hours`: the oldest first, the last one not over. `used`: a client that is not there was not used since
    `searched_to`; None: nothing is known of it yet."""

    at: datetime
    hours: Sequence[Hour]
    used: Mapping[str, datetime]
    searched_to: datetime | None


class _Kept(NamedTuple):
    """`hours`: by their number since 1970, when it was counted and what. `searched_to`: None until all are."""

    at: datetime
    hours: Mapping[int, tuple[datetime, Sequence[Counted]]]
    used: Mapping[str, datetime]
    searched_to: datetime | None

    @property
    def is_complete(self) -> bool:
        return self.searched_to is not None


@dataclass(slots=True, kw_only=True)
class DayCounts:
    events: EventCounts
    store: EphemeralStore
    clock: Clock
    #: How old the numbers may be.
    every: timedelta
    #: For a while in which the store is down.
    _last: _Kept | None = None
    _alone: threading.Lock = field(default_factory=threading.Lock)

    def look(self, clients: Collection[str]) -> Day:
        """Returns the last day. `clients`: to search the trail for. Raises StoreUnavailable: the database is down."""
        with self._alone:
            kept, is_up = self._known()
            now = self.clock.now()
            if kept is None or not kept.is_complete or not now - self.every < kept.at <= now:
                kept = self._last = self._counted(kept, now, clients)
                # Without the store each process counts for itself.
                with suppress(StoreUnavailable):
                    if is_up:
                        self.store.put(Kind.OPERATIONS_COUNTS, _KEY, _written(kept), _KEPT)
            return _day_of(kept)

    def _known(self) -> tuple[_Kept | None, bool]:
        """Returns what is known, and whether the store answers."""
        try:
            found = self.store.get(Kind.OPERATIONS_COUNTS, _KEY)
        except StoreUnavailable:
            return self._last, False
        return (self._last if found is None else _read(found.value)), True

    def _counted(self, before: _Kept | None, now: datetime, clients: Collection[str]) -> _Kept:
        """Raises StoreUnavailable."""
        newest = _number_of(now)
        numbers = range(newest - HOURS + 1, newest + 1)
        # A gap since the last look would hide when a client was used meanwhile.
        is_on = before is not None and before.at >= _begin(numbers[1])
        kept = before if before is not None and is_on else _Kept(now, {}, {}, None)
        hours = {number: kept.hours[number] for number in numbers if number in kept.hours}
        used, searched_to, until = dict(kept.used), kept.searched_to, now + _MOST_TIME
        try:
            for number in reversed(numbers):
                if number not in hours or hours[number][0] < _begin(number + 1) + _SETTLED_AFTER:
                    self._require_time(until)
                    counts = self.events.between(_begin(number), _begin(number + 1))
                    hours[number] = (now, counts)
                    _add(used, _used_in(counts))
            steps = self._searched(used, clients, searched_to or _begin(numbers[0]), now)
            for searched_to in steps:  # noqa: B007 the last one is what was reached
                self._require_time(until)
        except TookTooLong:
            pass
        return _Kept(now, hours, used, searched_to)

    def _require_time(self, until: datetime) -> None:
        """Raises TookTooLong."""
        if self.clock.now() > until:
            raise TookTooLong

    def _searched(
        self, used: dict[str, datetime], clients: Collection[str], until: datetime, now: datetime
    ) -> Iterator[datetime]:
        """Yields how far back the trail was searched, until every client was found or nothing is left."""
        yield until
        begin, step = self.events.begin(), _HOUR
        first = now if begin is None else max(begin, now - _FARTHEST)
        while until > first and not used.keys() >= set(clients):
            began = self.clock.now()
            since = max(until - step, first)
            _add(used, self.events.clients_used(since, until))
            until = since
            yield until
            is_quick = self.clock.now() - began < _QUICK
            step = min(step * 2, _LONGEST_STEP) if is_quick else max(step / 2, _HOUR)


def _add(used: dict[str, datetime], found: Mapping[str, datetime]) -> None:
    for client, at in found.items():
        used[client] = max(at, used.get(client, at))


def _used_in(counts: Sequence[Counted]) -> Mapping[str, datetime]:
    return {one.detail: one.last_at for one in counts if one.event == AuditEvent.CODE_ISSUED}


def _number_of(instant: datetime) -> int:
    return int(instant.timestamp()) // 3600


def _begin(number: int) -> datetime:
    return datetime.fromtimestamp(number * 3600, UTC)


def _day_of(kept: _Kept) -> Day:
    newest = _number_of(kept.at)
    hours = [
        Hour(begins=_begin(number), counts=kept.hours[number][1] if number in kept.hours else None)
        for number in range(newest - HOURS + 1, newest + 1)
    ]
    return Day(at=kept.at, hours=hours, used=kept.used, searched_to=kept.searched_to)


def _written(kept: _Kept) -> dict[str, Any]:
    return {
        "at": kept.at.timestamp(),
        "hours": {
            str(number): [at.timestamp(), [_row(one) for one in counts]]
            for number, (at, counts) in kept.hours.items()
        },
        "used": {client: at.timestamp() for client, at in kept.used.items()},
        "searched_to": None if kept.searched_to is None else kept.searched_to.timestamp(),
    }


def _row(one: Counted) -> list[Any]:
    return [one.event, one.detail, one.number, one.last_at.timestamp()]


def _read(value: Mapping[str, Any]) -> _Kept:
    def instant(seconds: float) -> datetime:
        return datetime.fromtimestamp(seconds, UTC)

    return _Kept(
        at=instant(value["at"]),
        hours={
            int(number): (
                instant(at),
                [Counted(event, detail, seen, instant(last_at)) for event, detail, seen, last_at in counts],
            )
            for number, (at, counts) in value["hours"].items()
        },
        used={client: instant(at) for client, at in value["used"].items()},
        searched_to=None if value["searched_to"] is None else instant(value["searched_to"]),
    )
