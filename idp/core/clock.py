"""The present time. Functions that reason are given `now`; only this module reads the machine's clock."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """Returns the present time, aware, UTC."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)
