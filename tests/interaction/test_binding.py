"""The binding of an interaction: renewed by whatever is proved, and what the value of before may still do."""

import dataclasses
from datetime import timedelta
from typing import Any

import pytest

from idp.core.ephemeral import StaleRecord
from idp.interaction.authenticator import AuthenticatorId
from idp.interaction.binding import Bindings
from idp.interaction.record import Interaction, with_event, with_identity
from idp.interaction.refusal import InteractionRefusal, InteractionRefused
from idp.interaction.store import Interactions, fingerprint
from idp.interaction.visit import Visit
from tests.fakes import FixedClock, MemoryStore
from tests.people import ALICE, BOB, an_account, an_event, an_identity, an_interaction

ID = "interaction-1"
FIRST = "the secret of the beginning"


@dataclasses.dataclass
class Bench:
    clock: FixedClock
    store: MemoryStore

    def __post_init__(self) -> None:
        self.interactions = Interactions(store=self.store, life=timedelta(minutes=15))
        self.bindings = Bindings(self.interactions)
        self.interactions.begin(an_interaction(browser=fingerprint(FIRST)))

    def visit(self, secret: str) -> Visit:
        return Visit(
            browser="a browser",
            session=None,
            is_station_shared=False,
            now=self.clock.now(),
            bindings={ID: secret},
        )

    def open(self, secret: str) -> Interaction:
        return self.interactions.open(ID, secret, self.clock.now())

    def prove(self, opened: Interaction, authenticator: AuthenticatorId, account: Any = ALICE) -> str:
        return self.bindings.prove(with_event(opened, an_event(authenticator), an_account(id=account)))

    def repeat(self, secret: str, authenticator: AuthenticatorId) -> Interaction:
        return self.bindings.open_to_repeat(ID, self.visit(secret), authenticator)

    def refusal(self, secret: str) -> InteractionRefusal:
        with pytest.raises(InteractionRefused) as caught:
            self.open(secret)
        return caught.value.reason


@pytest.fixture
def bench(clock: FixedClock, store: MemoryStore) -> Bench:
    return Bench(clock, store)


def test_each_proof_makes_a_new_secret_and_the_former_opens_nothing(bench: Bench) -> None:
    second = bench.prove(bench.open(FIRST), "password")
    assert bench.refusal(FIRST) is InteractionRefusal.WENT_ON
    third = bench.prove(bench.open(second), "email_otp")
    assert bench.refusal(second) is InteractionRefusal.WENT_ON
    assert bench.refusal(FIRST) is InteractionRefusal.OTHER_BROWSER
    assert [event.authenticator for event in bench.open(third).events] == ["password", "email_otp"]
    assert not {second, third} & set(bench.store.written().split('"'))


class TestSecondClick:
    def test_that_was_opened_before_the_first_was_saved_counts_once(self, bench: Bench) -> None:
        first, second = bench.open(FIRST), bench.open(FIRST)
        secrets = [bench.prove(first, "password"), bench.prove(second, "password")]
        # Either answer may be the last to arrive.
        for secret in secrets:
            assert len(bench.open(secret).events) == 1
        assert bench.open(secrets[0]).browser == fingerprint(secrets[0])

    def test_that_came_after_it_finds_what_was_known_before(self, bench: Bench) -> None:
        second = bench.prove(bench.open(FIRST), "password")
        before = bench.repeat(FIRST, "password")
        assert (before.events, before.account_id) == ((), None)
        third = bench.prove(before, "password")
        assert bench.open(third).events == bench.open(second).events
        # A third click is as good as the second one.
        assert bench.prove(bench.repeat(FIRST, "password"), "password")

    def test_keeps_the_first_half_of_the_path(self, bench: Bench) -> None:
        second = bench.prove(bench.open(FIRST), "password")
        bench.prove(bench.open(second), "email_otp")
        before = bench.repeat(second, "email_otp")
        assert [event.authenticator for event in before.events] == ["password"]
        assert before.account_id == ALICE

    def test_opens_simply_when_nothing_was_lost(self, bench: Bench) -> None:
        assert bench.repeat(FIRST, "password") == bench.open(FIRST)

    @pytest.mark.parametrize("authenticator", ["email_otp", "cps"])
    def test_by_another_authenticator_is_refused(self, bench: Bench, authenticator: AuthenticatorId) -> None:
        bench.prove(bench.open(FIRST), "password")
        with pytest.raises(InteractionRefused) as caught:
            bench.repeat(FIRST, authenticator)
        assert caught.value.reason is InteractionRefusal.WENT_ON

    def test_of_another_person_is_refused(self, bench: Bench) -> None:
        second = bench.prove(bench.open(FIRST), "password")
        with pytest.raises(StaleRecord):
            bench.prove(bench.repeat(FIRST, "password"), "password", BOB)
        assert bench.open(second).account_id == ALICE

    def test_of_a_card_without_account_counts_once_for_the_same_card_only(self, bench: Bench) -> None:
        shown = an_identity()
        bench.bindings.prove(with_identity(bench.open(FIRST), an_event("cps"), shown))
        again = with_identity(bench.repeat(FIRST, "cps"), an_event("cps", 1), shown)
        assert bench.open(bench.bindings.prove(again)).identity == shown
        for other in (an_identity(rpps="10000000025"), an_identity(evidence="cd" * 32)):
            with pytest.raises(StaleRecord):
                bench.bindings.prove(with_identity(bench.repeat(FIRST, "cps"), an_event("cps", 2), other))
        with pytest.raises(StaleRecord):
            bench.prove(bench.repeat(FIRST, "cps"), "cps")

    def test_is_refused_when_it_is_not_the_last_proof_any_more(self, bench: Bench) -> None:
        slow = bench.open(FIRST)
        second = bench.prove(bench.open(FIRST), "password")
        bench.prove(bench.open(second), "email_otp")
        with pytest.raises(StaleRecord):
            bench.prove(slow, "password")
        with pytest.raises(InteractionRefused):
            bench.repeat(FIRST, "password")

    def test_of_what_a_session_lent_is_no_proof(self, bench: Bench) -> None:
        lent = an_event("password")
        opened = dataclasses.replace(
            bench.open(FIRST), events=(lent,), lent=(lent,), sid="sid-1", account_id=ALICE
        )
        bench.interactions.renew(opened, former=opened.browser)
        with pytest.raises(InteractionRefused):
            bench.repeat(FIRST, "password")

    def test_is_too_late_after_the_end(self, bench: Bench) -> None:
        bench.prove(bench.open(FIRST), "password")
        bench.clock.advance(minutes=15)
        with pytest.raises(InteractionRefused):
            bench.repeat(FIRST, "password")

    def test_without_any_cookie_is_refused_as_ever(self, bench: Bench) -> None:
        nobody = Visit(browser=None, session=None, is_station_shared=False, now=bench.clock.now())
        assert not nobody.is_usual_for("10000000017")
        with pytest.raises(InteractionRefused) as caught:
            bench.bindings.open_to_repeat(ID, nobody, "password")
        assert caught.value.reason is InteractionRefusal.NO_COOKIE


