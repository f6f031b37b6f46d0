"""One lane per relying party: one that is slow or down delays only its own notices."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from idp.core.ephemeral import StoreUnavailable

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Lanes:
    """`step` does one piece of work of a lane, and returns False when there is none. Each busy lane has one thread."""

    step: Callable[[str], bool]
    _busy: dict[str, threading.Thread] = field(default_factory=dict)
    _stopped: threading.Event = field(default_factory=threading.Event)

    def run(self, name: str) -> None:
        """Start the lane, unless it is running."""
        running = self._busy.get(name)
        if running is None or not running.is_alive():
            self._busy[name] = threading.Thread(target=self._work, args=(name,), name=f"lane {name}")
            self._busy[name].start()

    def stop(self) -> None:
        """Let each lane finish its present piece of work, and stop."""
        self._stopped.set()
        for thread in self._busy.values():
            thread.join()

    def _work(self, name: str) -> None:
        try:
            while not self._stopped.is_set() and self.step(name):
                pass
        except StoreUnavailable:
            log.error("lane_store_unavailable", lane=name)
