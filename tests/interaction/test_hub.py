"""The hub: where an interaction begins, goes on and ends, whatever started it."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from idp.core.ephemeral import Kind, Limited, Versioned
from idp.interaction.authenticator import Acr
from idp.interaction.hub import Done, Failed, Failure, Finish, GoTo, Hub, Outcome
from idp.interaction.lending import Lending
from idp.interaction.next_stop import Itinerary
from idp.interaction.people import People
from idp.interaction.record import Interaction, with_event, with_identity
from idp.interaction.refusal import InteractionRefusal, InteractionRefused
from idp.interaction.session import Session
from idp.interaction.sessions import Sessions
from idp.interaction.stop import Stop
from idp.interaction.store import Interactions, fingerprint
from idp.interaction.visit import Visit
from tests.fakes import (
    NOON,
    FakeFinish,
    FixedClock,
    MemoryAccounts,
    MemoryStandings,
    MemoryStore,
    out_of_order,
)
from tests.people import ALICE, BOB, an_account, an_event, an_identity, an_interaction, doors

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
class Bench:
    """A real hub on fakes of its ports, and one browser in front of it."""

    clock: FixedClock
    store: MemoryStore
    home: FakeFinish = dataclasses.field(default_factory=FakeFinish)
    cookie: str | None = None
    #: What its network may begin.
    most: int = 100
    is_station_shared: bool = False

    def __post_init__(self) -> None:
        self.accounts = MemoryAccounts({ALICE: an_account()})
        people = People(MemoryStandings(self.accounts), lambda _: ())
        self.interactions = Interactions(store=self.store, life=timedelta(minutes=15))
        self.sessions = Sessions(
            store=self.store,
            life=timedelta(hours=4),
            idle=timedelta(minutes=30),
            shared_idle=timedelta(minutes=5),
        )
        self.hub = Hub(
            interactions=self.interactions,
            lending=Lending(self.sessions, people),
            people=people,
            itinerary=Itinerary(doors({"psc", "cps", "password"}), [], frozenset({"cps"})),
        )

    @property
    def visit(self) -> Visit:
        return Visit(
            browser=BROWSER,
            session=self.cookie,
            is_station_shared=self.is_station_shared,
            now=self.clock.now(),
        )

    def begin(self, **changes: Any) -> Outcome:
        new = an_interaction(browser=fingerprint(BROWSER), **changes)
        return self.hub.begin(new, self.visit, self.home, self.share)

    def share(self) -> Limited:
        return Limited((Kind.SIGN_INS_BY_IP, "192.0.2.0/24"), timedelta(minutes=1), self.most)

    def go_on(self, *others: Finish[Any, Any]) -> Outcome:
        finishes = {one.name: one for one in (self.home, *others)}
        return self.hub.go_on("interaction-1", self.visit, finishes)

    def opened(self) -> Interaction:
        return self.interactions.open("interaction-1", BROWSER, self.clock.now())

    def prove(self, *names: Any) -> None:
        for name in names:
            event = an_event(name, (self.clock.now() - NOON).total_seconds() / 60)
            self.interactions.save(with_event(self.opened(), event, an_account()))

    def sign_in(self, *names: Any, account_id: Any = ALICE) -> Session:
        events = tuple(an_event(name, -5) for name in names)
        session = Session(
            sid="sid-1", account_id=account_id, events=events, started_at=NOON, last_seen_at=NOON
        )
        self.cookie = self.sessions.start(session, self.clock.now())
        return session


@pytest.fixture
def bench(clock: FixedClock, store: MemoryStore) -> Bench:
    return Bench(clock, store)


AT_HUB = GoTo("/interaction/interaction-1")
AT_CHOICE, AT_QUESTION = GoTo(f"{AT_HUB.path}/choice"), GoTo(f"{AT_HUB.path}/same_person")


class TestAnotherWayToStart:
    def test_runs_through_the_same_hub_to_its_own_end(self, bench: Bench) -> None:
        assert bench.begin() == AT_CHOICE
        assert bench.go_on() == AT_CHOICE
        bench.prove("password")
        assert bench.go_on() == GoTo("/interaction/interaction-1/email_otp")
        bench.prove("email_otp")
        done = bench.go_on()
        assert isinstance(done, Done)
        assert (done.account.id, done.assurance.acr, done.assurance.amr) == (
            ALICE,
            Acr.PWD_OTP,
            ("pwd", "otp"),
        )
        assert bench.home.success(None, done) == f"welcome {ALICE}"
        with pytest.raises(InteractionRefused) as caught:
            bench.go_on()
        assert caught.value.reason is InteractionRefusal.FINISHED

    def test_ends_by_its_own_finish_and_no_other(self, bench: Bench) -> None:
        other = FakeFinish(name="authorization", meanwhile=[out_of_order])
        bench.begin()
        bench.prove("cps")
        done = bench.go_on(other)
        assert isinstance(done, Done)
        assert done.interaction.started_by == "home"
        assert other.meanwhile

    def test_that_this_node_does_not_serve_has_its_page_and_loses_nothing(self, bench: Bench) -> None:
        bench.begin()
        with pytest.raises(InteractionRefused) as caught:
            bench.hub.go_on("interaction-1", bench.visit, {})
        assert caught.value.reason is InteractionRefusal.UNKNOWN
        assert bench.opened().started_by == "home"

    def test_of_the_authorization_endpoint_is_kept_as_the_version_before_reads_it(
        self, bench: Bench, store: BusyStore
    ) -> None:
        bench.begin()
        assert store.get(Kind.INTERACTION, "interaction-1").value["started_by"] == "home"  # type: ignore[union-attr]
        bench.interactions.begin(an_interaction(id="interaction-2"))
        assert "started_by" not in store.get(Kind.INTERACTION, "interaction-2").value  # type: ignore[union-attr]

    def test_an_interaction_of_before_the_mark_is_an_authorization(self) -> None:
        assert an_interaction().started_by == "authorization"


class TestBegin:
    def test_with_a_session_that_proves_enough_nothing_is_kept(
        self, bench: Bench, store: MemoryStore
    ) -> None:
        bench.sign_in("cps")
        done = bench.begin()
        assert isinstance(done, Done)
        assert (done.interaction.sid, done.assurance.acr) == ("sid-1", Acr.CPS)
        assert store.get(Kind.INTERACTION, "interaction-1") is None

    def test_beyond_the_share_of_its_network_is_refused_and_not_kept(
        self, bench: Bench, store: MemoryStore
    ) -> None:
        bench.most = 0
        with pytest.raises(InteractionRefused) as caught:
            bench.begin()
        assert (caught.value.reason, caught.value.client_id) == (InteractionRefusal.CROWDED, "viatrajectoire")
        assert store.get(Kind.INTERACTION, "interaction-1") is None

    def test_counts_nothing_where_no_page_is_due(self, bench: Bench) -> None:
        bench.sign_in("cps")
        bench.most = 0
        assert isinstance(bench.begin(), Done)
        bench.cookie = None
        assert isinstance(bench.begin(silent=True), Failed)

    def test_with_a_session_that_proves_less_the_rest_is_asked(self, bench: Bench) -> None:
        bench.sign_in("password", "email_otp")
        assert bench.begin(needed=Acr.CPS) == AT_CHOICE
        assert bench.opened().account_id == ALICE

    @pytest.mark.parametrize("cookie", [None, "sid-1.of-another", "nothing"])
    def test_without_the_session_s_own_cookie_it_seeds_nothing(
        self, bench: Bench, cookie: str | None
    ) -> None:
        bench.sign_in("cps")
        bench.cookie = cookie
        assert bench.begin() == AT_CHOICE
        assert bench.opened().account_id is None

    def test_the_session_of_another_person_than_the_expected_seeds_nothing(self, bench: Bench) -> None:
        bench.sign_in("cps")
        bench.home.expected = BOB
        assert bench.begin() == AT_CHOICE
        assert bench.opened().account_id is None

    def test_the_session_of_an_account_that_is_gone_or_disabled_seeds_nothing(self, bench: Bench) -> None:
        bench.sign_in("cps", account_id=BOB)
        assert bench.begin() == AT_CHOICE
        bench.accounts.accounts[BOB] = an_account(id=BOB, enabled=False)
        assert bench.begin() == AT_CHOICE
        assert bench.opened().account_id is None

    def test_is_a_visit_that_prolongs_the_session_unless_it_is_silent(self, bench: Bench) -> None:
        bench.sign_in("cps")
        bench.clock.advance(minutes=20)
        bench.begin(silent=True, needed=Acr.CPS)
        bench.clock.advance(minutes=5)
        bench.begin()
        bench.clock.advance(minutes=29)
        session = bench.sessions.open(bench.cookie, bench.clock.now())
        assert session is not None
        assert session.last_seen_at == NOON + timedelta(minutes=25)

    def test_loses_to_another_tab_that_wrote_the_session_and_goes_on(
        self, bench: Bench, store: BusyStore
    ) -> None:
        session, cookie = bench.sign_in("cps"), bench.cookie or ""
        store.meanwhile[Kind.SESSION] = lambda: bench.sessions.touch(session, cookie, bench.clock.now())
        assert isinstance(bench.begin(), Done)
        assert not store.meanwhile

    def test_in_silence_a_page_that_is_due_ends_it(self, bench: Bench, store: MemoryStore) -> None:
        failed = bench.begin(silent=True)
        assert isinstance(failed, Failed)
        assert (failed.reason, failed.stop) == (Failure.PAGE_NEEDED, Stop.CHOICE)
        assert bench.home.failure(None, failed) == "left: page_needed"
        assert store.get(Kind.INTERACTION, "interaction-1") is None

    def test_in_silence_an_outage_ends_it_and_otherwise_the_person_is_told(self, bench: Bench) -> None:
        bench.sign_in("cps")
        bench.home.meanwhile = [out_of_order, out_of_order]
        failed = bench.begin(silent=True)
        assert isinstance(failed, Failed)
        assert (failed.reason, failed.stop) == (Failure.NOT_NOW, None)
        with pytest.raises(InteractionRefused) as caught:
            bench.begin()
        assert caught.value.reason is InteractionRefusal.NOT_NOW


class TestSharedStation:
    """facts/security T12: a session left open there is not the next person's."""

    @pytest.fixture(autouse=True)
    def shared(self, bench: Bench) -> None:
        bench.is_station_shared = True

    def confirm(self, bench: Bench) -> None:
        bench.interactions.save(dataclasses.replace(bench.opened(), confirmed=True))

    def test_a_session_is_never_taken_without_a_question(self, bench: Bench) -> None:
        bench.sign_in("cps")
        assert bench.begin() == AT_QUESTION
        assert bench.go_on() == AT_QUESTION
        self.confirm(bench)
        assert isinstance(bench.go_on(), Done)

    def test_an_answer_holds_for_its_own_interaction_only(self, bench: Bench) -> None:
        bench.sign_in("cps")
        bench.begin()
        self.confirm(bench)
        new = an_interaction(id="interaction-2", browser=fingerprint(BROWSER))
        begun = bench.hub.begin(new, bench.visit, bench.home, bench.share)
        assert begun == GoTo("/interaction/interaction-2/same_person")

    def test_in_silence_the_relying_party_is_told_that_a_question_is_due(self, bench: Bench) -> None:
        bench.sign_in("cps")
        failed = bench.begin(silent=True)
        assert isinstance(failed, Failed)
        assert (failed.reason, failed.stop) == (Failure.PAGE_NEEDED, Stop.SAME_PERSON)

    def test_a_person_who_proves_something_is_asked_no_more(self, bench: Bench) -> None:
        bench.begin()
        bench.prove("cps")
        assert isinstance(bench.go_on(), Done)

    def test_a_stronger_proof_answers_the_question_too(self, bench: Bench) -> None:
        bench.sign_in("password", "email_otp")
        bench.begin(needed=Acr.CPS)
        assert bench.go_on() == AT_QUESTION
        bench.prove("cps")
        assert isinstance(bench.go_on(), Done)

    def test_a_session_that_does_not_count_is_not_asked_about(self, bench: Bench) -> None:
        bench.sign_in("cps")
        bench.begin(fresh_after=bench.clock.now())
        assert bench.go_on() == AT_CHOICE

    @pytest.mark.parametrize("minutes", [5, 29])
    def test_a_session_that_waited_five_minutes_is_over(self, bench: Bench, minutes: int) -> None:
        bench.sign_in("cps")
        bench.clock.advance(minutes=minutes)
        failed = bench.begin(silent=True)
        assert isinstance(failed, Failed)
        assert failed.stop is Stop.CHOICE
        bench.is_station_shared = False
        assert isinstance(bench.begin(), Done)

    def test_a_question_that_nobody_answers_in_time_is_about_nobody_any_more(self, bench: Bench) -> None:
        bench.sign_in("cps")
        bench.clock.advance(minutes=4)
        bench.begin()
        bench.clock.advance(minutes=1)
        assert bench.go_on() == AT_CHOICE
        assert bench.opened().sid is None

    def test_a_station_declared_shared_since_asks_in_what_had_begun_before(self, bench: Bench) -> None:
        bench.is_station_shared = False
        bench.sign_in("password", "email_otp")
        bench.begin(needed=Acr.CPS)
        assert bench.go_on() == AT_CHOICE
        bench.is_station_shared = True
        assert bench.go_on() == AT_QUESTION

    def test_another_person_s_visit_does_not_prolong_the_session(self, bench: Bench) -> None:
        bench.sign_in("cps")
        bench.clock.advance(minutes=4)
        bench.begin()
        session = bench.sessions.open(bench.cookie, bench.clock.now())
        assert session is not None
        assert session.last_seen_at == NOON


