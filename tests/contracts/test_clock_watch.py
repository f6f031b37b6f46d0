"""How far this node's clock is from the database's: measured on a real PostgreSQL, once a minute, and told."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from idp.adapters.sql.backends import parse_url, unopened_database
from idp.adapters.sql.clock_watch import ClockWatch
from tests.logged import logged_here
from tests.numbers import looked_up
from tests.provider import Provider, app_factory, templates

__all__ = ["app_factory", "templates"]  # Fixtures of the protocol room, used here as they are.

ALLOWED = timedelta(seconds=5)


@dataclass
class ShiftedClock:
    """The machine's, which the database has too, and so much more."""

    by: timedelta = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.by


@pytest.fixture
def postgresql_database(postgresql_url: str, opened: Callable[[str], Engine]) -> Engine:
    return opened(postgresql_url)


def watch_of(database: Engine, *, seconds: float = 0) -> tuple[ClockWatch, ShiftedClock]:
    clock = ShiftedClock(timedelta(seconds=seconds))
    return ClockWatch(database=database, clock=clock, allowed=ALLOWED), clock


def test_a_clock_that_is_right_is_not_told(postgresql_database: Engine) -> None:
    watch, _clock = watch_of(postgresql_database)
    with logged_here() as logs:
        assert not watch.is_off()
    assert watch.ahead() == timedelta()
    assert logs == []


@pytest.mark.parametrize("seconds", [90, -90])
def test_a_clock_that_is_off_is_told_with_its_remedy(postgresql_database: Engine, seconds: int) -> None:
    watch, _clock = watch_of(postgresql_database, seconds=seconds)
    with logged_here() as logs:
        assert watch.is_off()
        assert watch.is_off()  # Asked again within the minute: measured once, told once.
    (told,) = logs
    assert (told["event"], told["log_level"], told["allowed_seconds"]) == ("clock_apart", "error", 5)
    assert "NTP" in told["remedy"]
    # By no more than the database took to answer.
    assert abs(told["seconds_ahead"]) <= 90
    assert (told["seconds_ahead"] > 0) is (seconds > 0)


def test_a_clock_put_right_is_told_once_and_one_set_back_is_measured_at_once(
    postgresql_database: Engine,
) -> None:
    watch, clock = watch_of(postgresql_database, seconds=-3600)
    assert watch.is_off()
    clock.by = timedelta()  # An hour has passed, as its clock sees it.
    with logged_here() as logs:
        assert not watch.is_off()
    assert [told["event"] for told in logs] == ["clock_together"]
    clock.by = timedelta(seconds=-90)
    assert watch.is_off()


def test_sqlite_has_our_own_clock(sqlite_url: str, opened: Callable[[str], Engine]) -> None:
    watch, _clock = watch_of(opened(sqlite_url), seconds=3600)
    assert (watch.ahead(), watch.is_off()) == (None, False)


def test_a_database_that_is_away_says_nothing_about_the_clock() -> None:
    nobody_listens = unopened_database(parse_url("postgresql://caducee@127.0.0.1:1/caducee"))
    watch, _clock = watch_of(nobody_listens, seconds=90)
    assert (watch.ahead(), watch.is_off()) == (None, False)


@pytest.mark.parametrize("seconds", [0, 90])
def test_readiness_and_metrics_tell_the_operator(
    app_factory: Callable[..., Provider], postgresql_database: Engine, seconds: int
) -> None:
    house = app_factory()
    assert house.parts is not None
    clock = ShiftedClock(timedelta(seconds=seconds))
    shared = dataclasses.replace(house.parts.resources, database=postgresql_database, clock=clock)
    told = dataclasses.replace(house, parts=dataclasses.replace(house.parts, resources=shared))
    assert told.health() == ("degraded" if seconds else "ready")
    ahead = looked_up(told)['caducee_clock_ahead_seconds{store="sql"}']
    assert (ahead > ALLOWED.total_seconds()) is (seconds > 0)
