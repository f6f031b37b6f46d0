"""Contains how a setting is declared: its meaning, unit, limits and source beside its type and default.

What is declared is read, checked and documented. Not here: a setting.
"""

from collections.abc import Sequence
from dataclasses import MISSING, Field, dataclass, field
from datetime import timedelta
from typing import Any

#: An operator who sets more than ten years has the unit wrong.
LONGEST = timedelta(days=3650)
_KEY = "declared"


def seconds(number: int) -> timedelta:
    return timedelta(seconds=number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    meaning: str
    #: Its name in the environment, without `CADUCEE_`; empty: prefix of the group and field, in capitals.
    name: str
    #: Numbers and durations only.
    least: Any
    most: Any
    #: In words, where `least` and `most` do not say it, or another text sets them.
    limits: str
    #: The values a text may have; empty: any.
    choices: Sequence[str]
    #: Where the default or the limits come from.
    source: str
    #: It is or may contain a secret: never shown.
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
    """Returns a field of a group. Without default it must be set."""
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
    """Returns a field with a duration. `least`: in seconds."""
    return setting(meaning, default, least=seconds(least), most=most, **more)


def declared_of(one: Field[Any]) -> Declared:
    found: Declared = one.metadata[_KEY]
    return found
