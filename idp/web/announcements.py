"""Contains what the operator says on every page, as this process last read it: a page asks no database for it.

Not here: what it is (`core/announcement`), the commands that set it (`cli/notice`).
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from idp.core.announcement import Announced, announced
from idp.core.clock import Clock
from idp.core.ephemeral import EphemeralStore, StoreUnavailable
from idp.pages.frame import Announcement

log = structlog.get_logger()


@dataclass(slots=True)
class Announcements:
    clock: Clock
    #: One reference, replaced whole: requests read it without a lock.
    _known: Announced | None = None
    _stopped: threading.Event = field(default_factory=threading.Event)

    def shown(self, locale: str) -> Announcement | None:
        """Returns what a page in this language, one of ours, says now."""
        known = self._known
        if known is None or not known.holds(self.clock.now()):
            return None
        return Announcement(known.level, *known.text(locale))

    def read(self, store: EphemeralStore) -> None:
        """Raises nothing for a store that is down: what was read before stays until its end, as an outage is what it
        may be about; a process that has read nothing yet says nothing."""
        try:
            self._known = announced(store)
        except StoreUnavailable:
            log.debug("announcement_not_read")
        except Exception:
            # Of a newer version, perhaps. The pages go on.
            log.exception("announcement_not_read")

    def start(
        self, store: EphemeralStore, every: timedelta, beside: Callable[[], None] = lambda: None
    ) -> None:
        """Read it again and again, in a thread for which a stop of the server does not wait. `beside`: what else is
        read each time; it raises nothing."""
        told = store, every, beside
        threading.Thread(target=self._go_on, args=told, name="announcements", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def _go_on(self, store: EphemeralStore, every: timedelta, beside: Callable[[], None]) -> None:
        while True:
            self.read(store)
            beside()
            if self._stopped.wait(every.total_seconds()):
                return
