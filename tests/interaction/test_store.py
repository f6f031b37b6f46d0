"""Interactions and sessions over the store: who may open them, and how they end."""

import dataclasses
import threading
from collections import Counter
from datetime import timedelta

import pytest

from idp.core.ephemeral import Kind, StaleRecord, StoreUnavailable
from idp.core.errors import PageError, Problem
from idp.interaction.record import Interaction
from idp.interaction.refusal import InteractionRefused
from idp.interaction.session import Session
from idp.interaction.sessions import REMEMBERED, Sessions
from idp.interaction.store import GRACE, Interactions, fingerprint, random_token
from idp.web.error_pages import page_of
from tests.fakes import NOON, FixedClock, MemoryStore
from tests.people import ALICE, an_event, an_interaction

BROWSER = "the-cookie-of-the-browser-that-began"
LIFE, IDLE = timedelta(hours=4), timedelta(minutes=30)


@pytest.fixture
def interactions(store: MemoryStore) -> Interactions:
    return Interactions(store=store, life=timedelta(minutes=15))


@pytest.fixture
def sessions(store: MemoryStore) -> Sessions:
    return Sessions(store=store, life=LIFE, idle=IDLE, shared_idle=timedelta(minutes=5))


@pytest.fixture
def begun(interactions: Interactions) -> Interaction:
    interaction = an_interaction(browser=fingerprint(BROWSER))
    interactions.begin(interaction)
    return interaction


def problem_of(interactions: Interactions, browser: str | None, clock: FixedClock) -> PageError:
    """The page of the reason."""
    with pytest.raises(InteractionRefused) as caught:
        interactions.open("interaction-1", browser, clock.now())
    return page_of(caught.value)


