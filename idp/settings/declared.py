"""Contains how a setting is declared: its meaning, unit, limits and source beside its type and default.

Not here: a setting. What is declared is what is read, checked and documented.
"""

from collections.abc import Sequence
from dataclasses import MISSING, Field, dataclass, field
from datetime import timedelta
from typing import Any

#: An operator who wants more than ten years mistook the unit.
LONGEST = timedelta(days=3650)
_KEY = "declared"


def seconds(number: int) -> timedelta:
    return timedelta(seconds=number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    meaning: str
    #: In the environment, without `CADUCEE_`; empty: the prefix of the group, and the field in capitals.
    name: str
    #: Numbers and durations only.
    least: Any
    most: Any
    #: In words, where `least` and `most` do not say it or somebody else's text does.
    limits: str
    #: What a text may be; empty: anything.
    choices: Sequence[str]
    #: Where the default or the limits come from.
    source: str
    #: Is, or may hold, a secret: never shown.
    is_secret: bool


def setting(
    meaning: str,
    default: Any = MISSING,
    *,
    name: str = "",
    least: Any = None,
    most: Any = None,
    limits: str = "",
    choices: Sequence[str] = (),
    source: str = "",
    is_secret: bool = False,
) -> Any:
    """A field of a group. Without a default it must be set."""
    declared = Declared(
        meaning=meaning,
        name=name,
        least=least,
        most=most,
        limits=limits,
        choices=choices,
        source=source,
        is_secret=is_secret,
    )
    return field(default=default, repr=not is_secret, metadata={_KEY: declared})


def number(meaning: str, default: int, *, least: int = 1, most: int = 10**9, **more: Any) -> Any:
    return setting(meaning, default, least=least, most=most, **more)


def duration(
    meaning: str, default: timedelta, *, least: int = 1, most: timedelta = LONGEST, **more: Any
) -> Any:
    """`least` in seconds."""
    return setting(meaning, default, least=seconds(least), most=most, **more)


def declared_of(one: Field[Any]) -> Declared:
    found: Declared = one.metadata[_KEY]
    return found
