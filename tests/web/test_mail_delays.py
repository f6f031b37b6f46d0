"""Whether mails leave late: read beside the requests, and said on the page that waits for one."""

from collections.abc import Callable
from datetime import timedelta

from idp.core.ephemeral import StoreUnavailable
from idp.core.heartbeats import Waiting
from idp.web.announcements import Announcements
from idp.web.mail_delays import MailDelays
from tests.fakes import NOON, FixedClock, MemoryStore
from tests.limits import eventually
from tests.provider import PASSWORD, RPPS, Provider, app_factory, templates

__all__ = ["app_factory", "templates"]

NOTHING, ONE = Waiting(number=0, oldest_at=None), Waiting(number=1, oldest_at=NOON)


def down() -> Waiting:
    raise StoreUnavailable


def forbidden() -> Waiting:
    raise PermissionError("the role of the pages may not read this table")


def test_mails_are_late_while_the_oldest_waits_too_long() -> None:
    clock = FixedClock(NOON)
    delays = MailDelays(clock, timedelta(minutes=2))
    assert not delays.are_late()
    delays.read(lambda: ONE)
    assert not delays.are_late()
    clock.advance(seconds=121)
    assert delays.are_late()
    # What was read stays where nothing can be read.
    delays.read(down)
    delays.read(forbidden)
    assert delays.are_late()
    delays.read(lambda: NOTHING)
    assert not delays.are_late()


def test_it_is_read_along_with_what_the_operator_says() -> None:
    clock = FixedClock(NOON)
    known, delays = Announcements(clock), MailDelays(clock, timedelta())
    clock.advance(seconds=1)
    known.start(MemoryStore(clock), timedelta(milliseconds=5), lambda: delays.read(lambda: ONE))
    try:
        assert eventually(delays.are_late, 5, every=0.01)
    finally:
        known.stop()


def test_the_page_of_the_code_says_so(app_factory: Callable[..., Provider]) -> None:
    house = app_factory()
    assert house.parts is not None
    browser = house.browser()
    page = browser.submit(browser.follow(browser.authorize()), "/password", rpps=RPPS, password=PASSWORD)
    assert "en général en moins d&#39;une minute" in page.text
    house.parts.web.delays.read(lambda: ONE)
    page = browser.get(page.request.path)
    assert "Les e-mails partent avec du retard en ce moment." in page.text
    assert "Code demandé pour" in page.text
