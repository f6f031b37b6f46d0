"""A copy of a frozen record is made as `dataclasses.replace` makes it."""

import dataclasses
from dataclasses import dataclass, field

import pytest

from idp.core.replacing import replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    one: int
    other: str = "b"


@dataclass(frozen=True)
class Single:
    number: int

    def __post_init__(self) -> None:
        if self.number < 0:
            raise ValueError("a negative number")


@dataclass
class Counting:
    number: int
    made: int = field(default=0, init=False)


def test_a_copy_differs_in_what_is_changed_alone() -> None:
    pair = Pair(one=1)
    assert replace(pair, other="c") == dataclasses.replace(pair, other="c") == Pair(one=1, other="c")
    assert replace(pair) == pair
    assert replace(pair) is not pair
    assert replace(Single(1), number=2) == Single(2)


def test_a_copy_is_made_by_its_class_which_may_refuse_it() -> None:
    with pytest.raises(ValueError, match="negative"):
        replace(Single(1), number=-1)
    with pytest.raises(TypeError, match="third"):
        replace(Pair(one=1), third=3)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="not given"):
        replace(Counting(1), number=2)
