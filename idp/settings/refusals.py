"""Contains how refused requests of relying parties are kept for `idp error`. Not here: what is refused."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from idp.settings.declared import duration, number, seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusalSettings:
    """Refused requests of relying parties."""

    PREFIX: ClassVar[str] = "REFUSALS_"

    life: timedelta = duration(
        "How long `idp error` finds a refused request by its reference.",
        seconds(3 * 24 * 3600),
        most=seconds(30 * 24 * 3600),
    )
    kept: int = number(
        "How many of them each web process keeps in an hour, so that a flood cannot fill the store; the log has them "
        "all.",
        200,
    )
    kept_of_network: int = number("How many of these may come from one network.", 30)
