"""The present time, and nothing else. Reasoning rooms are handed `now`; only this module asks the machine."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """Present time, aware, UTC."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)
