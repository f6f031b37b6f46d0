"""One second of a run, and what its flows took."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counters:
    """Instant, and CPU seconds until then: server, stores, driver, all of the machine, stolen."""

    at: float
    server: float
    stores: float
    driver: float
    busy: float
    stolen: float


@dataclass(frozen=True, slots=True)
class Second:
    """About one second of the run. `times`: seconds that each flow took which ended in it."""

    begin: Counters
    end: Counters
    times: Sequence[float]

    @property
    def wall(self) -> float:
        return self.end.at - self.begin.at

    def spent(self, name: str) -> float:
        return float(getattr(self.end, name) - getattr(self.begin, name))

    @property
    def noise(self) -> float:
        """The share of a core that others took."""
        ours = sum(self.spent(name) for name in ("server", "stores", "driver"))
        return max(0.0, self.spent("busy") + self.spent("stolen") - ours) / self.wall


def percentile_ms(times: Sequence[float], rank: int) -> float | None:
    """`times`: sorted."""
    if not times:
        return None
    return round(times[min(len(times) - 1, round(rank / 100 * (len(times) - 1)))] * 1000, 3)
