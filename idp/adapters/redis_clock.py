"""Contains how far this node's clock is from Redis's, by which records there expire. Not here: the database's clock."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from idp.adapters.redis_store import RedisStore
from idp.core.clock import Clock
from idp.core.ephemeral import StoreUnavailable


@dataclass(frozen=True, slots=True)
class RedisClock:
    store: RedisStore
    clock: Clock

    def ahead(self) -> timedelta | None:
        """Returns how far our clock is ahead of the server's (negative: behind). None: it did not say."""
        try:
            before, (seconds, microseconds), after = self.clock.now(), self.store.time(), self.clock.now()
        except StoreUnavailable:
            return None
        theirs = datetime.fromtimestamp(seconds, UTC) + timedelta(microseconds=microseconds)
        # It answered somewhere between the two: no slow answer passes for a wrong clock.
        if before <= theirs <= after:
            return timedelta()
        return before - theirs if before > theirs else after - theirs
