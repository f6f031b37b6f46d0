"""What the operator says on every page: read beside the requests, and nothing that a page could fail by."""

from datetime import timedelta

import pytest

from idp.core.announcement import Announced, announce, withdraw
from idp.core.ephemeral import Kind
from idp.pages.frame import Announcement
from idp.web.announcements import Announcements
from tests.fakes import NOON, FixedClock, MemoryStore
from tests.limits import eventually

SAID = Announced(fr="En panne.", en="Down.", level="warning", since=None, until=NOON + timedelta(hours=1))


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


def test_before_anything_was_read_and_without_a_store_pages_say_nothing(clock: FixedClock) -> None:
    known = Announcements(clock)
    known.read(MemoryStore(clock, is_down=True))
    assert known.shown("fr") is None


def test_a_store_that_is_down_takes_nothing_away_before_its_end(clock: FixedClock) -> None:
    known, store = Announcements(clock), MemoryStore(clock)
    announce(store, SAID, NOON)
    known.read(store)
    known.read(MemoryStore(clock, is_down=True))
    assert known.shown("fr") == Announcement("warning", "En panne.", "fr")
    assert known.shown("en") == Announcement("warning", "Down.", "en")
    clock.advance(hours=1)
    assert known.shown("fr") is None


def test_a_record_that_is_not_understood_is_no_failure(clock: FixedClock) -> None:
    known, store = Announcements(clock), MemoryStore(clock)
    store.put(Kind.ANNOUNCEMENT, "pages", {"of": "a newer version"}, timedelta(hours=1))
    known.read(store)
    assert known.shown("fr") is None


def test_it_is_read_again_and_again_and_gone_once_it_is_withdrawn(clock: FixedClock) -> None:
    known, store = Announcements(clock), MemoryStore(clock)
    known.start(store, timedelta(milliseconds=5))
    try:
        announce(store, SAID, NOON)
        assert eventually(lambda: known.shown("fr") is not None, 5, every=0.01)
        withdraw(store)
        assert eventually(lambda: known.shown("fr") is None, 5, every=0.01)
    finally:
        known.stop()
