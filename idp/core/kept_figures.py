"""Figures that take long to count: kept in the ephemeral store, with their age, so that nobody counts them twice.

Not here: what is counted, and how long that may take.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from idp.core.clock import Clock
from idp.core.day_counts import TookTooLong
from idp.core.ephemeral import EphemeralStore, Kind

_KEPT = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """`counted`: None: there are too many to count in the time that it may take."""

    at: datetime
    counted: Mapping[str, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFigures:
    store: EphemeralStore
    clock: Clock
    #: How old they may be.
    every: timedelta

    def look(self, key: str, count: Callable[[], Mapping[str, int]]) -> Figures:
        """Returns them. `count`: raises TookTooLong, and is not asked again before the same time has passed. Raises
        StoreUnavailable: also where nothing can be kept, since they are too dear to be counted at each look."""
        now = self.clock.now()
        found = self.store.get(Kind.OPERATIONS_COUNTS, key)
        if found is not None:
            at = datetime.fromtimestamp(found.value["at"], UTC)
            if now - self.every < at <= now:
                return Figures(at=at, counted=found.value["counted"])
        try:
            counted: Mapping[str, int] | None = count()
        except TookTooLong:
            counted = None
        record = {"at": now.timestamp(), "counted": counted}
        self.store.put(Kind.OPERATIONS_COUNTS, key, record, _KEPT)
        return Figures(at=now, counted=counted)
