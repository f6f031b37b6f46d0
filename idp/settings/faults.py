"""Contains what the operator is told about a bad value: which variable, what is expected, which kind of value it has.

A value is never quoted: it may be a secret, or an address that contains one. Not here: the rules of a group.
"""

from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Generic, TypeVar

PREFIX = "CADUCEE_"

Group = TypeVar("Group")


@dataclass(frozen=True, slots=True)
class Fault:
    """`names`: the variables to change, without prefix. `depends_on`: others that the rule reads."""

    names: tuple[str, ...]
    told: str
    depends_on: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{', '.join(PREFIX + name for name in self.names)}: {self.told}"

    def looks_at(self, names: Set[str]) -> bool:
        return not names.isdisjoint((*self.names, *self.depends_on))


class BadSetting(Exception):
    """For the operator: one line for each fault."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


def bad_setting(names: str, expected: str) -> BadSetting:
    """Returns one fault that only the start of a process finds, in the content of a file. `names`: with spaces."""
    return BadSetting(Fault(tuple(names.split()), expected))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Generic[Group]):
    """`names`, `beside`: the variables to change, and others that it reads, separated by spaces.

    `it_is`: the kind of the value that breaks the rule.
    """

    names: str
    expected: str
    is_broken: Callable[[Group], bool]
    it_is: str
    beside: str = ""

    def fault(self) -> Fault:
        return Fault(
            tuple(self.names.split()), f"{self.expected}; it is {self.it_is}", tuple(self.beside.split())
        )
