"""Meters: what this process counts for its operator, cheap enough for every request.

Contains counters, gauges and histograms, and the cells of their values: in memory of this process, until they are
moved into a file that the processes of a service share (`adapters/operations/meter_file`). Not here: which meters there
are (`measures`), the text of them (`adapters/operations/exposition`), clocks: who measures says how many seconds.
"""

import threading
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from idp.core.cells import Cell, Merge, Numbers, Placing

#: Label values of one meter. Those beyond count together: no caller may make numbers without end.
MOST_CHILDREN = 400
BEYOND = "other"

#: Called with the name of a histogram, its labels, and the seconds that something took.
Telling = Callable[[str, Mapping[str, str], float], None]


class Number:
    """Thread-safe without a lock: `cells[at] += n` calls no function of Python, and the interpreter changes threads at
    calls and loops only (tests/core/test_meters.py). Its value moves when the process shares its meters."""

    __slots__ = ("at", "cell", "cells")

    def __init__(self, cell: Cell) -> None:
        self.cell = cell
        self.cells: Numbers = [0.0]
        self.at = 0
        self.move(_book.placing)

    def move(self, placing: Placing | None) -> None:
        if placing is not None:
            cells, at = placing(self.cell)
            cells[at] += self.cells[self.at]
            self.cells, self.at = cells, at

    def add(self, number: float = 1.0) -> None:
        self.cells[self.at] += number

    def set(self, number: float) -> None:
        self.cells[self.at] = number

    @property
    def value(self) -> float:
        """Of this process, and of those before it that had the same file."""
        return float(self.cells[self.at])


class Times:
    """A histogram of seconds. Thread-safe as a number is."""

    __slots__ = ("_ats", "_bounds", "_cells", "_kept", "_labels", "_name", "_total", "took")

    #: Called with seconds. Made anew by each move, of names of its own: attributes would cost a third more.
    took: Callable[[float], None]

    def __init__(self, family: "Family", labels: tuple[tuple[str, str], ...]) -> None:
        self._bounds = family.bounds
        self._name, self._labels = family.name, labels
        ends = [*map(str, family.bounds), "+Inf"]
        buckets = [family.cell("_bucket", (*labels, ("le", end))) for end in ends]
        #: One for each bound and one for what is beyond, which count apart; then their sum in seconds.
        self._kept = (*buckets, family.cell("_sum", labels))
        self._cells: Numbers = [0.0] * len(self._kept)
        *self._ats, self._total = range(len(self._kept))
        self.move(_book.placing)
        self.tell(_book.telling)

    def move(self, placing: Placing | None) -> None:
        if placing is None:
            return
        places = [placing(cell) for cell in self._kept]
        # All are of one kind, so of one sequence; where that has no more room, all stay here.
        cells = places[-1][0]
        if any(other is not cells for other, _at in places):
            return
        for (_cells, at), before in zip(places, (*self._ats, self._total), strict=True):
            cells[at] += self._cells[before]
        *self._ats, self._total = (at for _cells, at in places)
        self._cells = cells
        self.tell(_book.telling)

    def tell(self, telling: Telling | None) -> None:
        """Tell it of each time from now on."""
        count = _counting(self._cells, self._ats, self._total, self._bounds)
        self.took = count if telling is None else self._both(count, telling)

    def _both(self, count: Callable[[float], None], telling: Telling) -> Callable[[float], None]:
        name, labels = self._name, dict(self._labels)

        def took(seconds: float) -> None:
            count(seconds)
            telling(name, labels, seconds)

        return took

    @property
    def count(self) -> int:
        return int(sum(self._cells[at] for at in self._ats))


def _counting(
    cells: Numbers, ats: Sequence[int], total: int, bounds: tuple[float, ...]
) -> Callable[[float], None]:
    def took(seconds: float) -> None:
        cells[ats[bisect_left(bounds, seconds)]] += 1.0
        cells[total] += seconds

    return took


class Family:
    """One meter: a number for each combination of its labels' values."""

    def __init__(
        self,
        name: str,
        description: str,
        labels: Sequence[str] = (),
        *,
        merge: Merge,
        bounds: tuple[float, ...] = (),
    ) -> None:
        """`name`: that of a counter without its `_total`."""
        self.name, self.description, self.labels = name, description, tuple(labels)
        self.merge, self.bounds = merge, bounds
        self._children: dict[tuple[str, ...], Any] = {}

    def cell(self, suffix: str, labels: tuple[tuple[str, str], ...]) -> Cell:
        return Cell(
            merge=self.merge,
            family=self.name,
            name=f"{self.name}{suffix}",
            labels=labels,
            description=self.description,
        )

    def child(self, *values: str) -> Any:
        """Returns what counts for these values of the labels, the same each time."""
        found = self._children.get(values)
        return found if found is not None else self._made(values)

    def children(self) -> Iterator[tuple[tuple[str, ...], Any]]:
        yield from tuple(self._children.items())

    def _made(self, values: tuple[str, ...]) -> Any:
        with _book.making:
            if len(self._children) >= MOST_CHILDREN:
                values = (BEYOND,) * len(self.labels)
            found = self._children.get(values)
            if found is None:
                labels = tuple(zip(self.labels, values, strict=True))
                found = self._children[values] = self._new(labels)
                _book.keep(found)
            return found

    def _new(self, labels: tuple[tuple[str, str], ...]) -> Any:
        raise NotImplementedError


class Counter(Family):
    def __init__(self, name: str, description: str, labels: Sequence[str] = ()) -> None:
        super().__init__(name.removesuffix("_total"), description, labels, merge=Merge.COUNTER)

    def of(self, *values: str) -> Number:
        number: Number = self.child(*values)
        return number

    def _new(self, labels: tuple[tuple[str, str], ...]) -> Number:
        return Number(self.cell("_total", labels))


class Gauge(Family):
    """Of the processes that live, summed."""

    def __init__(self, name: str, description: str, labels: Sequence[str] = ()) -> None:
        super().__init__(name, description, labels, merge=Merge.SUM)

    def of(self, *values: str) -> Number:
        number: Number = self.child(*values)
        return number

    def _new(self, labels: tuple[tuple[str, str], ...]) -> Number:
        return Number(self.cell("", labels))


class Histogram(Family):
    def __init__(
        self, name: str, description: str, labels: Sequence[str] = (), *, bounds: tuple[float, ...]
    ) -> None:
        """`bounds`: in seconds, rising."""
        super().__init__(name, description, labels, merge=Merge.HISTOGRAM, bounds=bounds)

    def of(self, *values: str) -> Times:
        times: Times = self.child(*values)
        return times

    def _new(self, labels: tuple[tuple[str, str], ...]) -> Times:
        return Times(self, labels)


class _Book:
    """Every number of this process, and where new ones are placed."""

    def __init__(self) -> None:
        self.placing: Placing | None = None
        self.telling: Telling | None = None
        self.making = threading.RLock()
        self._kept: list[Number | Times] = []

    def keep(self, made: Number | Times) -> None:
        self._kept.append(made)

    def share(self, placing: Placing) -> None:
        with self.making:
            self.placing = placing
            for one in self._kept:
                one.move(placing)

    def tell(self, telling: Telling | None) -> None:
        with self.making:
            self.telling = telling
            for one in self._kept:
                if isinstance(one, Times):
                    one.tell(telling)


_book = _Book()


def share_meters(placing: Placing) -> None:
    """Move every number, also those that come later, to where `placing` says: once, before requests are served."""
    _book.share(placing)


def tell_times(telling: Telling | None) -> None:
    """Tell it of every time that a histogram counts from now on; None: nobody."""
    _book.tell(telling)
