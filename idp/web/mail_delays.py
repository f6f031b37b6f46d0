"""Contains whether mails leave late, as this process last read it: a page that waits for one asks no database for it.

Not here: sending them (`idp worker`), what an operator is told of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from idp.core.clock import Clock
from idp.core.ephemeral import StoreUnavailable
from idp.core.heartbeats import Waiting

log = structlog.get_logger()


@dataclass(slots=True)
class MailDelays:
    clock: Clock
    #: What waits longer is late.
    longest: timedelta
    _oldest_at: datetime | None = None

    def are_late(self) -> bool:
        return self._oldest_at is not None and self.clock.now() - self._oldest_at > self.longest

    def read(self, waiting: Callable[[], Waiting]) -> None:
        """Raises nothing: what was read before stays."""
        try:
            self._oldest_at = waiting().oldest_at
        except StoreUnavailable:
            log.debug("mail_delays_not_read")
        except Exception:
            # The thread has to read what the operator says all the same.
            log.exception("mail_delays_not_read")
