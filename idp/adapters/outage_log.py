"""A store that is down is told in one line a minute, with its cause, however many requests meet it.

Contains that line and the count of those it stands for. Not here: what a request is answered.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from idp.core.measures import STORE_FAILURES

log = structlog.get_logger()

_EVERY_SECONDS = 60.0
#: Of what a driver says. The first line names the server and the fault, those below may quote a row.
_MOST_CHARACTERS = 200


@dataclass(slots=True, kw_only=True)
class OutageLog:
    """Thread-safe. One for each process."""

    seconds: Callable[[], float] = time.monotonic
    _told_at: dict[str, float] = field(default_factory=dict)
    _untold: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, store: str, cause: Exception) -> None:
        STORE_FAILURES.of(store).add()
        now = self.seconds()
        with self._lock:
            told_at = self._told_at.get(store)
            self._untold[store] = self._untold.get(store, 0) + 1
            if told_at is not None and now - told_at < _EVERY_SECONDS:
                return
            self._told_at[store], failed, self._untold[store] = now, self._untold[store], 0
        said = str(cause).partition("\n")[0][:_MOST_CHARACTERS]
        log.error("store_down", store=store, cause=type(cause).__name__, said=said, failed=failed)


OUTAGES = OutageLog()
