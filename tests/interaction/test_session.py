"""How long an SSO session lives, and what it may seed."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from idp.interaction.session import Session, ends_at, is_session_valid, living_events
from tests.fakes import NOON
from tests.people import ALICE, an_account, an_event

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
