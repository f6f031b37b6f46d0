"""Guessing spread over many persons: one password against a thousand numbers, from one network or from many."""

from contextlib import suppress
from datetime import timedelta

import pytest

from idp.accounts.spread import Network, Slowed, Spread
from idp.core.audit import AuditEvent
from idp.core.ephemeral import Kind, StaleRecord
from idp.settings.spread import SpreadSettings
from tests.fakes import FixedClock, MemoryStore, RecordingAudit

HOME, CROWD = Network("203.0.113.7/32", 1), Network("192.0.2.7/32", 10)
OTHER = Network("198.51.100.7/32", 1)
LIMITS = SpreadSettings()


@pytest.fixture
def audit() -> RecordingAudit:
    return RecordingAudit()


@pytest.fixture
def spread(store: MemoryStore, audit: RecordingAudit) -> Spread:
    return Spread(store=store, audit=audit, key=b"k" * 32, limits=LIMITS)


def rpps(number: int) -> str:
    return f"{10000000000 + number}"


def refuse(
    spread: Spread, clock: FixedClock, people: int, network: Network | None = HOME, begin: int = 0
) -> None:
    for number in range(begin, begin + people):
        spread.refused(rpps(number), network, clock.now())


def forms(spread: Spread, network: Network, sent: int) -> int:
    """How many are let in."""
    admitted = 0
    for _ in range(sent):
        with suppress(Slowed):
            spread.admit(network)
            admitted += 1
    return admitted


def told(audit: RecordingAudit, scope: str) -> list[dict[str, object]]:
    assert set(audit.names()) <= {AuditEvent.PASSWORD_SPREAD}
    return [
        {name: fact for name, fact in facts.items() if fact is not None and name != "scope"}
        for _event, facts in audit.events
        if facts["scope"] == scope
    ]


def test_a_network_of_many_refused_persons_is_slow_and_no_other_one(
    spread: Spread, clock: FixedClock, audit: RecordingAudit
) -> None:
    refuse(spread, clock, LIMITS.people - 1)
    assert (forms(spread, HOME, 50), told(audit, "network")) == (50, [])
    refuse(spread, clock, 1, begin=500)
    assert forms(spread, HOME, LIMITS.forms) == LIMITS.forms
    with pytest.raises(Slowed) as slowed:
        spread.admit(HOME)
    assert slowed.value.delay == LIMITS.forms_window
    clock.advance(seconds=LIMITS.forms_window.total_seconds())
    assert forms(spread, HOME, 50) == LIMITS.forms
    assert forms(spread, OTHER, 50) == 50
    assert told(audit, "network") == [{"people": LIMITS.people}]
    clock.advance(seconds=LIMITS.forms_window.total_seconds())
    assert forms(spread, HOME, 50) == LIMITS.forms


def test_in_a_crowded_network_ten_times_as_many_are_usual(spread: Spread, clock: FixedClock) -> None:
    refuse(spread, clock, 10 * LIMITS.people - 1, CROWD)
    assert forms(spread, CROWD, 500) == 500
    refuse(spread, clock, 1, CROWD, begin=5000)
    assert forms(spread, CROWD, 500) == 10 * LIMITS.forms


def test_one_person_is_one_however_often_they_mistype(spread: Spread, clock: FixedClock) -> None:
    for _ in range(5):
        refuse(spread, clock, LIMITS.people - 1)
    assert forms(spread, HOME, 50) == 50


def test_who_types_it_right_afterwards_had_only_mistyped(spread: Spread, clock: FixedClock) -> None:
    for number in range(5 * LIMITS.people):
        refuse(spread, clock, 1, begin=number)
        spread.right(rpps(number), HOME)
    assert forms(spread, HOME, 50) == 50
    # Nobody else's refusal goes with it.
    refuse(spread, clock, LIMITS.people)
    spread.right(rpps(9999), HOME)
    assert forms(spread, HOME, 50) == LIMITS.forms


