"""Contains when guessing the credentials of one client slows a network down for it. Not here: persons (`spread`)."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from idp.settings.declared import duration, number, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class GuessSettings:
    """Guessing the credentials of a relying party."""

    PREFIX: ClassVar[str] = "CLIENT_GUESSES_"

    most: int = number(
        "Refused client authentications for one client from one network: from so many on, that network is slow for "
        "this client, and it is told; other networks, and other clients of this one, are not.",
        20,
    )
    window: timedelta = duration("Within so long.", seconds(10 * 60), most=seconds(24 * 3600))
    tries: int = number(
        "How many are then answered as ever; beyond, 429. Right credentials are never slowed.", 10
    )
    tries_window: timedelta = duration("In so long.", seconds(60), most=seconds(3600))