class TestInteractions:
    def test_the_browser_that_began_goes_on(
        self, interactions: Interactions, begun: Interaction, clock: FixedClock
    ) -> None:
        assert interactions.open(begun.id, BROWSER, clock.now()) == begun

    @pytest.mark.parametrize("other", ["another-cookie", "", BROWSER + "x", fingerprint(BROWSER)])
    def test_another_browser_opens_nothing(
        self, interactions: Interactions, begun: Interaction, clock: FixedClock, other: str
    ) -> None:
        assert problem_of(interactions, other, clock).problem is Problem.OTHER_BROWSER

    def test_a_browser_without_cookies_is_told_so(
        self, interactions: Interactions, begun: Interaction, clock: FixedClock
    ) -> None:
        assert problem_of(interactions, None, clock).problem is Problem.COOKIES_NEEDED

    def test_an_unknown_interaction_is_unknown(self, interactions: Interactions, clock: FixedClock) -> None:
        assert problem_of(interactions, BROWSER, clock).problem is Problem.INTERACTION_UNKNOWN

    def test_an_expired_interaction_offers_to_begin_again(
        self, interactions: Interactions, begun: Interaction, clock: FixedClock
    ) -> None:
        clock.advance(minutes=15)
        shown = problem_of(interactions, BROWSER, clock)
        assert shown.problem is Problem.INTERACTION_EXPIRED
        assert shown.retry_path == "/interaction/interaction-1/restart"
        assert shown.client_id == begun.client_id
        assert interactions.find(begun.id, BROWSER).request == begun.request

    def test_an_expired_interaction_of_another_browser_offers_nothing(
        self, interactions: Interactions, begun: Interaction, clock: FixedClock
    ) -> None:
        clock.advance(minutes=20)
        shown = problem_of(interactions, "another", clock)
        assert (shown.problem, shown.retry_path) == (Problem.OTHER_BROWSER, None)

    def test_after_its_grace_an_interaction_is_forgotten(
        self, interactions: Interactions, begun: Interaction, clock: FixedClock
    ) -> None:
        clock.at = NOON + timedelta(minutes=15) + GRACE
        assert problem_of(interactions, BROWSER, clock).problem is Problem.INTERACTION_UNKNOWN

    def test_a_finished_interaction_leaves_a_trace_that_names_the_client(
        self, interactions: Interactions, begun: Interaction, clock: FixedClock
    ) -> None:
        assert interactions.take(begun.id) == begun
        shown = problem_of(interactions, BROWSER, clock)
        assert (shown.problem, shown.client_id) == (Problem.INTERACTION_FINISHED, begun.client_id)

    def test_the_slower_of_two_clicks_saves_nothing(
        self, interactions: Interactions, begun: Interaction, clock: FixedClock
    ) -> None:
        faster = interactions.save(dataclasses.replace(begun, refusal="access_denied"))
        assert faster.version == begun.version + 1
        with pytest.raises(StaleRecord):
            interactions.save(dataclasses.replace(begun, events=(an_event("cps"),)))
        assert interactions.open(begun.id, BROWSER, clock.now()) == faster

    def test_saving_does_not_move_the_end_of_life(
        self, interactions: Interactions, begun: Interaction, clock: FixedClock
    ) -> None:
        clock.advance(minutes=14)
        interactions.save(begun)
        clock.advance(minutes=1)
        assert problem_of(interactions, BROWSER, clock).problem is Problem.INTERACTION_EXPIRED

    def test_a_taken_interaction_can_no_longer_be_saved(
        self, interactions: Interactions, begun: Interaction
    ) -> None:
        interactions.take(begun.id)
        with pytest.raises(StaleRecord):
            interactions.save(begun)

    def test_of_many_that_end_an_interaction_one_gets_it(
        self, interactions: Interactions, begun: Interaction
    ) -> None:
        start = threading.Barrier(20)
        got: list[bool] = []

        def finish() -> None:
            start.wait()
            got.append(interactions.take(begun.id) is not None)

        threads = [threading.Thread(target=finish) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert Counter(got) == {True: 1, False: 19}

    def test_without_its_store_nothing_opens(
        self, interactions: Interactions, begun: Interaction, store: MemoryStore, clock: FixedClock
    ) -> None:
        store.is_down = True
        with pytest.raises(StoreUnavailable):
            interactions.open(begun.id, BROWSER, clock.now())

    def test_the_store_never_holds_the_cookie(
        self, interactions: Interactions, begun: Interaction, store: MemoryStore
    ) -> None:
        assert BROWSER not in store.written()


def a_session() -> Session:
    return Session(
        sid="sid-1", account_id=ALICE, events=(an_event("cps"),), started_at=NOON, last_seen_at=NOON
    )


class TestSessions:
    def test_its_own_cookie_opens_a_session(self, sessions: Sessions, clock: FixedClock) -> None:
        cookie = sessions.start(a_session(), clock.now())
        assert cookie.startswith("sid-1.")
        assert sessions.open(cookie, clock.now()) == a_session()

    @pytest.mark.parametrize(
        "cookie", [None, "", ".", "sid-1", "sid-1.", ".x", "sid-1.wrong", "sid-2.x", "sid-1.."]
    )
    def test_no_other_cookie_does(self, sessions: Sessions, clock: FixedClock, cookie: str | None) -> None:
        sessions.start(a_session(), clock.now())
        assert sessions.open(cookie, clock.now()) is None

    def test_the_public_sid_and_the_stored_fingerprint_open_nothing(
        self, sessions: Sessions, store: MemoryStore, clock: FixedClock
    ) -> None:
        cookie = sessions.start(a_session(), clock.now())
        secret = cookie.partition(".")[2]
        assert secret not in store.written()
        assert fingerprint(secret) in store.written()
        assert sessions.open(f"sid-1.{fingerprint(secret)}", clock.now()) is None

    def test_renewing_kills_the_old_cookie_and_keeps_the_sid(
        self, sessions: Sessions, clock: FixedClock
    ) -> None:
        old = sessions.start(a_session(), clock.now())
        new = sessions.renew(a_session(), clock.now())
        assert sessions.open(old, clock.now()) is None
        renewed = sessions.open(new, clock.now())
        assert renewed is not None
        assert (renewed.sid, renewed.version) == ("sid-1", 1)

    def test_a_visit_prolongs_the_idle_time(self, sessions: Sessions, clock: FixedClock) -> None:
        cookie = sessions.start(a_session(), clock.now())
        clock.advance(minutes=29)
        sessions.touch(a_session(), cookie, clock.now())
        clock.advance(minutes=29)
        assert sessions.open(cookie, clock.now()) is not None
        clock.advance(minutes=1)
        assert sessions.open(cookie, clock.now()) is None

    def test_no_number_of_visits_outlives_the_life(self, sessions: Sessions, clock: FixedClock) -> None:
        cookie = sessions.start(a_session(), clock.now())
        for _ in range(11):
            clock.advance(minutes=20)
            session = sessions.open(cookie, clock.now())
            assert session is not None
            sessions.touch(session, cookie, clock.now())
        clock.advance(minutes=20)
        assert sessions.open(cookie, clock.now()) is None

    def test_an_ended_session_does_not_come_back_with_a_late_visit(
        self, sessions: Sessions, clock: FixedClock
    ) -> None:
        cookie = sessions.start(a_session(), clock.now())
        sessions.end("sid-1")
        sessions.touch(a_session(), cookie, clock.now())
        with pytest.raises(StaleRecord):
            sessions.renew(a_session(), clock.now())
        assert sessions.open(cookie, clock.now()) is None

    def test_a_late_visit_does_not_revive_the_cookie_that_was_renewed(
        self, sessions: Sessions, clock: FixedClock
    ) -> None:
        old = sessions.start(a_session(), clock.now())
        new = sessions.renew(a_session(), clock.now())
        sessions.touch(a_session(), old, clock.now())
        assert sessions.open(old, clock.now()) is None
        assert sessions.open(new, clock.now()) is not None

    def test_an_expired_session_opens_nothing_and_can_still_be_signed_out_of(
        self, sessions: Sessions, store: MemoryStore, clock: FixedClock
    ) -> None:
        cookie = sessions.start(a_session(), clock.now())
        clock.at = NOON + IDLE
        assert sessions.open(cookie, clock.now()) is None
        recalled = sessions.recall(cookie)
        assert recalled is not None
        assert recalled.sid == "sid-1"
        assert sessions.recall("sid-1.another") is None
        assert sessions.recall(None) is None
        clock.at = NOON + IDLE + REMEMBERED
        assert store.get(Kind.SESSION, "sid-1") is None

    def test_one_caller_ends_a_session(self, sessions: Sessions, clock: FixedClock) -> None:
        cookie = sessions.start(a_session(), clock.now())
        assert [sessions.end("sid-1") for _ in range(2)] == [True, False]
        assert sessions.recall(cookie) is None


def test_tokens_are_256_bits_and_never_twice_the_same() -> None:
    tokens = {random_token() for _ in range(1000)}
    assert len(tokens) == 1000
    assert {len(token) for token in tokens} == {43}
