"""Contains what the operator is told about a bad value: which variable, what is expected, which kind of value it has.

A value is never quoted: it may be a secret, or an address that contains one. Not here: the rules of a group.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

PREFIX = "CADUCEE_"

Group = TypeVar("Group")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """`names`: the variables to change, without prefix. `depends_on`, `leaves`: as `beside` and `leaves` of a Rule."""

    names: tuple[str, ...]
    told: str
    depends_on: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{', '.join(PREFIX + name for name in self.names)}: {self.told}"

    def follows(self, told: Mapping[str, Collection[str]]) -> bool:
        """Whether it may end with a fault of before. `told`: the variables of those, and what is usable of each."""
        return not told.keys().isdisjoint(self.names) or any(_lacks(told, one) for one in self.depends_on)


def _lacks(told: Mapping[str, Collection[str]], dependency: str) -> bool:
    name, _, part = dependency.partition(":")
    return name in told and part not in told[name]


class BadSetting(Exception):
    """For the operator: one line for each fault."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


def bad_setting(names: str, expected: str) -> BadSetting:
    """Returns one fault that only the start of a process finds, in the content of a file. `names`: with spaces."""
    return BadSetting(Fault(names=tuple(names.split()), told=expected))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Generic[Group]):
    """`names`, `beside`: the variables to change, and others that it reads, separated by spaces.

    `it_is`: the kind of the value that breaks the rule, or what tells it of the values. `leaves`: the parts of a value
    that are right although it breaks this rule, as the host of an issuer with a final slash; a rule that reads no more
    than that part has `ISSUER:host` in `beside`, and is told at once.
    """

    names: str
    expected: str
    is_broken: Callable[[Group], bool]
    it_is: str | Callable[[Group], str]
    beside: str = ""
    leaves: str = ""

    def fault(self, values: Group) -> Fault:
        it_is = self.it_is if isinstance(self.it_is, str) else self.it_is(values)
        return Fault(
            names=tuple(self.names.split()),
            told=f"{self.expected}; it is {it_is}",
            depends_on=tuple(self.beside.split()),
            leaves=tuple(self.leaves.split()),
        )
