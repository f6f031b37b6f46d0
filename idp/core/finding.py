"""What a look at the whole installation tells its operator, and in which order.

Contains a finding, an inquiry that leads to some, and what an inquiry says in short. Not here: what is asked
(`wiring/doctor`), the verdict of a node on itself (`readiness`), how it is printed.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    GREEN = "green"
    #: It works for now, or it is not known whether it does: the operator must look.
    AMBER = "amber"
    #: Somebody is kept out, or something is lost that cannot be had back.
    RED = "red"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`name`: of what was looked at. `remedy`: what to do or to read; empty where there is nothing to do."""

    name: str
    state: State
    says: str
    remedy: str = ""


#: State, says, remedy: a finding before it has its name.
Told = tuple[State, str, str]


def finding(name: str, told: Told) -> Finding:
    state, says, remedy = told
    return Finding(name=name, state=state, says=says, remedy=remedy)


def green(says: str) -> Told:
    return State.GREEN, says, ""


def amber(says: str, remedy: str) -> Told:
    return State.AMBER, says, remedy


def red(says: str, remedy: str) -> Told:
    return State.RED, says, remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """`look`: says one thing at least; what it raises is a finding too. `after`: not looked at where one of those is
    red. `needs`: variables without prefix, or how they begin, that must hold a value that can be used. `remedy`: where
    what it raises names none."""

    name: str
    look: Callable[[], Iterable[Told]]
    after: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    remedy: str = ""


class NotLookedAt(Exception):
    """This inquiry waits for another one to be well."""

    def __init__(self, first: str) -> None:
        super().__init__(f"not looked at: first « {first} »")


def parted(text: str) -> tuple[str, str]:
    """Returns a fault and its remedy, of a line that tells both as ours do: « what is wrong: what to do »."""
    found = re.fullmatch(r"(.*)[:;] (.+)", text, re.DOTALL)
    return (found[1], found[2]) if found else (text, "")
