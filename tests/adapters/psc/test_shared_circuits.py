"""Several processes agree on whether Pro Santé Connect is out: what one sees the others say; the last word counts."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from idp.adapters.psc import shared_circuits
from idp.adapters.psc.circuit import Circuits
from idp.adapters.psc.shared_circuits import SharedCircuits
from idp.core.ephemeral import StaleRecord, StoreUnavailable
from tests.fakes import FixedClock, MemoryStore
from tests.limits import eventually

ISSUER, TOKEN, KEYS = "https://psc.test", "https://psc.test/token", "https://psc.test/keys"


@dataclass
class Node:
    clock: FixedClock
    store: MemoryStore
    changes: list[bool] = field(default_factory=list)
    looks: int = 0

    def __post_init__(self) -> None:
        self.circuits = Circuits(
            clock=self.clock, failures=5, pause=timedelta(seconds=30), on_change=self.changes.append
        )
        self.shared = SharedCircuits(circuits=self.circuits, store=self.store, issuer=ISSUER, look=self.look)

    def look(self) -> None:
        self.looks += 1

    def fails(self, url: str = TOKEN, times: int = 5) -> None:
        for _ in range(times):
            self.circuits.failed(url)

    @property
    def open(self) -> set[str]:
        return set(self.circuits.open_urls())


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def store(clock: FixedClock) -> MemoryStore:
    return MemoryStore(clock)


@pytest.fixture
def node(clock: FixedClock, store: MemoryStore) -> Callable[[], Node]:
    return lambda: Node(clock, store)


def exchange(*nodes: Node) -> None:
    for one in nodes:
        one.shared.exchange()


def test_what_one_sees_the_others_say_and_only_the_one_tells_of(node: Callable[[], Node]) -> None:
    a, b = node(), node()
    exchange(a, b)
    a.fails()
    exchange(a, b)
    assert (a.open, b.open) == ({TOKEN}, {TOKEN})
    assert (a.changes, b.changes) == ([True], [])
    a.circuits.answered(TOKEN)
    exchange(a, b)
    assert (a.open, b.open) == (set(), set())
    assert (a.changes, b.changes) == ([True, False], [])


def test_who_hears_of_it_looks_at_once_and_one_failure_confirms_it(
    node: Callable[[], Node], clock: FixedClock
) -> None:
    a, b = node(), node()
    a.fails()
    exchange(a, b)
    assert (a.looks, b.looks) == (0, 1)
    assert b.circuits.may_be_back()
    b.fails(times=1)
    assert not b.circuits.may_be_back()
    exchange(b, a)
    assert (a.open, b.open, b.looks) == ({TOKEN}, {TOKEN}, 1)
    clock.advance(seconds=30)
    assert b.circuits.may_be_back()


def test_one_that_reaches_it_closes_it_for_the_one_that_does_not(node: Callable[[], Node]) -> None:
    sick, well = node(), node()
    sick.fails()
    exchange(sick, well)
    well.circuits.answered(TOKEN)
    exchange(well, sick)
    assert (sick.open, well.open) == (set(), set())
    # Failures are counted anew: so many until it is said again.
    sick.fails(times=4)
    exchange(sick, well)
    assert well.open == set()
    sick.fails(times=1)
    exchange(sick, well)
    assert well.open == {TOKEN}


def test_each_address_is_open_or_closed_by_itself(node: Callable[[], Node]) -> None:
    a, b = node(), node()
    a.fails(TOKEN)
    b.fails(KEYS)
    exchange(a, b, a)
    assert a.open == b.open == {TOKEN, KEYS}
    b.circuits.answered(TOKEN)
    exchange(b, a)
    assert a.open == b.open == {KEYS}


def test_a_process_that_starts_in_an_outage_knows_of_it(node: Callable[[], Node]) -> None:
    a = node()
    a.fails()
    exchange(a)
    late = node()
    exchange(late)
    assert late.open == {TOKEN}


def test_a_store_that_forgot_closes_nothing_and_is_told_again(
    node: Callable[[], Node], store: MemoryStore, clock: FixedClock
) -> None:
    a, b = node(), node()
    a.fails()
    exchange(a, b)
    store.records.clear()
    exchange(b, a)
    assert a.open == b.open == {TOKEN}
    # As when the record expires in a long outage.
    clock.advance(hours=2)
    exchange(a, b)
    late = node()
    exchange(late)
    assert a.open == b.open == late.open == {TOKEN}


def test_while_nothing_is_wrong_nothing_is_written(node: Callable[[], Node], store: MemoryStore) -> None:
    a = node()
    for _ in range(3):
        exchange(a)
    assert store.records == {}


def test_two_that_write_at_once_both_come_through(
    node: Callable[[], Node], store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = node(), node()
    a.fails(TOKEN)
    b.fails(KEYS)
    add, swap = MemoryStore.add, MemoryStore.swap

    def overtaken(*given: object, **named: object) -> bool:
        monkeypatch.setattr(MemoryStore, "add", add)
        exchange(b)
        return add(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(MemoryStore, "add", overtaken)
    exchange(a)
    exchange(a, b)
    assert a.open == b.open == {TOKEN, KEYS}

    def lost(*given: object, **named: object) -> None:
        monkeypatch.setattr(MemoryStore, "swap", swap)
        raise StaleRecord

    a.circuits.answered(TOKEN)
    monkeypatch.setattr(MemoryStore, "swap", lost)
    exchange(a)
    exchange(a, b)
    assert a.open == b.open == {KEYS}


def test_without_the_store_each_goes_on_for_itself(node: Callable[[], Node], store: MemoryStore) -> None:
    a, b = node(), node()
    store.is_down = True
    a.fails()
    for one in (a, b):
        with pytest.raises(StoreUnavailable):
            one.shared.exchange()
    assert (a.open, b.open) == ({TOKEN}, set())
    store.is_down = False
    exchange(a, b)
    assert b.open == {TOKEN}


def test_its_thread_goes_on_through_faults(
    node: Callable[[], Node], store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_circuits, "_EVERY_SECONDS", 0.01)
    a, b = node(), node()
    faults: list[Exception] = [StoreUnavailable("down"), RuntimeError("unforeseen")]
    exchange_once = SharedCircuits.exchange

    def faulty(self: SharedCircuits) -> None:
        if self is b.shared and faults:
            raise faults.pop()
        exchange_once(self)

    monkeypatch.setattr(SharedCircuits, "exchange", faulty)
    for one in (a, b):
        one.shared.start()
    a.fails()
    assert eventually(lambda: b.open == {TOKEN}, 5)
    for one in (a, b):
        one.shared.stop()
    assert eventually(lambda: not [one for one in threading.enumerate() if one.name == "psc-shared"], 5)
