"""The hub: where an interaction begins, goes on and ends, whatever started it."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from idp.core.ephemeral import Kind, Versioned
from idp.interaction.hub import Done, Failed, Failure, Finish, GoTo, Hub, Outcome, Visit
from idp.interaction.next_stop import Itinerary
from idp.interaction.record import Acr, Interaction, with_event
from idp.interaction.refusal import InteractionRefusal, InteractionRefused
from idp.interaction.session import Session
from idp.interaction.stop import Stop
from idp.interaction.store import Interactions, Sessions, fingerprint
from tests.fakes import NOON, FakeFinish, FixedClock, MemoryAccounts, MemoryStore, out_of_order
from tests.people import ALICE, BOB, an_account, an_event, an_interaction, doors

BROWSER = "the-cookie-of-this-browser"


@dataclasses.dataclass
class BusyStore(MemoryStore):
    """`meanwhile`: what another tab does between a read of this kind and what follows on it, once."""

    meanwhile: dict[Kind, Callable[[], None]] = dataclasses.field(default_factory=dict)

    def get(self, kind: Kind, key: str) -> Versioned | None:
        found = super().get(kind, key)
        self.meanwhile.pop(kind, lambda: None)()
        return found


@pytest.fixture
def store(clock: FixedClock) -> BusyStore:
    return BusyStore(clock)


@dataclasses.dataclass
class House:
    """A real hub on fakes of its ports, and one browser in front of it."""

    clock: FixedClock
    store: MemoryStore
    home: FakeFinish = dataclasses.field(default_factory=FakeFinish)
    cookie: str | None = None

    def __post_init__(self) -> None:
        self.accounts = MemoryAccounts({ALICE: an_account()})
        self.interactions = Interactions(self.store, timedelta(minutes=15))
        self.sessions = Sessions(self.store, timedelta(hours=4), timedelta(minutes=30))
        self.hub = Hub(
            interactions=self.interactions,
            sessions=self.sessions,
            accounts=self.accounts,
            itinerary=Itinerary(doors({"psc", "cps", "password"}), [], frozenset({"cps"})),
        )

    @property
    def visit(self) -> Visit:
        return Visit(BROWSER, self.cookie, self.clock.now())

    def begin(self, **changes: Any) -> Outcome:
        new = an_interaction(browser=fingerprint(BROWSER), **changes)
        return self.hub.begin(new, self.visit, self.home)

    def go_on(self, *others: Finish[Any]) -> Outcome:
        finishes = {one.name: one for one in (self.home, *others)}
        return self.hub.go_on("interaction-1", self.visit, finishes)

    def opened(self) -> Interaction:
        return self.interactions.open("interaction-1", BROWSER, self.clock.now())

    def prove(self, *names: Any) -> None:
        for name in names:
            event = an_event(name, (self.clock.now() - NOON).total_seconds() / 60)
            self.interactions.save(with_event(self.opened(), event, ALICE))

    def sign_in(self, *names: Any, account_id: Any = ALICE) -> Session:
        events = tuple(an_event(name, -5) for name in names)
        session = Session(
            sid="sid-1", account_id=account_id, events=events, started_at=NOON, last_seen_at=NOON
        )
        self.cookie = self.sessions.start(session, self.clock.now())
        return session


@pytest.fixture
def house(clock: FixedClock, store: MemoryStore) -> House:
    return House(clock, store)


AT_HUB = GoTo("/interaction/interaction-1")


class TestAnotherWayToStart:
    def test_runs_through_the_same_hub_to_its_own_end(self, house: House) -> None:
        assert house.begin() == AT_HUB
        assert house.go_on() == GoTo("/interaction/interaction-1/choice")
        house.prove("password")
        assert house.go_on() == GoTo("/interaction/interaction-1/email_otp")
        house.prove("email_otp")
        done = house.go_on()
        assert isinstance(done, Done)
        assert (done.account.id, done.assurance.acr, done.assurance.amr) == (
            ALICE,
            Acr.PWD_OTP,
            ("pwd", "otp"),
        )
        assert house.home.success(done) == f"welcome {ALICE}"
        with pytest.raises(InteractionRefused) as caught:
            house.go_on()
        assert caught.value.reason is InteractionRefusal.FINISHED

    def test_ends_by_its_own_finish_and_no_other(self, house: House) -> None:
        other = FakeFinish(name="authorization", meanwhile=[out_of_order])
        house.begin()
        house.prove("cps")
        done = house.go_on(other)
        assert isinstance(done, Done)
        assert done.interaction.started_by == "home"
        assert other.meanwhile

    def test_that_this_node_does_not_serve_has_its_page_and_loses_nothing(self, house: House) -> None:
        house.begin()
        with pytest.raises(InteractionRefused) as caught:
            house.hub.go_on("interaction-1", house.visit, {})
        assert caught.value.reason is InteractionRefusal.UNKNOWN
        assert house.opened().started_by == "home"

    def test_of_the_authorization_endpoint_is_kept_as_the_version_before_reads_it(
        self, house: House, store: BusyStore
    ) -> None:
        house.begin()
        assert store.get(Kind.INTERACTION, "interaction-1").value["started_by"] == "home"  # type: ignore[union-attr]
        house.interactions.begin(an_interaction(id="interaction-2"))
        assert "started_by" not in store.get(Kind.INTERACTION, "interaction-2").value  # type: ignore[union-attr]

    def test_an_interaction_of_before_the_mark_is_an_authorization(self) -> None:
        assert an_interaction().started_by == "authorization"


class TestBegin:
    def test_with_a_session_that_proves_enough_nothing_is_kept(
        self, house: House, store: MemoryStore
    ) -> None:
        house.sign_in("cps")
        done = house.begin()
        assert isinstance(done, Done)
        assert (done.interaction.sid, done.assurance.acr) == ("sid-1", Acr.CPS)
        assert store.get(Kind.INTERACTION, "interaction-1") is None

    def test_with_a_session_that_proves_less_the_rest_is_asked(self, house: House) -> None:
        house.sign_in("password", "email_otp")
        assert house.begin(needed=Acr.CPS) == AT_HUB
        assert house.opened().account_id == ALICE

    @pytest.mark.parametrize("cookie", [None, "sid-1.of-another", "nothing"])
    def test_without_the_session_s_own_cookie_it_seeds_nothing(
        self, house: House, cookie: str | None
    ) -> None:
        house.sign_in("cps")
        house.cookie = cookie
        assert house.begin() == AT_HUB
        assert house.opened().account_id is None

    def test_the_session_of_another_person_than_the_expected_seeds_nothing(self, house: House) -> None:
        house.sign_in("cps")
        house.home.expected = BOB
        assert house.begin() == AT_HUB
        assert house.opened().account_id is None

    def test_the_session_of_an_account_that_is_gone_or_disabled_seeds_nothing(self, house: House) -> None:
        house.sign_in("cps", account_id=BOB)
        assert house.begin() == AT_HUB
        house.accounts.accounts[BOB] = an_account(id=BOB, enabled=False)
        assert house.begin() == AT_HUB
        assert house.opened().account_id is None

    def test_is_a_visit_that_prolongs_the_session_unless_it_is_silent(self, house: House) -> None:
        house.sign_in("cps")
        house.clock.advance(minutes=20)
        house.begin(silent=True, needed=Acr.CPS)
        house.clock.advance(minutes=5)
        house.begin()
        house.clock.advance(minutes=29)
        session = house.sessions.open(house.cookie, house.clock.now())
        assert session is not None
        assert session.last_seen_at == NOON + timedelta(minutes=25)

    def test_loses_to_another_tab_that_wrote_the_session_and_goes_on(
        self, house: House, store: BusyStore
    ) -> None:
        session, cookie = house.sign_in("cps"), house.cookie or ""
        store.meanwhile[Kind.SESSION] = lambda: house.sessions.touch(session, cookie, house.clock.now())
        assert isinstance(house.begin(), Done)
        assert not store.meanwhile

    def test_in_silence_a_page_that_is_due_ends_it(self, house: House, store: MemoryStore) -> None:
        failed = house.begin(silent=True)
        assert isinstance(failed, Failed)
        assert (failed.reason, failed.stop) == (Failure.PAGE_NEEDED, Stop.CHOICE)
        assert house.home.failure(failed) == "left: page_needed"
        assert store.get(Kind.INTERACTION, "interaction-1") is None

    def test_in_silence_an_outage_ends_it_and_otherwise_the_person_is_told(self, house: House) -> None:
        house.sign_in("cps")
        house.home.meanwhile = [out_of_order, out_of_order]
        failed = house.begin(silent=True)
        assert isinstance(failed, Failed)
        assert (failed.reason, failed.stop) == (Failure.NOT_NOW, None)
        with pytest.raises(InteractionRefused) as caught:
            house.begin()
        assert caught.value.reason is InteractionRefusal.NOT_NOW


class TestGoOn:
    def test_a_refusal_ends_it_whatever_is_due(self, house: House) -> None:
        house.begin()
        house.interactions.save(dataclasses.replace(house.opened(), refusal="access_denied"))
        failed = house.go_on()
        assert isinstance(failed, Failed)
        assert (failed.reason, failed.stop) == (Failure.REFUSED, None)

    def test_an_outage_at_the_end_uses_nothing_up(self, house: House) -> None:
        house.begin()
        house.prove("cps")
        house.home.meanwhile = [out_of_order]
        with pytest.raises(InteractionRefused) as caught:
            house.go_on()
        assert caught.value.reason is InteractionRefusal.NOT_NOW
        assert isinstance(house.go_on(), Done)

    def test_an_outage_after_it_was_taken_puts_it_back(self, house: House) -> None:
        house.begin()
        house.prove("cps")
        house.home.meanwhile = [lambda: None, out_of_order]
        with pytest.raises(InteractionRefused) as caught:
            house.go_on()
        assert caught.value.reason is InteractionRefusal.NOT_NOW
        assert isinstance(house.go_on(), Done)

    def test_a_disabled_account_comes_to_the_end_which_refuses_it(self, house: House) -> None:
        house.begin()
        house.prove("cps")
        house.accounts.accounts[ALICE] = an_account(enabled=False)
        done = house.go_on()
        assert isinstance(done, Done)
        assert not done.account.may_sign_in

    def test_a_disabled_account_that_proved_nothing_whole_is_nobody(self, house: House) -> None:
        house.begin()
        house.prove("password")
        house.accounts.accounts[ALICE] = an_account(enabled=False)
        failed = house.go_on()
        assert isinstance(failed, Failed)
        assert failed.reason is Failure.NOBODY

    def test_what_an_ended_session_had_proved_is_asked_again(self, house: House) -> None:
        house.sign_in("password", "email_otp")
        house.begin(needed=Acr.CPS)
        house.sessions.end("sid-1")
        assert house.go_on() == GoTo("/interaction/interaction-1/choice")
        assert (house.opened().account_id, house.opened().sid) == (None, None)

    def test_while_its_session_lives_it_leans_on_it(self, house: House) -> None:
        house.sign_in("password", "email_otp")
        house.begin(needed=Acr.CPS)
        house.go_on()
        assert house.opened().sid == "sid-1"

    def test_a_faster_click_of_the_same_person_makes_it_look_again(
        self, house: House, store: BusyStore
    ) -> None:
        house.sign_in("password", "email_otp")
        house.begin(needed=Acr.CPS)
        house.sessions.end("sid-1")
        store.meanwhile[Kind.INTERACTION] = lambda: house.prove("cps")
        assert house.go_on() == AT_HUB
        assert not store.meanwhile
        assert isinstance(house.go_on(), Done)

    def test_of_two_tabs_at_the_end_one_ends_it(self, house: House) -> None:
        house.begin()
        house.prove("cps")
        house.home.meanwhile = [lambda: house.interactions.take("interaction-1") and None]
        with pytest.raises(InteractionRefused) as caught:
            house.go_on()
        assert (caught.value.reason, caught.value.client_id) == (
            InteractionRefusal.FINISHED,
            "viatrajectoire",
        )

    def test_facts_that_changed_while_it_was_taken_are_due_again(self, house: House) -> None:
        house.begin()
        house.prove("cps")

        def another_person_begins() -> None:
            house.interactions.save(with_event(house.opened(), an_event("password"), BOB))
            house.accounts.accounts[BOB] = an_account(id=BOB)

        house.home.meanwhile = [another_person_begins]
        assert house.go_on() == AT_HUB
        assert house.go_on() == GoTo("/interaction/interaction-1/email_otp")
