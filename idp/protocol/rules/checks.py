"""Contains what the tables of rules are made of: a rule, and whether a request breaks it. Not here: the tables."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from idp.clients.registry import Client
from idp.core.errors import Rule, RuleBroken


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request of a registered client. `parameters`: each once, none of them empty."""

    client: Client
    parameters: Mapping[str, str]
    #: By /par (RFC 9126).
    is_pushed: bool = False
    #: In a request object (RFC 9101).
    is_signed: bool = False


def text(asked: Asked, name: str) -> str:
    """Returns the parameter, "" where it is missing."""
    return asked.parameters.get(name, "")


class Check(NamedTuple):
    rule: Rule
    is_broken: Callable[[Asked], bool]


def require(checks: Iterable[Check], asked: Asked) -> None:
    """Raises RuleBroken: of the rules, in their order, the first one that the request breaks."""
    for check in checks:
        if check.is_broken(asked):
            raise RuleBroken(check.rule)
