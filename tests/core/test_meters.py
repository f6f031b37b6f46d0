"""Meters: exact under many threads, bounded, and moved once with what they counted before."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from idp.core.cells import Cell
from idp.core.meters import BEYOND, MOST_CHILDREN, Counter, Gauge, Histogram


@pytest.fixture
def hasty() -> object:
    """Threads are changed as often as the interpreter can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty")
def test_no_count_is_lost_between_threads_without_a_lock() -> None:
    number, times = Counter("a_total", "A").of(), Histogram("b", "B", bounds=(1.0,)).of()

    def count() -> None:
        for _ in range(20_000):
            number.add()
            times.took(0.5)

    with ThreadPoolExecutor(4) as threads:
        for done in [threads.submit(count) for _ in range(4)]:
            done.result()
    assert (number.value, times.count) == (80_000, 80_000)


def test_a_duration_is_counted_in_the_bucket_that_it_does_not_exceed() -> None:
    times = Histogram("c", "C", bounds=(0.1, 1.0)).of()
    found: dict[Cell, list[float]] = {}
    cells = [0.0] * 4

    def placing(cell: Cell) -> tuple[list[float], int]:
        found[cell] = cells
        return cells, len(found) - 1

    times.took(0.1)
    times.move(placing)  # what was counted before comes along
    times.took(0.11)
    times.took(7)
    assert cells == [1, 1, 1, pytest.approx(7.21)]
    ends = [dict(cell.labels).get("le") for cell in found]
    assert ends == ["0.1", "1.0", "+Inf", None]


def test_where_there_is_no_room_for_all_of_it_a_histogram_stays_in_the_process() -> None:
    times, rooms = Histogram("d", "D", bounds=(1.0,)).of(), iter(([0.0], [0.0], [0.0]))
    times.move(lambda cell: (next(rooms), 0))
    times.took(0.5)
    assert times.count == 1


def test_the_values_of_a_label_are_bounded() -> None:
    counter = Counter("e_total", "E", ("endpoint",))
    for number in range(MOST_CHILDREN + 5):
        counter.of(f"/{number}").add()
    assert counter.of(BEYOND).value == 5
    assert len(list(counter.children())) == MOST_CHILDREN + 1


def test_a_number_is_the_same_each_time_and_a_gauge_goes_up_and_down() -> None:
    gauge = Gauge("f", "F", ("of",))
    gauge.of("x").set(5)
    gauge.of("x").add(-2)
    assert gauge.of("x").value == 3
    again: Callable[[], object] = lambda: gauge.of("x")  # noqa: E731
    assert again() is again()
