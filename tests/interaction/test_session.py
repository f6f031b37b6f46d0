"""How long an SSO session lives, and what it may seed."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from idp.interaction.binding import last_authenticator
from idp.interaction.counting import takes_later_proofs
from idp.interaction.record import with_event, without_person, without_session
from idp.interaction.session import Session, ends_at, has_news_for, is_session_valid, lend, living_events
from tests.fakes import NOON
from tests.people import ALICE, BOB, an_account, an_event, an_identity, an_interaction

LIFE, IDLE = timedelta(hours=4), timedelta(minutes=30)


def a_session(**changes: Any) -> Session:
    values: dict[str, Any] = {
        "sid": "sid-1",
        "account_id": ALICE,
        "events": (an_event("cps"),),
        "started_at": NOON,
        "last_seen_at": NOON,
    }
    return Session(**{**values, **changes})


def test_a_session_nobody_uses_ends_after_the_idle_time() -> None:
    assert ends_at(a_session(), LIFE, IDLE) == NOON + IDLE


def test_a_session_in_use_ends_a_life_after_the_authentication() -> None:
    seen = a_session(last_seen_at=NOON + timedelta(hours=3, minutes=50))
    assert ends_at(seen, LIFE, IDLE) == NOON + LIFE


def test_a_new_authentication_begins_a_new_life() -> None:
    again = a_session(
        events=(an_event("cps"), an_event("cps", 180)), last_seen_at=NOON + timedelta(hours=6, minutes=50)
    )
    assert ends_at(again, LIFE, IDLE) == NOON + timedelta(hours=7)


def test_a_session_is_dead_at_its_last_instant_and_alive_just_before() -> None:
    end = NOON + IDLE
    assert not is_session_valid(a_session(), an_account(), end, LIFE, IDLE)
    assert is_session_valid(a_session(), an_account(), end - timedelta(microseconds=1), LIFE, IDLE)


def test_a_disabled_account_has_no_session() -> None:
    assert not is_session_valid(a_session(), an_account(enabled=False), NOON, LIFE, IDLE)


def test_sessions_begun_before_the_account_event_are_void() -> None:
    voided = an_account().next_generation()
    assert not is_session_valid(a_session(), voided, NOON, LIFE, IDLE)
    # Begun by a node whose clock is a minute behind that of the node which voided.
    begun_then = a_session(generation=1, started_at=NOON - timedelta(minutes=1))
    assert is_session_valid(begun_then, voided, NOON, LIFE, IDLE)


def test_an_old_event_does_not_live_on_because_a_newer_one_prolonged_the_session() -> None:
    card, password = an_event("cps", 0), an_event("password", 200)
    assert living_events((card, password), NOON + LIFE, LIFE) == (password,)
    assert living_events((card, password), NOON + LIFE - timedelta(seconds=1), LIFE) == (card, password)


@given(
    st.lists(st.integers(min_value=-600, max_value=600), min_size=1, max_size=5),
    st.integers(min_value=0, max_value=600),
)
def test_no_session_outlives_its_idle_time_nor_its_last_authentication(minutes: list[int], seen: int) -> None:
    session = a_session(
        events=tuple(an_event("cps", minute) for minute in minutes),
        last_seen_at=NOON + timedelta(minutes=seen),
    )
    end = ends_at(session, LIFE, IDLE)
    assert end <= session.last_seen_at + IDLE
    assert end <= NOON + timedelta(minutes=max(minutes)) + LIFE


class TestLending:
    def test_adds_to_what_the_interaction_proved_itself_and_goes_with_the_session(self) -> None:
        own, known = an_event("password", 3), an_event("cps", 2)
        asking = an_interaction(events=(own,), account_id=ALICE)
        session = a_session(events=(known,), upstream_id_token="sealed")
        assert has_news_for(session, asking, NOON, LIFE)
        lent = lend(session, asking, NOON, LIFE)
        assert (lent.events, lent.sid, lent.upstream_id_token) == ((known, own), "sid-1", "sealed")
        assert not has_news_for(session, lent, NOON, LIFE)
        # Although it was proved after this interaction began: elsewhere.
        assert without_session(lent).events == (own,)

    def test_again_keeps_what_is_its_own(self) -> None:
        own, first, second = an_event("password", 3), an_event("cps", 2), an_event("psc", 4)
        asking = lend(a_session(events=(first,)), an_interaction(), NOON, LIFE)
        asking = with_event(asking, own, an_account())
        again = lend(a_session(events=(first, second)), asking, NOON, LIFE)
        assert (again.events, again.lent) == ((first, second, own), (first, second))

    def test_nothing_to_whom_another_person_or_nobody_yet_known_began_to_prove_something(self) -> None:
        session = a_session()
        assert not has_news_for(session, an_interaction(account_id=BOB), NOON, LIFE)
        enrolling = an_interaction(identity=an_identity(), events=(an_event("cps"),))
        assert not has_news_for(session, enrolling, NOON, LIFE)

    def test_of_the_version_before_is_told_by_its_time(self) -> None:
        before, after = an_event("cps", -1), an_event("password", 1)
        leaning = an_interaction(events=(before, after), sid="sid-1", account_id=ALICE)
        assert without_session(leaning).events == (after,)


def test_what_one_person_leaves_is_not_what_another_proved() -> None:
    proved = an_interaction(events=(an_event("cps"),), account_id=ALICE)
    assert without_person(proved, BOB) == proved
    assert without_person(proved, ALICE) == an_interaction()


def test_nothing_was_proved_last_in_an_interaction_that_only_leans() -> None:
    assert last_authenticator(an_interaction()) is None
    assert last_authenticator(lend(a_session(), an_interaction(), NOON, LIFE)) is None


@pytest.mark.parametrize(("minutes", "takes"), [(None, True), (-10, True), (0, False)])
def test_a_new_authentication_that_was_asked_for_is_not_taken_from_elsewhere(
    minutes: int | None, takes: bool
) -> None:
    since = None if minutes is None else NOON + timedelta(minutes=minutes)
    assert takes_later_proofs(an_interaction(fresh_after=since)) is takes
