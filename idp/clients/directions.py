"""Whether another value of a member lets a client do more than before, or less.

Contains one judge for each kind of member. Not here: which member has which (`clients/about`), comparing files
(`clients/changes`).
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Direction(StrEnum):
    #: It may do more: receive answers elsewhere, see more of a person, prove less.
    LOOSENS = "loosens"
    TIGHTENS = "tightens"
    #: Another value, neither more nor less.
    CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class Step:
    """What differs, as values of the member. None: nothing."""

    direction: Direction
    before: Any
    after: Any


#: Takes the value before and another one after.
Judge = Callable[[Any, Any], Iterator[Step]]


def neither(before: Any, after: Any) -> Iterator[Step]:
    yield Step(Direction.CHANGES, before, after)


def _items(more: Direction, less: Direction) -> Judge:
    def judge(before: Collection[Any] | None, after: Collection[Any] | None) -> Iterator[Step]:
        if before is None or after is None:  # An allow-list that is not there allows all.
            yield Step(more if after is None else less, before, after)
            return
        if added := tuple(item for item in after if item not in before):
            yield Step(more, None, added)
        if removed := tuple(item for item in before if item not in after):
            yield Step(less, removed, None)
        if not added and not removed:
            yield Step(Direction.CHANGES, before, after)

    return judge


def by_rank(rank: Mapping[Any, int]) -> Judge:
    """`rank`: of each value, the strictest highest."""

    def judge(before: Any, after: Any) -> Iterator[Step]:
        step = rank.get(after, 0) - rank.get(before, 0)
        direction = Direction.TIGHTENS if step > 0 else Direction.LOOSENS if step < 0 else Direction.CHANGES
        yield Step(direction, before, after)

    return judge


def _presence(given: Direction, taken: Direction) -> Judge:
    def judge(before: Any, after: Any) -> Iterator[Step]:
        direction = given if before is None else taken if after is None else Direction.CHANGES
        yield Step(direction, before, after)

    return judge


def _number(before: Any, after: Any) -> Iterator[Step]:
    """Without a number the setting's holds, which may be more: it is told as more."""
    is_less = before is not None and after is not None and after < before
    yield Step(Direction.TIGHTENS if is_less else Direction.LOOSENS, before, after)


more_loosens: Judge = _items(Direction.LOOSENS, Direction.TIGHTENS)
more_tightens: Judge = _items(Direction.TIGHTENS, Direction.LOOSENS)
given_loosens: Judge = _presence(Direction.LOOSENS, Direction.TIGHTENS)
given_tightens: Judge = _presence(Direction.TIGHTENS, Direction.LOOSENS)
true_tightens: Judge = by_rank({False: 0, True: 1})
longer_loosens: Judge = _number


def named_loosens(before: Collection[Any] | None, after: Collection[Any] | None) -> Iterator[Step]:
    """Without a list they are derived, which may be others: it is told as more."""
    if before is None or after is None:
        yield Step(Direction.LOOSENS, before, after)
    else:
        yield from more_loosens(before, after)