def test_six_hundred_people_at_the_change_of_shift_slow_nothing_down(
    spread: Spread, clock: FixedClock, audit: RecordingAudit
) -> None:
    """In ten minutes, every fifth mistypes once; every fiftieth has forgotten it and takes another door."""
    for number in range(600):
        if number % 5 == 0:
            spread.refused(rpps(number), HOME, clock.now())
        clock.advance(seconds=1)
        assert forms(spread, HOME, 1) == 1
        if number % 50:
            spread.right(rpps(number), HOME)
    assert audit.events == []


def test_it_is_slow_for_as_long_as_persons_are_refused_and_a_window_more(
    spread: Spread, clock: FixedClock, audit: RecordingAudit
) -> None:
    refuse(spread, clock, LIMITS.people)
    clock.advance(seconds=LIMITS.window.total_seconds() - 1)
    refuse(spread, clock, 1, begin=900)
    clock.advance(seconds=LIMITS.window.total_seconds() - 1)
    assert forms(spread, HOME, 50) == LIMITS.forms
    clock.advance(seconds=2)
    assert forms(spread, HOME, 50) == 50
    # Told once: it never ended.
    assert len(told(audit, "network")) == 1
    refuse(spread, clock, LIMITS.people)
    assert len(told(audit, "network")) == 2


def test_where_no_address_is_told_nothing_is_slow_and_the_house_counts(
    spread: Spread, clock: FixedClock, audit: RecordingAudit
) -> None:
    refuse(spread, clock, LIMITS.house, None)
    spread.right(rpps(1), None)
    assert told(audit, "network") == []
    assert told(audit, "house") == [{"people": LIMITS.house, "usual": 0}]


def test_from_many_networks_it_is_told_once_in_a_window(
    spread: Spread, clock: FixedClock, audit: RecordingAudit
) -> None:
    for number in range(3 * LIMITS.house):
        refuse(spread, clock, 1, Network(f"198.51.100.{number}/32", 1), begin=number)
    assert told(audit, "network") == []
    assert told(audit, "house") == [{"people": LIMITS.house, "usual": 0}]
    clock.advance(seconds=LIMITS.window.total_seconds())
    refuse(spread, clock, LIMITS.house, None)
    assert len(told(audit, "house")) == 2


def test_what_is_usual_here_is_not_told(spread: Spread, clock: FixedClock, audit: RecordingAudit) -> None:
    usual = LIMITS.house // 2
    for _ in range(240):
        refuse(spread, clock, usual, None)
        clock.advance(seconds=60)
    most = usual * LIMITS.times_usual
    refuse(spread, clock, most * 9 // 10, None)
    assert audit.events == []
    refuse(spread, clock, most // 5, None, begin=5000)
    (found,) = told(audit, "house")
    assert usual - 2 <= int(str(found["usual"])) <= usual
    assert int(str(found["people"])) > 0.9 * most


def test_a_quiet_night_is_forgotten_as_slowly_as_it_came(
    spread: Spread, clock: FixedClock, store: MemoryStore
) -> None:
    for _ in range(240):
        refuse(spread, clock, 10, None)
        clock.advance(seconds=60)
    clock.advance(seconds=59 * 60)
    refuse(spread, clock, 1, None)
    known = store.get(Kind.REFUSED_USUALLY, "house")
    assert known is not None
    assert 3 < known.value["people"] < 4.5


def test_of_two_nodes_that_close_a_minute_at_once_one_does(
    spread: Spread, clock: FixedClock, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse(spread, clock, 1, None)
    clock.advance(seconds=60)

    def lost(*_given: object, **_named: object) -> None:
        raise StaleRecord

    with monkeypatch.context() as patch:
        patch.setattr(MemoryStore, "swap", lost)
        refuse(spread, clock, 1, None)
    refuse(spread, clock, 1, None, begin=7)
    # A node whose clock is behind closes nothing again.
    spread.refused(rpps(1), None, clock.now() + timedelta(seconds=60))
    before = store.get(Kind.REFUSED_USUALLY, "house")
    spread.refused(rpps(2), None, clock.now() - timedelta(seconds=180))
    assert store.get(Kind.REFUSED_USUALLY, "house") == before


def test_no_rpps_is_written(spread: Spread, clock: FixedClock, store: MemoryStore) -> None:
    refuse(spread, clock, LIMITS.people)
    assert "1000000000" not in store.written()
