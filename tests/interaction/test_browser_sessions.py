"""Which session a sign-in of this browser continues when the cookie of it is on its way, and what it is given of it."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from idp.core.ephemeral import Kind, StaleRecord, Versioned
from idp.interaction.browser_sessions import find_session, start_session
from idp.interaction.session import Session
from idp.interaction.sessions import Sessions
from idp.interaction.sign_in import SessionOver
from idp.interaction.store import fingerprint
from idp.interaction.visit import Visit
from tests.fakes import NOON, FixedClock, MemoryStore
from tests.interaction.test_sign_in import CARD, PASSWORD, House
from tests.people import ALICE, BOB, an_account, an_event

LIFE, IDLE = timedelta(hours=4), timedelta(minutes=30)
TAB, MADE_IN = {"interaction-0": "the binding of the other tab"}, fingerprint("the binding of the other tab")


def a_session(**changes: Any) -> Session:
    begun = Session(
        sid="sid-1",
        account_id=ALICE,
        events=(CARD,),
        started_at=NOON,
        last_seen_at=NOON,
        made_in=MADE_IN,
    )
    return dataclasses.replace(begun, **changes)


def a_visit(**changes: Any) -> Visit:
    return dataclasses.replace(
        Visit(browser="browser", session=None, is_station_shared=False, now=NOON), **changes
    )


@pytest.fixture
def sessions(store: MemoryStore) -> Sessions:
    return Sessions(store=store, life=LIFE, idle=IDLE, shared_idle=IDLE)


class TestConfirming:
    """At a shared station."""

    def test_it_is_kept_with_the_session_and_opens_nothing_else(self, sessions: Sessions) -> None:
        cookie = start_session(sessions, a_session(), an_account(), a_visit())
        before = sessions.recall(cookie)
        assert before is not None
        assert before.confirmed_at is None
        sessions.confirm("sid-1", NOON)
        after = sessions.recall(cookie)
        assert after is not None
        assert (after.confirmed_at, after.secrets, after.made_in) == (NOON, before.secrets, MADE_IN)

    def test_of_a_session_that_ended_or_changed_in_this_instant_nothing_is_written(
        self, sessions: Sessions, clock: FixedClock
    ) -> None:
        sessions.confirm("sid-1", NOON)
        assert sessions.find("sid-1") is None

        class Overtaken(MemoryStore):
            def swap(self, *given: Any, **more: Any) -> None:
                raise StaleRecord

        late = dataclasses.replace(sessions, store=Overtaken(clock))
        start_session(late, a_session(), an_account(), a_visit())
        late.confirm("sid-1", NOON)
        found = late.find("sid-1")
        assert found is not None
        assert found.confirmed_at is None


class TestFinding:
    @pytest.fixture(autouse=True)
    def begun(self, sessions: Sessions) -> str:
        return start_session(sessions, a_session(), an_account(), a_visit())

    def test_by_its_cookie_it_is_here(self, sessions: Sessions, begun: str) -> None:
        found = find_session(sessions, a_visit(session=begun, browser=None), an_account())
        assert found is not None
        assert (found.session.sid, found.is_by_cookie, found.is_here) == ("sid-1", True, True)

    @pytest.mark.parametrize("cookie", [None, "sid-1.renewed-since", "sid-2.gone"])
    def test_by_the_tab_in_which_it_was_made_it_is_here(self, sessions: Sessions, cookie: str | None) -> None:
        found = find_session(sessions, a_visit(session=cookie, bindings=TAB), an_account(id=BOB))
        assert found is not None
        assert (found.is_by_cookie, found.is_here) == (False, True)

    def test_by_its_name_alone_it_is_the_persons_own_and_not_here(self, sessions: Sessions) -> None:
        found = find_session(sessions, a_visit(), an_account())
        assert found is not None
        assert not found.is_here
        assert (
            find_session(sessions, a_visit(session="sid-1.forged", browser=None), an_account(id=BOB)) is None
        )

    def test_a_void_one_is_nobodys(self, sessions: Sessions) -> None:
        assert find_session(sessions, a_visit(), an_account(generation=1)) is None

    def test_a_void_one_does_not_hide_what_began_since(self, sessions: Sessions, begun: str) -> None:
        account = an_account(generation=1)
        start_session(sessions, a_session(sid="sid-2", generation=1), account, a_visit(session=begun))
        found = find_session(sessions, a_visit(session=begun), account)
        assert found is not None
        assert (found.session.sid, found.is_here) == ("sid-2", False)

    def test_another_browser_has_none(self, sessions: Sessions) -> None:
        assert find_session(sessions, a_visit(browser="another"), an_account()) is None


class TestBeginning:
    def test_where_the_person_has_one_already_it_is_left_to_be_joined(self, sessions: Sessions) -> None:
        start_session(sessions, a_session(), an_account(), a_visit())
        with pytest.raises(StaleRecord):
            start_session(sessions, a_session(sid="sid-2"), an_account(), a_visit())
        assert sessions.find("sid-2") is None

    def test_another_persons_of_this_browser_is_to_be_ended_first(self, sessions: Sessions) -> None:
        start_session(sessions, a_session(), an_account(), a_visit())
        bob = an_account(id=BOB)
        with pytest.raises(StaleRecord):
            start_session(sessions, a_session(sid="sid-2", account_id=BOB), bob, a_visit(bindings=TAB))
        # By a name that was copied, it is not his to end.
        assert start_session(sessions, a_session(sid="sid-2", account_id=BOB), bob, a_visit())
        assert sessions.find("sid-1") is not None

    def test_the_name_of_one_that_ended_is_taken_over(self, sessions: Sessions) -> None:
        start_session(sessions, a_session(), an_account(), a_visit())
        sessions.end("sid-1")
        start_session(sessions, a_session(sid="sid-2"), an_account(), a_visit())
        found = find_session(sessions, a_visit(), an_account())
        assert found is not None
        assert found.session.sid == "sid-2"

    def test_a_name_that_goes_on_the_way_is_looked_for_again(self, clock: FixedClock) -> None:
        class Forgetful(MemoryStore):
            def get(self, kind: Kind, key: str) -> Versioned | None:
                return None if kind is Kind.BROWSER_SESSION else super().get(kind, key)

        sessions = Sessions(store=Forgetful(clock), life=LIFE, idle=IDLE, shared_idle=IDLE)
        start_session(sessions, a_session(), an_account(), a_visit())
        with pytest.raises(StaleRecord):
            start_session(sessions, a_session(sid="sid-2"), an_account(), a_visit())

    def test_a_browser_without_a_name_begins_one(self, sessions: Sessions) -> None:
        assert start_session(sessions, a_session(), an_account(), a_visit(browser=None))


class TestSignIn:
    """`House.cookie` is None: the answer of the sign-in before is on its way, or lost."""

    @pytest.fixture
    def house(self, clock: FixedClock, store: MemoryStore) -> House:
        return House(clock, store)

    def test_of_this_browser_joins_and_both_cookies_open_it(self, house: House) -> None:
        first = house.enter(CARD, browser=MADE_IN)
        house.bindings = TAB
        second = house.enter(*PASSWORD)
        assert second.sid == first.sid
        for one in (first, second):
            assert set(house.session_of(one).events) == {CARD, *PASSWORD}
        # The next authentication leaves the newest cookie alone.
        house.cookie = second.cookie
        third = house.enter(an_event("cps", 1))
        assert house.sessions.open(first.cookie, NOON) is None
        assert house.sessions.open(second.cookie, NOON) is None
        assert house.session_of(third).sid == first.sid

    def test_with_a_copy_of_its_name_gets_nothing_of_it(self, house: House) -> None:
        """Somebody who knows the password must not come by the card."""
        owner = house.enter(CARD, browser=MADE_IN)
        copy = house.enter(*PASSWORD)
        assert copy.sid == owner.sid
        assert set(house.session_of(copy).events) == set(PASSWORD)
        assert house.sessions.open(owner.cookie, NOON) is None

    def test_after_a_copy_does_not_lift_the_copys_cookie(self, house: House) -> None:
        copy = house.enter(*PASSWORD, browser=MADE_IN)
        owner = house.enter(CARD)
        assert house.sessions.open(copy.cookie, NOON) is None
        assert house.session_of(owner).events == (CARD,)

    def test_leaning_on_a_session_that_is_not_here_enters_nowhere(self, house: House) -> None:
        first = house.enter(CARD, browser=MADE_IN)
        with pytest.raises(SessionOver):
            house.enter(CARD, sid=first.sid)

    def test_joins_also_where_the_cookie_of_a_session_from_before_a_new_password_is_left(
        self, house: House
    ) -> None:
        house.begin_session(CARD)
        account = an_account(generation=1)
        first = house.enter(CARD, account=account, generation=1, browser=MADE_IN)
        house.bindings = TAB
        second = house.enter(*PASSWORD, account=account, generation=1)
        assert second.sid == first.sid != "sid-1"
        assert set(house.session_of(second).events) == {CARD, *PASSWORD}

    def test_of_another_person_ends_it_only_in_this_browser(self, house: House) -> None:
        first = house.enter(CARD, browser=MADE_IN)
        bob = an_account(id=BOB)
        house.enter(CARD, account=bob)
        assert house.grants.ended == []
        house.store.take(Kind.BROWSER_SESSION, "browser")
        house.cookie = f"{first.sid}.renewed-meanwhile"
        house.bindings = TAB
        house.enter(CARD, account=bob)
        assert house.grants.ended == [first.sid]

    def test_gives_up_when_the_session_changes_each_time(self, clock: FixedClock) -> None:
        class Restless(MemoryStore):
            def swap(self, kind: Kind, key: str, value: Any, **options: Any) -> None:
                raise StaleRecord

        house = House(clock, Restless(clock))
        house.enter(CARD, browser=MADE_IN)
        with pytest.raises(SessionOver):
            house.enter(*PASSWORD)
