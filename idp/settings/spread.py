"""Contains when guessing that is spread over many persons slows a network down, and is told of everywhere.

Not here: how often the password of one person may be tried (`password`), what one network may do at all (`crowd`).
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from idp.settings.declared import duration, number, seconds

_VALUES = "facts/security §0.2"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpreadSettings:
    """Guessing spread over many persons."""

    PREFIX: ClassVar[str] = "PASSWORD_SPREAD_"

    people: int = number(
        "Persons whose password was refused from one address, and not right there since: from so many on, it is slowed "
        "down. In a crowded network `CROWDED_NETWORKS_FACTOR` times as many.",
        40,
        source=_VALUES,
    )
    window: timedelta = duration(
        "A refusal counts for so long, and so long after the last one above that number the address is slow.",
        seconds(10 * 60),
        most=seconds(24 * 3600),
        source=_VALUES,
    )
    forms: int = number(
        "Password forms that a slow address may send, in all browsers together in which the person's password was "
        "never right; the others are not counted. In a crowded network `CROWDED_NETWORKS_FACTOR` times as many.",
        6,
        source=_VALUES,
    )
    forms_window: timedelta = duration("In so long.", seconds(60), most=seconds(3600), source=_VALUES)
    house: int = number(
        "Persons whose password was refused within one minute, whatever the network: fewer are never told.",
        60,
        source=_VALUES,
    )
    times_usual: int = number(
        "They are told when they are so many times those of a usual minute of the last hours.",
        5,
        source=_VALUES,
    )
