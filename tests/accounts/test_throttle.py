"""How often a password may be tried."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

import pytest

from idp.accounts.throttle import Closed, PasswordThrottle, Wait
from idp.adapters.unit import in_unit
from idp.core.ephemeral import Place, StoreUnavailable, Versioned
from idp.settings.password import PasswordSettings
from tests.fakes import FixedClock, MemoryStore

RPPS, OTHER = "10000000017", "10000000025"
KNOWN_DEVICE = "n" * 43


@pytest.fixture
def throttle(durable: MemoryStore) -> PasswordThrottle:
    return PasswordThrottle(
        durable=durable,
        key=b"k" * 32,
        limits=PasswordSettings(pepper="p" * 43),
    )


def fail(
    throttle: PasswordThrottle, clock: FixedClock, times: int, device: str = "", rpps: str = RPPS
) -> None:
    """Wrong passwords, each tried as soon as it may be."""
    for _ in range(times):
        try:
            throttle.begin(rpps, device, clock.now())
        except Wait as wait:
            clock.at += wait.delay
            throttle.begin(rpps, device, clock.now())


def waiting(throttle: PasswordThrottle, clock: FixedClock, device: str = "", rpps: str = RPPS) -> timedelta:
    with pytest.raises(Wait) as caught:
        throttle.begin(rpps, device, clock.now())
    return caught.value.delay


def test_five_tries_are_free(throttle: PasswordThrottle, clock: FixedClock) -> None:
    for _ in range(5):
        throttle.begin(RPPS, "", clock.now())


def test_the_sixth_try_waits_more_than_a_minute(throttle: PasswordThrottle, clock: FixedClock) -> None:
    fail(throttle, clock, 5)
    assert timedelta(minutes=1) < waiting(throttle, clock) <= timedelta(seconds=61)


def test_waiting_is_told_as_what_is_left_of_it(throttle: PasswordThrottle, clock: FixedClock) -> None:
    fail(throttle, clock, 5)
    clock.advance(seconds=60)
    assert waiting(throttle, clock) == timedelta(seconds=1)
    clock.advance(seconds=1)
    throttle.begin(RPPS, "", clock.now())


def test_a_wait_is_never_less_than_nothing_when_the_store_counts_by_another_clock(
    throttle: PasswordThrottle, clock: FixedClock
) -> None:
    fail(throttle, clock, 5)
    with pytest.raises(Wait) as caught:
        throttle.begin(RPPS, "", clock.now() + timedelta(seconds=65))
    assert caught.value.delay == timedelta(0)


def test_a_try_while_waiting_neither_counts_nor_prolongs(
    throttle: PasswordThrottle, clock: FixedClock
) -> None:
    fail(throttle, clock, 5)
    for _ in range(50):
        waiting(throttle, clock)
    clock.advance(seconds=61)
    throttle.begin(RPPS, "", clock.now())
    assert waiting(throttle, clock) == timedelta(seconds=122)


def test_the_wait_doubles_at_each_failure_and_is_never_longer_than_a_day(
    throttle: PasswordThrottle, clock: FixedClock
) -> None:
    fail(throttle, clock, 5)
    waits = []
    for _ in range(8):
        waits.append(waiting(throttle, clock))
        clock.at += waits[-1]
        throttle.begin(RPPS, "", clock.now())
    assert waits == [timedelta(seconds=61) * 2**rank for rank in range(8)]


def test_without_free_tries_the_first_failure_has_a_wait(durable: MemoryStore, clock: FixedClock) -> None:
    limits = PasswordSettings(pepper="p" * 43, free_tries=0)
    strict = PasswordThrottle(durable=durable, key=b"k", limits=limits)
    strict.begin(RPPS, "", clock.now())
    assert waiting(strict, clock) == 2 * timedelta(seconds=61)


def test_no_more_than_25_tries_a_day_from_unknown_devices(durable: MemoryStore, clock: FixedClock) -> None:
    patient = PasswordThrottle(
        durable=durable,
        key=b"k",
        limits=PasswordSettings(pepper="p" * 43, free_tries=100, failures_in_a_row=1000),
    )
    for _ in range(25):
        patient.begin(RPPS, "", clock.now())
    assert waiting(patient, clock) == timedelta(hours=24)
    clock.advance(hours=23, minutes=59)
    waiting(patient, clock)
    clock.advance(minutes=1)
    patient.begin(RPPS, "", clock.now())


def test_a_right_password_clears_the_counters(throttle: PasswordThrottle, clock: FixedClock) -> None:
    fail(throttle, clock, 5)
    clock.advance(seconds=61)
    throttle.succeed(throttle.begin(RPPS, "", clock.now()))
    for _ in range(5):
        throttle.begin(RPPS, "", clock.now())


def test_a_known_device_has_a_budget_of_its_own(throttle: PasswordThrottle, clock: FixedClock) -> None:
    fail(throttle, clock, 5)
    waiting(throttle, clock)
    for _ in range(5):
        throttle.begin(RPPS, KNOWN_DEVICE, clock.now())
    waiting(throttle, clock, KNOWN_DEVICE)


def test_success_on_a_known_device_gives_strangers_no_new_budget(
    throttle: PasswordThrottle, clock: FixedClock
) -> None:
    fail(throttle, clock, 5)
    throttle.succeed(throttle.begin(RPPS, KNOWN_DEVICE, clock.now()))
    waiting(throttle, clock)


def close_to_strangers(throttle: PasswordThrottle, clock: FixedClock) -> None:
    """As one attacker does it: each try as soon as it may be."""
    with pytest.raises(Closed):
        fail(throttle, clock, 172)


def test_a_sustained_attack_by_strangers_never_closes_the_known_browsers(
    throttle: PasswordThrottle, clock: FixedClock
) -> None:
    """TH2: 172 anonymous posts in 9 days shut a named physician out for good."""
    close_to_strangers(throttle, clock)
    for _ in range(5):
        throttle.begin(RPPS, KNOWN_DEVICE, clock.now())
    throttle.begin(OTHER, "", clock.now())


def test_no_more_than_a_hundred_failures_in_a_row_in_all_browsers_together(
    throttle: PasswordThrottle, clock: FixedClock
) -> None:
    """NIST SP 800-63B-4 §3.2.2."""
    compared = 0
    for device in ("", *(f"device-{number}" for number in range(9))):
        with suppress(Closed):
            for _ in range(100):
                fail(throttle, clock, 1, device)
                compared += 1
    assert compared == 100


def test_a_known_browser_that_was_stolen_closes_itself_only(
    throttle: PasswordThrottle, clock: FixedClock
) -> None:
    close_to_strangers(throttle, clock)
    with pytest.raises(Closed):
        fail(throttle, clock, 100, "stolen")
    throttle.begin(RPPS, KNOWN_DEVICE, clock.now())


def test_the_run_ends_with_a_right_password_for_strangers_too(
    throttle: PasswordThrottle, clock: FixedClock
) -> None:
    close_to_strangers(throttle, clock)
    throttle.succeed(throttle.begin(RPPS, KNOWN_DEVICE, clock.now()))
    clock.advance(days=1)
    throttle.begin(RPPS, "", clock.now())


@pytest.mark.parametrize("device", ["", KNOWN_DEVICE])
def test_a_strong_proof_ends_waits_and_runs_in_every_browser(
    throttle: PasswordThrottle, clock: FixedClock, device: str
) -> None:
    close_to_strangers(throttle, clock)
    fail(throttle, clock, 5, KNOWN_DEVICE)
    waiting(throttle, clock, KNOWN_DEVICE)
    throttle.reopen(RPPS)
    for _ in range(5):
        throttle.begin(RPPS, device, clock.now())
    waiting(throttle, clock, device)
    throttle.reopen(RPPS)
    throttle.begin(RPPS, device, clock.now())


def test_what_was_forgotten_never_comes_back(throttle: PasswordThrottle, clock: FixedClock) -> None:
    """The record of the new page of counters outlives everything on the pages before."""
    close_to_strangers(throttle, clock)
    throttle.reopen(RPPS)
    fail(throttle, clock, 5)
    throttle.reopen(RPPS)
    for _ in range(35):
        clock.advance(days=1)
        throttle.begin(RPPS, "", clock.now())


class Blind(MemoryStore):
    """As if all had looked before any of them was counted."""

    def get_all(self, places: Sequence[Place]) -> Sequence[Versioned | None]:
        return [None for _ in places]


def test_tries_at_the_same_instant_do_not_exceed_the_run(clock: FixedClock) -> None:
    """T22."""
    limits = PasswordSettings(pepper="p" * 43, free_tries=1000, tries_per_day=1000)
    racing = PasswordThrottle(durable=Blind(clock), key=b"k", limits=limits)
    for _ in range(50):
        racing.begin(RPPS, "", clock.now())
    with pytest.raises(Closed):
        racing.begin(RPPS, "", clock.now())
    # When the share of strangers is used up, nothing more is taken from what all browsers have together.
    for number in range(50):
        racing.begin(RPPS, f"device-{number}", clock.now())


def test_tries_at_the_same_instant_do_not_exceed_the_day(clock: FixedClock) -> None:
    limits = PasswordSettings(pepper="p" * 43, free_tries=1000, tries_per_day=25)
    racing = PasswordThrottle(durable=Blind(clock), key=b"k", limits=limits)
    for _ in range(25):
        racing.begin(RPPS, "", clock.now())
    assert waiting(racing, clock) == timedelta(hours=24)


def test_what_a_right_password_clears_waits_for_the_unit_of_work(
    throttle: PasswordThrottle, clock: FixedClock
) -> None:
    fail(throttle, clock, 4)
    begun = throttle.begin(RPPS, "", clock.now())
    with in_unit(lambda _unit: None, lambda _unit: None):
        throttle.succeed(begun)
        waiting(throttle, clock)
    for _ in range(5):
        throttle.begin(RPPS, "", clock.now())


def test_persons_do_not_share_their_counters(throttle: PasswordThrottle, clock: FixedClock) -> None:
    fail(throttle, clock, 5)
    throttle.begin(OTHER, "", clock.now())


def test_an_rpps_is_never_written(
    throttle: PasswordThrottle, clock: FixedClock, durable: MemoryStore
) -> None:
    fail(throttle, clock, 6)
    assert durable.records
    assert RPPS not in durable.written()


def test_without_its_store_no_password_is_tried(
    throttle: PasswordThrottle, clock: FixedClock, durable: MemoryStore
) -> None:
    durable.is_down = True
    with pytest.raises(StoreUnavailable):
        throttle.begin(RPPS, "", clock.now())


def test_what_the_next_try_would_meet_is_told_and_nothing_is_counted(
    throttle: PasswordThrottle, clock: FixedClock
) -> None:
    assert throttle.met(RPPS, "", clock.now()) is None
    fail(throttle, clock, 5)
    for _ in range(3):
        met = throttle.met(RPPS, "", clock.now())
        assert isinstance(met, Wait)
        assert met.delay == timedelta(seconds=61)
    assert throttle.met(RPPS, KNOWN_DEVICE, clock.now()) is None
    assert throttle.met(OTHER, "", clock.now()) is None
    throttle.reopen(RPPS)
    assert throttle.met(RPPS, "", clock.now()) is None


def test_a_closed_door_is_told_without_a_try(durable: MemoryStore, clock: FixedClock) -> None:
    limits = PasswordSettings(pepper="p" * 43, failures_in_a_row=6, free_tries=9)
    throttle = PasswordThrottle(durable=durable, key=b"k" * 32, limits=limits)
    fail(throttle, clock, 3)
    assert isinstance(throttle.met(RPPS, "", clock.now()), Closed)
