"""Who is signed in at a browser, for the pages outside an interaction."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from idp.flows.shared.signed_in import SignedIn
from idp.interaction.authenticator import DOORS
from idp.interaction.session import Session
from idp.interaction.sessions import Sessions
from idp.interaction.visit import Visit
from tests.fakes import NOON, FixedClock, MemoryAccounts, MemoryStore
from tests.people import ALICE, an_account, an_event, doors


@dataclass
class OneBrowser:
    """In place of `Visits`."""

    clock: FixedClock
    cookie: str
    is_station_shared: bool = False

    def of(self, request: Request) -> Visit:
        return Visit(
            browser="browser",
            session=self.cookie,
            is_station_shared=self.is_station_shared,
            now=self.clock.now(),
        )


@dataclass
class Room:
    clock: FixedClock
    browser: OneBrowser
    accounts: MemoryAccounts
    signed_in: SignedIn

    def visit(self, minutes: int) -> bool:
        """Whether somebody is signed in, so much later."""
        self.clock.advance(minutes=minutes)
        return self.signed_in.find(Request(EnvironBuilder().get_environ())) is not None


@pytest.fixture
def room() -> Room:
    clock = FixedClock()
    sessions = Sessions(
        store=MemoryStore(clock),
        life=timedelta(hours=4),
        idle=timedelta(minutes=30),
        shared_idle=timedelta(minutes=5),
    )
    session = Session(
        sid="sid-1", account_id=ALICE, events=(an_event("cps", 0),), started_at=NOON, last_seen_at=NOON
    )
    browser = OneBrowser(clock, sessions.start(session, clock.now()))
    accounts = MemoryAccounts({ALICE: an_account()})
    found = SignedIn(sessions=sessions, accounts=accounts, visits=browser, doors=doors(DOORS))  # type: ignore[arg-type]
    return Room(clock, browser, accounts, found)


def test_visits_prolong_the_session(room: Room) -> None:
    assert [room.visit(20) for _ in range(4)] == [True] * 4
    assert not room.visit(31)


def test_visits_never_prolong_it_beyond_its_life(room: Room) -> None:
    assert [room.visit(20) for _ in range(12)] == [True] * 11 + [False]


def test_visits_on_a_shared_station_prolong_nothing(room: Room) -> None:
    room.browser.is_station_shared = True
    assert [room.visit(2) for _ in range(3)] == [True, True, False]


def test_disabled_or_voided_account_is_not_signed_in(room: Room) -> None:
    room.accounts.save(replace(room.accounts.get(ALICE), enabled=False))
    assert not room.visit(0)
    room.accounts.save(replace(room.accounts.get(ALICE), enabled=True).next_generation())
    assert not room.visit(0)


def test_unknown_cookie_is_nobody(room: Room) -> None:
    room.browser.cookie = "sid-1.forged"
    assert not room.visit(0)
