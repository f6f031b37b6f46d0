"""The last day by hours: counted once, kept for every process, and bounded in time however long the trail is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest

from idp.core.audit import AuditEvent
from idp.core.day_counts import Counted, Day, DayCounts, TookTooLong
from idp.core.ephemeral import StoreUnavailable
from idp.core.kept_figures import KeptFigures
from tests.fakes import NOON, FixedClock, MemoryStore

HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)


@dataclass
class Trail:
    """Codes that clients were given, and what was asked of it."""

    clock: FixedClock
    codes: list[tuple[datetime, str]] = field(default_factory=list)
    asked: list[tuple[datetime, datetime]] = field(default_factory=list)
    searched: list[tuple[datetime, datetime]] = field(default_factory=list)
    #: What a look at an hour takes, in seconds.
    slow: float = 0
    down: Exception | None = None

    def between(self, since: datetime, until: datetime) -> Sequence[Counted]:
        self.asked.append((since, until))
        self._look()
        found = self._used(since, until)
        return [
            Counted(AuditEvent.CODE_ISSUED, client, sum(one == client for _, one in found), max_at)
            for client, max_at in {client: at for at, client in sorted(found)}.items()
        ]

    def clients_used(self, since: datetime, until: datetime) -> Mapping[str, datetime]:
        self.searched.append((since, until))
        self._look()
        return {client: at for at, client in sorted(self._used(since, until))}

    def begin(self) -> datetime | None:
        return min((at for at, _ in self.codes), default=None)

    def _used(self, since: datetime, until: datetime) -> list[tuple[datetime, str]]:
        return [(at, client) for at, client in self.codes if since <= at < until]

    def _look(self) -> None:
        self.clock.advance(seconds=self.slow)
        if self.down is not None:
            raise self.down


@dataclass
class Gone(MemoryStore):
    """Redis while it is down."""

    def get(self, *told: Any) -> Any:
        raise StoreUnavailable


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON + 20 * MINUTE)


@pytest.fixture
def trail(clock: FixedClock) -> Trail:
    return Trail(clock)


def counts_of(trail: Trail, store: Any = None) -> DayCounts:
    return DayCounts(events=trail, store=store or MemoryStore(trail.clock), clock=trail.clock, every=MINUTE)


def numbers(day: Day) -> list[int | None]:
    return [None if hour.counts is None else sum(one.number for one in hour.counts) for hour in day.hours]


def test_a_day_is_the_present_hour_and_the_twenty_three_before(trail: Trail) -> None:
    trail.codes = [
        (NOON + MINUTE, "a"),
        (NOON - MINUTE, "a"),
        (NOON - 23 * HOUR, "b"),
        (NOON - 24 * HOUR, "b"),
    ]
    day = counts_of(trail).look([])
    assert [day.hours[0].begins, day.hours[-1].begins] == [NOON - 23 * HOUR, NOON]
    assert numbers(day) == [1, *[0] * 21, 1, 1]
    assert (day.at, day.used) == (NOON + 20 * MINUTE, {"a": NOON + MINUTE, "b": NOON - 23 * HOUR})


def test_every_process_says_the_same_for_a_minute_and_then_only_the_present_hour_is_counted_again(
    trail: Trail, clock: FixedClock
) -> None:
    store = MemoryStore(clock)
    first = counts_of(trail, store).look([])
    trail.codes.append((NOON + 20 * MINUTE, "a"))
    clock.advance(seconds=59)
    trail.asked.clear()
    assert counts_of(trail, store).look([]) == first
    assert trail.asked == []
    clock.advance(seconds=1)
    assert numbers(counts_of(trail, store).look([]))[-1] == 1
    assert trail.asked == [(NOON, NOON + HOUR)]


def test_an_hour_is_counted_for_good_only_when_its_last_rows_must_have_come(
    trail: Trail, clock: FixedClock
) -> None:
    counts = counts_of(trail)
    clock.at = NOON + HOUR + 4 * MINUTE
    counts.look([])
    trail.codes.append((NOON + 59 * MINUTE, "late"))
    clock.advance(minutes=2)
    trail.asked.clear()
    assert numbers(counts.look([]))[-2:] == [1, 0]
    clock.advance(minutes=2)
    counts.look([])
    assert [since for since, _ in trail.asked] == [NOON + HOUR, NOON, NOON + HOUR]


def test_a_trail_that_is_too_long_is_counted_the_newest_hours_first_and_further_at_each_look(
    trail: Trail,
) -> None:
    trail.slow = 0.5
    counts = counts_of(trail)
    first, second = counts.look(["a"]), counts.look(["a"])
    known = [number is not None for number in numbers(first)]
    assert known == [False] * 19 + [True] * 5
    assert sum(number is not None for number in numbers(second)) > 5
    # Nothing is said of clients before every hour is there.
    assert (first.searched_to, trail.searched) == (None, [])


def test_a_statement_that_the_database_gave_up_leaves_its_hour_for_the_next_look(trail: Trail) -> None:
    trail.down = TookTooLong()
    counts = counts_of(trail)
    assert numbers(counts.look([])) == [None] * 24
    trail.down = None
    assert numbers(counts.look([])) == [0] * 24


def test_the_trail_is_searched_for_clients_until_all_are_found(trail: Trail) -> None:
    old, first = NOON - 40 * DAY, NOON - 60 * DAY
    trail.codes = [(NOON - HOUR, "daily"), (old, "rare"), (old - HOUR, "rare"), (first, "daily")]
    counts = counts_of(trail)
    day = counts.look(["daily"])
    assert (day.searched_to, trail.searched) == (NOON - 23 * HOUR, [])
    trail.clock.advance(minutes=1)
    day = counts.look(["daily", "rare"])
    assert day.used["rare"] == old
    trail.clock.advance(minutes=1)
    day = counts.look(["daily", "rare", "never"])
    assert (day.searched_to, day.used["rare"]) == (first, old)
    # Each step begins where the one before ended.
    assert all(
        until == since for (since, _), (_, until) in zip(trail.searched, trail.searched[1:], strict=False)
    )


def test_a_search_goes_on_where_it_was_when_its_time_was_over(trail: Trail) -> None:
    trail.codes = [(NOON - 10 * DAY, "rare")]
    counts = counts_of(trail)
    counts.look([])
    trail.slow = 0.9
    reached = [NOON - 23 * HOUR]
    for _ in range(3):
        trail.clock.advance(minutes=1)
        day = counts.look(["rare"])
        assert day.searched_to is not None
        reached.append(day.searched_to)
    assert reached == sorted(set(reached), reverse=True)
    assert reached[1] == reached[0] - 2 * HOUR  # Slow steps stay small.


def test_nobody_looked_for_a_day_so_clients_are_searched_for_anew(trail: Trail, clock: FixedClock) -> None:
    counts = counts_of(trail)
    trail.codes = [(NOON, "a")]
    assert counts.look(["a"]).used == {"a": NOON}
    trail.codes.append((NOON + DAY, "a"))
    clock.advance(days=3)
    assert counts.look(["a"]).used == {"a": NOON + DAY}


def test_without_the_ephemeral_store_each_process_counts_and_keeps_for_itself(trail: Trail) -> None:
    counts = counts_of(trail, Gone(trail.clock))
    counts.look([])
    trail.asked.clear()
    trail.clock.advance(seconds=10)
    counts.look([])
    assert trail.asked == []


def test_a_database_that_is_down_is_told_to_who_asks(trail: Trail) -> None:
    trail.down = StoreUnavailable()
    with pytest.raises(StoreUnavailable):
        counts_of(trail).look([])


def test_dear_figures_are_counted_once_for_all_and_those_that_took_too_long_not_again_at_once(
    clock: FixedClock,
) -> None:
    figures = KeptFigures(store=MemoryStore(clock), clock=clock, every=15 * MINUTE)
    assert figures.look("k", lambda: {"n": 1}).counted == {"n": 1}
    clock.advance(minutes=14)
    kept = figures.look("k", lambda: {"n": 2})
    assert (kept.counted, kept.at) == ({"n": 1}, clock.now() - 14 * MINUTE)
    assert figures.look("other", lambda: {"n": 3}).counted == {"n": 3}
    clock.advance(minutes=1)

    def slow() -> Mapping[str, int]:
        raise TookTooLong

    assert figures.look("k", slow).counted is None
    clock.advance(minutes=1)
    assert figures.look("k", lambda: {"n": 4}).counted is None
