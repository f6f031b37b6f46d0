"""Contains what one number of a meter is, and where it is kept. Not here: counting (`meters`)."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Merge(StrEnum):
    """How the values of several processes become one, in the names of prometheus-client's multiprocess mode."""

    COUNTER = "counter"
    HISTOGRAM = "histogram"
    #: Of the processes that live.
    SUM = "gauge_livesum"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What one number is: `name` is that of the sample, `family` that of the meter."""

    merge: Merge
    family: str
    name: str
    labels: tuple[tuple[str, str], ...]
    description: str


class Numbers(Protocol):
    def __getitem__(self, at: int, /) -> float: ...
    def __setitem__(self, at: int, number: float, /) -> None: ...


#: Gives the place of a number: those of its kind, and its index among them.
Placing = Callable[[Cell], tuple[Numbers, int]]
