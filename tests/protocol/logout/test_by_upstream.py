"""The way of a sign-out by Pro Santé Connect and back, with fakes: what is remembered, for whom, how long."""

import dataclasses

import pytest

from idp.core.sealing import Sealer, derive_key
from idp.interaction.session import Session
from idp.protocol.logout.by_upstream import Back, Onward, WayByUpstream
from tests.fakes import NOON, FakeUpstream, FixedClock, MemoryStore
from tests.people import ALICE, an_event

ASKED = {"client_id": "via"}
SEALER = Sealer(derive_key("k", "seal"))
NOWHERE = Back(None, is_certain=False, is_left_open=False)


@pytest.fixture
def way() -> WayByUpstream:
    return WayByUpstream(
        upstream=FakeUpstream(),
        store=MemoryStore(FixedClock()),
        sealer=SEALER,
        return_url="https://id.test/out",
    )


def a_session(id_token: str | None = "a.b.c") -> Session:
    session = Session(
        sid="s", account_id=ALICE, events=(an_event("psc"),), started_at=NOON, last_seen_at=NOON
    )
    return dataclasses.replace(session, upstream_id_token=SEALER.seal(id_token) if id_token else None)


def test_session_of_another_door_has_nothing_to_end_there(way: WayByUpstream) -> None:
    for ended in (None, a_session(None)):
        assert way.out(ended, ASKED) == Onward(None, is_left_open=False, name=None)
    assert way.back("", None) == NOWHERE


def test_state_is_good_once_and_the_browser_may_go_on_after_it(way: WayByUpstream) -> None:
    onward = way.out(a_session(), ASKED)
    assert not onward.is_left_open
    state = str(onward.url).rpartition("=")[2]
    assert way.back(state, None) == Back(ASKED, is_certain=True, is_left_open=False)
    assert way.back(state, onward.name) == Back(ASKED, is_certain=False, is_left_open=False)
    assert way.back(state, "another") == NOWHERE
    assert way.back(state, None) == NOWHERE


def test_session_lives_on_there_when_this_service_left_pro_sante_connect(way: WayByUpstream) -> None:
    without = dataclasses.replace(way, upstream=None)
    onward = without.out(a_session(), ASKED)
    assert (onward.url, onward.is_left_open) == (None, True)
    assert without.back("", onward.name) == Back(ASKED, is_certain=False, is_left_open=True)


def test_browser_is_remembered_for_a_quarter_of_an_hour(way: WayByUpstream) -> None:
    assert isinstance(way.store, MemoryStore)
    onward = way.out(a_session(), ASKED)
    way.store.clock.advance(minutes=15)
    assert way.back("", onward.name) == NOWHERE