class TestBeginningAgain:
    def test_is_for_what_went_on_or_expired(self, bench: Bench) -> None:
        assert bench.bindings.to_restart(ID, bench.visit(FIRST)) is None
        second = bench.prove(bench.open(FIRST), "cps")
        for secret, minutes in ((FIRST, 0), (second, 15)):
            bench.clock.advance(minutes=minutes)
            found = bench.bindings.to_restart(ID, bench.visit(secret))
            assert found is not None
            assert found.id == ID

    def test_is_not_for_another_browser(self, bench: Bench) -> None:
        with pytest.raises(InteractionRefused) as caught:
            bench.bindings.to_restart(ID, bench.visit("stolen"))
        assert caught.value.reason is InteractionRefusal.OTHER_BROWSER


class TestSignOut:
    def test_renews_the_open_tabs_and_forgets_what_the_person_proved(self, bench: Bench) -> None:
        second = bench.prove(bench.open(FIRST), "cps")
        visit = Visit(
            browser=None,
            session=None,
            is_station_shared=False,
            now=bench.clock.now(),
            bindings={ID: second, "interaction-of-another-time": "x"},
        )
        renewed = bench.bindings.leave(visit, ALICE)
        assert set(renewed) == {ID}
        left = bench.open(renewed[ID])
        assert (left.events, left.account_id) == ((), None)
        assert bench.refusal(FIRST) is InteractionRefusal.OTHER_BROWSER
        # A second click on the sign-out, whose first answer was lost: it may begin the request again, and no more.
        assert bench.refusal(second) is InteractionRefusal.WENT_ON
        with pytest.raises(InteractionRefused):
            bench.repeat(second, "cps")

    def test_leaves_what_another_person_proved(self, bench: Bench) -> None:
        second = bench.prove(bench.open(FIRST), "cps", BOB)
        renewed = bench.bindings.leave(bench.visit(second), ALICE)
        assert bench.open(renewed[ID]).account_id == BOB


def test_a_record_of_the_version_before_opens_with_the_cookie_of_the_browser(bench: Bench) -> None:
    visit = Visit(browser=FIRST, session=None, is_station_shared=False, now=bench.clock.now())
    opened = bench.interactions.open(ID, visit.binding(ID), visit.now)
    renewed = bench.prove(opened, "cps")
    assert bench.open(renewed).family == fingerprint(FIRST)


class TestTheFormOfTheLastProofOnceMore:
    """What ended an enrolment, or used a code up, is no event that could come again: what came of it is opened."""

    def after(self, bench: Bench, secret: str) -> Interaction:
        return bench.bindings.open_after(ID, bench.visit(secret))

    def test_finds_what_came_of_it_and_proves_nothing_but_that(self, bench: Bench) -> None:
        second = bench.prove(bench.open(FIRST), "password")
        after = self.after(bench, FIRST)
        assert (after.events, after.account_id) == (bench.open(second).events, ALICE)
        third = bench.bindings.prove(after)
        # Either answer may be the last to arrive.
        assert bench.open(third).events == bench.open(second).events
        changed = dataclasses.replace(self.after(bench, FIRST), account_id=BOB)
        with pytest.raises(StaleRecord):
            bench.bindings.prove(changed)

    @pytest.mark.parametrize("secret", [FIRST, "of another browser"])
    def test_opens_to_the_former_secret_alone(self, bench: Bench, secret: str) -> None:
        second = bench.prove(bench.open(FIRST), "password")
        bench.prove(bench.open(second), "email_otp")
        with pytest.raises(InteractionRefused) as caught:
            self.after(bench, secret)
        assert caught.value.reason is InteractionRefusal.WENT_ON

    def test_opens_to_nobody_before_anything_was_proved(self, bench: Bench) -> None:
        with pytest.raises(InteractionRefused):
            self.after(bench, FIRST)

    def test_comes_too_late_once_the_time_is_over(self, bench: Bench) -> None:
        bench.prove(bench.open(FIRST), "password")
        bench.clock.advance(minutes=16)
        with pytest.raises(InteractionRefused):
            self.after(bench, FIRST)
