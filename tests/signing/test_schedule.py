"""The states of keys over a clock that stands still, and over any sequence of what operators and time do."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from idp.signing.schedule import (
    ALGS,
    AlreadyRetired,
    KeyRecord,
    KeySchedule,
    KeyState,
    KeyStillSigns,
    NextKeyExists,
    UnknownKey,
)
from idp.signing.signer import Alg
from tests.examples import examples
from tests.fakes import NOON
from tests.key_files import DAY, MINUTE, POLICY

#: A key signs this long after its announcement: a day, and what two clocks may differ by.
LEAD = DAY + 2 * MINUTE
#: The session may live four hours; and again two clocks.
KEEP = timedelta(hours=4) + 2 * MINUTE
TICK = timedelta(microseconds=1)
HOUR = timedelta(hours=1)


def first() -> KeySchedule:
    """One key of each algorithm since NOON: `RS256-1`, `ES256-1`."""
    schedule = KeySchedule((), POLICY)
    for alg in ALGS:
        schedule = schedule.announced(f"{alg}-1", alg, "", NOON)
    return schedule


def announced() -> KeySchedule:
    return first().announced("ES256-2", "ES256", "", NOON)


def state(schedule: KeySchedule, kid: str, now: datetime) -> KeyState:
    return schedule.state(schedule.record(kid), now)


def key_set(schedule: KeySchedule, now: datetime) -> set[str]:
    return {record.kid for record in schedule.published(now)}


def test_the_first_key_of_an_algorithm_signs_at_once() -> None:
    schedule = first()
    assert [state(schedule, f"{alg}-1", NOON) for alg in ALGS] == [KeyState.ACTIVE] * 2


def test_the_next_key_is_published_for_a_day_then_signs() -> None:
    schedule = announced()
    assert schedule.record("ES256-2").active_from == NOON + LEAD
    assert state(schedule, "ES256-2", NOON) is KeyState.PUBLISHED
    assert "ES256-2" in key_set(schedule, NOON)
    assert state(schedule, "ES256-2", NOON + LEAD - TICK) is KeyState.PUBLISHED
    assert state(schedule, "ES256-1", NOON + LEAD - TICK) is KeyState.ACTIVE
    assert state(schedule, "ES256-2", NOON + LEAD) is KeyState.ACTIVE
    assert state(schedule, "ES256-1", NOON + LEAD) is KeyState.RETIRED


def test_the_old_key_stays_in_the_key_set_for_a_day_then_leaves() -> None:
    schedule, leaves = announced(), NOON + LEAD + DAY
    assert "ES256-1" in key_set(schedule, leaves - TICK)
    assert key_set(schedule, leaves) == {"RS256-1", "ES256-2"}


def test_a_rotation_of_one_algorithm_leaves_the_other_alone() -> None:
    schedule = announced()
    for now in (NOON, NOON + LEAD, NOON + 10 * DAY):
        assert state(schedule, "RS256-1", now) is KeyState.ACTIVE


def test_the_periods_told_are_those_of_the_states() -> None:
    schedule = announced()
    old, new = schedule.record("ES256-1"), schedule.record("ES256-2")
    assert schedule.period(old, NOON) == (NOON, NOON + LEAD)
    assert schedule.period(new, NOON) == (NOON, NOON + LEAD)
    assert schedule.period(old, NOON + LEAD) == (NOON + LEAD, NOON + LEAD + DAY)
    assert schedule.period(new, NOON + LEAD) == (NOON + LEAD, None)


def test_what_is_said_of_an_instant_holds_until_the_next_change() -> None:
    schedule = announced()
    assert schedule.next_change(NOON) == NOON + LEAD
    assert schedule.next_change(NOON + LEAD) == NOON + LEAD + DAY
    assert schedule.next_change(NOON + LEAD + DAY) is None


def test_one_next_key_at_a_time() -> None:
    with pytest.raises(NextKeyExists):
        announced().announced("ES256-3", "ES256", "", NOON)


def test_a_hurried_key_signs_now_and_the_old_one_stays() -> None:
    schedule = announced().activated_early("ES256-2", NOON + HOUR)
    assert state(schedule, "ES256-2", NOON + HOUR) is KeyState.ACTIVE
    assert key_set(schedule, NOON + HOUR + DAY - TICK) == {"RS256-1", "ES256-1", "ES256-2"}
    assert key_set(schedule, NOON + HOUR + DAY) == {"RS256-1", "ES256-2"}


def test_of_two_keys_activated_at_one_instant_the_later_signs() -> None:
    schedule = first().activated("ES256-2", "ES256", "", NOON).activated("ES256-3", "ES256", "", NOON)
    active = schedule.active("ES256", NOON)
    assert active is not None
    assert active.kid == "ES256-3"


class TestRetiring:
    def test_the_active_key_is_refused_with_and_without_a_successor_waiting(self) -> None:
        for schedule in (first(), announced()):
            with pytest.raises(KeyStillSigns):
                schedule.retired("ES256-1", NOON + HOUR)

    def test_a_published_key_leaves_at_once_and_never_signs(self) -> None:
        schedule = announced().retired("ES256-2", NOON + HOUR)
        assert "ES256-2" not in key_set(schedule, NOON + HOUR)
        assert state(schedule, "ES256-1", NOON + 10 * DAY) is KeyState.ACTIVE

    def test_a_key_that_another_clock_lets_sign_already_is_refused(self) -> None:
        schedule = announced()
        with pytest.raises(KeyStillSigns):
            schedule.retired("ES256-2", NOON + LEAD - 2 * MINUTE)
        assert schedule.retired("ES256-2", NOON + LEAD - 2 * MINUTE - TICK)

    def test_an_old_key_leaves_when_its_tokens_have_ended_and_not_before(self) -> None:
        schedule = announced().retired("ES256-1", NOON + LEAD + MINUTE)
        assert "ES256-1" in key_set(schedule, NOON + LEAD + KEEP - TICK)
        assert "ES256-1" not in key_set(schedule, NOON + LEAD + KEEP)

    def test_an_old_key_whose_tokens_have_ended_leaves_now(self) -> None:
        now = NOON + LEAD + KEEP + HOUR
        assert "ES256-1" in key_set(announced(), now)
        assert "ES256-1" not in key_set(announced().retired("ES256-1", now), now)

    def test_twice_or_after_it_has_left_there_is_nothing_to_do(self) -> None:
        now = NOON + LEAD + MINUTE
        with pytest.raises(AlreadyRetired):
            announced().retired("ES256-1", now).retired("ES256-1", now)
        with pytest.raises(AlreadyRetired):
            announced().retired("ES256-1", NOON + LEAD + DAY)

    def test_an_unknown_kid_is_refused(self) -> None:
        with pytest.raises(UnknownKey):
            first().retired("nobody", NOON)


class TestRevoking:
    def test_an_old_key_leaves_at_once_whatever_it_signed(self) -> None:
        now = NOON + LEAD + MINUTE
        assert "ES256-1" not in key_set(announced().revoked("ES256-1", now), now)

    def test_an_old_key_retired_but_still_published_leaves_at_once(self) -> None:
        now = NOON + LEAD + MINUTE
        schedule = announced().retired("ES256-1", now)
        assert "ES256-1" in key_set(schedule, now + MINUTE)
        assert "ES256-1" not in key_set(schedule.revoked("ES256-1", now + MINUTE), now + MINUTE)

    def test_the_only_key_of_an_algorithm_needs_its_successor_first(self) -> None:
        with pytest.raises(KeyStillSigns):
            first().revoked("ES256-1", NOON)
        schedule = first().activated("ES256-2", "ES256", "", NOON).revoked("ES256-1", NOON)
        assert key_set(schedule, NOON) == {"RS256-1", "ES256-2"}

    def test_a_published_key_takes_its_place_at_once(self) -> None:
        for schedule in (announced(), announced().activated_early("ES256-2", NOON)):
            after = schedule.revoked("ES256-1", NOON)
            assert key_set(after, NOON) == {"RS256-1", "ES256-2"}
            assert state(after, "ES256-2", NOON) is KeyState.ACTIVE

    def test_it_is_gone_by_a_slow_clock_too_and_its_successor_signs_there(self) -> None:
        schedule = first().activated("ES256-2", "ES256", "", NOON + HOUR).revoked("ES256-1", NOON + HOUR)
        slow = NOON + HOUR - MINUTE
        assert key_set(schedule, slow) == {"RS256-1", "ES256-2"}
        assert state(schedule, "ES256-2", slow) is KeyState.ACTIVE

    def test_a_key_that_had_left_does_not_come_back_when_its_successor_is_revoked(self) -> None:
        now = NOON + 10 * DAY
        schedule = announced().activated("ES256-3", "ES256", "", now).revoked("ES256-2", now)
        assert key_set(schedule, now) == {"RS256-1", "ES256-3"}

    def test_a_withdrawn_key_revoked_later_still_has_never_signed(self) -> None:
        schedule = announced().retired("ES256-2", NOON).revoked("ES256-2", NOON + 10 * DAY)
        assert state(schedule, "ES256-1", NOON + 10 * DAY) is KeyState.ACTIVE
        assert "ES256-1" in key_set(schedule, NOON + 10 * DAY)

    def test_a_second_time_there_is_nothing_to_do(self) -> None:
        with pytest.raises(AlreadyRetired):
            announced().revoked("ES256-2", NOON).revoked("ES256-2", NOON)


class TestDisorder:
    def test_before_its_time_the_first_key_signs_all_the_same(self) -> None:
        assert state(first(), "ES256-1", NOON - HOUR) is KeyState.ACTIVE

    def test_without_a_key_nothing_signs(self) -> None:
        assert KeySchedule((), POLICY).active("ES256", NOON) is None

    def test_an_active_key_retired_by_hand_does_not_bring_the_one_before_back(self) -> None:
        schedule = announced()
        edited = [
            dataclasses.replace(r, retired_at=NOON + 2 * DAY) if r.kid == "ES256-2" else r
            for r in schedule.records
        ]
        by_hand = KeySchedule(tuple(edited), POLICY)
        assert by_hand.active("ES256", NOON + 2 * DAY) is None
        record = by_hand.record("ES256-2")
        assert by_hand.period(record, NOON + 2 * DAY) == (NOON + 2 * DAY, None)

    def test_a_key_that_tells_only_its_day_may_have_begun_at_the_end_of_it(self) -> None:
        by_day = KeyRecord(kid="ES256-2", alg="ES256", file="", created_at=NOON + DAY, active_from=NOON)
        schedule = KeySchedule(
            (
                KeyRecord(kid="ES256-1", alg="ES256", file="", created_at=NOON - DAY, active_from=NOON - DAY),
                by_day,
            ),
            POLICY,
        )
        assert state(schedule, "ES256-2", NOON) is KeyState.ACTIVE
        assert schedule.leaves_at(schedule.record("ES256-1")) == NOON + 2 * DAY


@dataclass(frozen=True, slots=True)
class _Token:
    kid: str
    expires_at: datetime


_WAITS = st.sampled_from([TICK, MINUTE, 2 * MINUTE, HOUR, KEEP, DAY - MINUTE, DAY, LEAD, 40 * DAY])
#: Clocks of the machine an operator works on and of the nodes: up to the skew, either way.
_OFFSETS = st.sampled_from([-MINUTE, timedelta(), MINUTE])
_ID_TOKEN_LIFE = 5 * MINUTE
_RANK = st.integers(0, 30)


class Operators(RuleBasedStateMachine):
    """Any order of rotations, retirements and waiting, by operators and nodes whose clocks differ."""

    def __init__(self) -> None:
        super().__init__()
        self.schedule = KeySchedule((), POLICY)
        self.now = NOON
        self.tokens: set[_Token] = set()
        self.first_signature: dict[str, datetime] = {}
        self.published_since: dict[str, datetime] = {}
        #: Keys which an operator let sign at once: the first, `--now`, the successor of a compromised one.
        self.at_once: set[str] = set()
        self.revoked: set[str] = set()

    def _act(self, change: Callable[[], KeySchedule]) -> bool:
        try:
            self.schedule = change()
        except (NextKeyExists, KeyStillSigns, AlreadyRetired):
            return False
        return True

    def _kid(self) -> str:
        kid = f"key-{len(self.schedule.records)}"
        self.published_since[kid] = self.now
        return kid

    @initialize()
    def begin(self) -> None:
        for alg in ALGS:
            kid = self._kid()
            self.schedule = self.schedule.announced(kid, alg, "", self.now)
            self.at_once.add(kid)

    @rule(wait=_WAITS)
    def time_passes(self, wait: timedelta) -> None:
        self.now += wait

    @rule(alg=st.sampled_from(ALGS), offset=_OFFSETS)
    def rotate(self, alg: Alg, offset: timedelta) -> None:
        self._act(lambda: self.schedule.announced(self._kid(), alg, "", self.now + offset))

    @rule(alg=st.sampled_from(ALGS), offset=_OFFSETS)
    def rotate_now(self, alg: Alg, offset: timedelta) -> None:
        following = self.schedule.following(alg, self.schedule.effective_at(self.now + offset))
        if following is None:
            kid = self._kid()
            self.schedule = self.schedule.activated(kid, alg, "", self.now + offset)
        else:
            kid = following.kid
            self.schedule = self.schedule.activated_early(kid, self.now + offset)
        self.at_once.add(kid)

    @rule(rank=_RANK, offset=_OFFSETS)
    def retire(self, rank: int, offset: timedelta) -> None:
        kid = self.schedule.records[rank % len(self.schedule.records)].kid
        self._act(lambda: self.schedule.retired(kid, self.now + offset))

    @rule(rank=_RANK, offset=_OFFSETS)
    def revoke(self, rank: int, offset: timedelta) -> None:
        record = self.schedule.records[rank % len(self.schedule.records)]
        if record == self.schedule.active(record.alg, self.schedule.effective_at(self.now + offset)):
            self.rotate_now(record.alg, offset)
        if self._act(lambda: self.schedule.revoked(record.kid, self.now + offset)):
            self.revoked.add(record.kid)

    @invariant()
    def each_node_has_one_active_key_of_each_algorithm_and_it_is_published(self) -> None:
        for offset in (-MINUTE, timedelta(), MINUTE):
            here = self.now + offset
            states = [(r.alg, self.schedule.state(r, here)) for r in self.schedule.records]
            for alg in ALGS:
                assert states.count((alg, KeyState.ACTIVE)) == (1 if self.schedule.records else 0)
                active = self.schedule.active(alg, here)
                if active is not None:
                    assert active in self.schedule.published(here)
                    assert active.kid not in self.revoked
                    self.tokens.add(_Token(active.kid, here + _ID_TOKEN_LIFE))
                    # The instant by the true time, not by the clock of the node.
                    self.first_signature.setdefault(active.kid, self.now)

    @invariant()
    def a_key_is_published_a_day_before_its_first_signature(self) -> None:
        for kid in self.first_signature.keys() - self.at_once:
            assert self.first_signature[kid] - self.published_since[kid] >= DAY

    @invariant()
    def a_token_verifies_on_every_node_until_its_end_and_skew(self) -> None:
        # A relying party accepts it for one skew more.
        self.tokens = {
            t for t in self.tokens if t.kid not in self.revoked and self.now <= t.expires_at + MINUTE
        }
        for offset in (-MINUTE, timedelta(), MINUTE):
            assert {token.kid for token in self.tokens} <= key_set(self.schedule, self.now + offset)
            for token in self.tokens:  # and so at its end, if nobody does anything until then
                assert token.kid in key_set(self.schedule, token.expires_at + MINUTE + offset)

    @invariant()
    def a_revoked_key_is_in_no_key_set(self) -> None:
        for offset in (-MINUTE, timedelta(), MINUTE):
            assert not self.revoked & key_set(self.schedule, self.now + offset)

    @invariant()
    def nothing_changes_before_the_next_change(self) -> None:
        change = self.schedule.next_change(self.now)
        last = (change or self.now + DAY) - TICK
        assert key_set(self.schedule, last) == key_set(self.schedule, self.now)
        for alg in ALGS:
            assert self.schedule.active(alg, last) == self.schedule.active(alg, self.now)

    @invariant()
    def every_period_can_be_told(self) -> None:
        for record in self.schedule.records:
            since, until = self.schedule.period(record, self.now)
            assert until is None or since <= until or record.retired_at is not None


TestAnySequence = Operators.TestCase
TestAnySequence.settings = settings(max_examples=examples(60), stateful_step_count=25, deadline=None)