class TestGoOn:
    def test_a_refusal_ends_it_whatever_is_due(self, bench: Bench) -> None:
        bench.begin()
        bench.interactions.save(dataclasses.replace(bench.opened(), refusal="access_denied"))
        failed = bench.go_on()
        assert isinstance(failed, Failed)
        assert (failed.reason, failed.stop) == (Failure.REFUSED, None)

    def test_an_outage_at_the_end_uses_nothing_up(self, bench: Bench) -> None:
        bench.begin()
        bench.prove("cps")
        bench.home.meanwhile = [out_of_order]
        with pytest.raises(InteractionRefused) as caught:
            bench.go_on()
        assert caught.value.reason is InteractionRefusal.NOT_NOW
        assert isinstance(bench.go_on(), Done)

    def test_an_outage_after_it_was_taken_puts_it_back(self, bench: Bench) -> None:
        bench.begin()
        bench.prove("cps")
        bench.home.meanwhile = [lambda: None, out_of_order]
        with pytest.raises(InteractionRefused) as caught:
            bench.go_on()
        assert caught.value.reason is InteractionRefusal.NOT_NOW
        assert isinstance(bench.go_on(), Done)

    def test_a_disabled_account_comes_to_the_end_which_refuses_it(self, bench: Bench) -> None:
        bench.begin()
        bench.prove("cps")
        bench.accounts.accounts[ALICE] = an_account(enabled=False)
        done = bench.go_on()
        assert isinstance(done, Done)
        assert not done.account.may_sign_in

    def test_a_disabled_account_that_proved_nothing_whole_is_nobody(self, bench: Bench) -> None:
        bench.begin()
        bench.prove("password")
        bench.accounts.accounts[ALICE] = an_account(enabled=False)
        failed = bench.go_on()
        assert isinstance(failed, Failed)
        assert failed.reason is Failure.NOBODY

    def test_for_one_person_asks_nothing_of_a_stranger(self, bench: Bench) -> None:
        """No enrolment of somebody whom the login is not for; where it is for any person, one may enrol."""
        bench.begin(subject="sub-of-alice")
        stranger = with_identity(bench.opened(), an_event("cps", 0), an_identity())
        bench.interactions.save(stranger)
        outcome = bench.go_on()
        assert isinstance(outcome, Failed)
        assert outcome.reason is Failure.OTHER_PERSON

    def test_for_anybody_lets_a_stranger_enrol(self, bench: Bench) -> None:
        bench.begin()
        bench.interactions.save(with_identity(bench.opened(), an_event("cps", 0), an_identity()))
        assert bench.go_on() == GoTo(f"{AT_HUB.path}/enrolment")

    def test_what_an_ended_session_had_proved_is_asked_again(self, bench: Bench) -> None:
        bench.sign_in("password", "email_otp")
        bench.begin(needed=Acr.CPS)
        bench.sessions.end("sid-1")
        assert bench.go_on() == AT_CHOICE
        assert (bench.opened().account_id, bench.opened().sid) == (None, None)

    def test_while_its_session_lives_it_leans_on_it(self, bench: Bench) -> None:
        bench.sign_in("password", "email_otp")
        bench.begin(needed=Acr.CPS)
        bench.go_on()
        assert bench.opened().sid == "sid-1"

    def test_a_faster_click_of_the_same_person_makes_it_look_again(
        self, bench: Bench, store: BusyStore
    ) -> None:
        bench.sign_in("password", "email_otp")
        bench.begin(needed=Acr.CPS)
        bench.sessions.end("sid-1")
        store.meanwhile[Kind.INTERACTION] = lambda: bench.prove("cps")
        assert bench.go_on() == AT_HUB
        assert not store.meanwhile
        assert isinstance(bench.go_on(), Done)

    def test_of_two_tabs_at_the_end_one_ends_it(self, bench: Bench) -> None:
        bench.begin()
        bench.prove("cps")
        bench.home.meanwhile = [lambda: bench.interactions.take("interaction-1") and None]
        with pytest.raises(InteractionRefused) as caught:
            bench.go_on()
        assert (caught.value.reason, caught.value.client_id) == (
            InteractionRefusal.FINISHED,
            "viatrajectoire",
        )

    def test_facts_that_changed_while_it_was_taken_are_due_again(self, bench: Bench) -> None:
        bench.begin()
        bench.prove("cps")

        def another_person_begins() -> None:
            bench.interactions.save(with_event(bench.opened(), an_event("password"), an_account(id=BOB)))
            bench.accounts.accounts[BOB] = an_account(id=BOB)

        bench.home.meanwhile = [another_person_begins]
        assert bench.go_on() == AT_HUB
        assert bench.go_on() == GoTo("/interaction/interaction-1/email_otp")
