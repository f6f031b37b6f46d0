"""The work of `idp worker` in a process of `idp serve`, so that one machine needs no other command (docs/adr/0047).

Contains which of the processes does it, and that it gives way to an `idp worker`. Not here: the work (`work`).
"""

import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.connection import Connection, Pipe, wait

import structlog

from idp.adapters.sql.heartbeats import SqlHeartbeats, SqlLeases
from idp.cli.worker.lanes import STOP_SECONDS
from idp.cli.worker.work import Work
from idp.core.ephemeral import StoreUnavailable
from idp.core.logs import configure_logging
from idp.settings import Settings
from idp.wiring.resources import Resources, open_resources

log = structlog.get_logger(__name__)

_LEASE = "background"
#: Of a process that was killed, the work is taken over after so long.
_LIFE = timedelta(seconds=20)
_LOOK_SECONDS = 5.0
#: Requests first: the process is still loading what they need.
_FIRST_LOOK_SECONDS = 1.0


class _Running:
    def __init__(self, resources: Resources) -> None:
        self._work = Work(resources, "serve")
        self._thread = threading.Thread(target=self._work.run, name="background", daemon=True)
        self._thread.start()

    def is_alive(self) -> bool:
        return self._thread.is_alive()

    def end(self) -> None:
        self._work.stop()
        self._thread.join(STOP_SECONDS)


@dataclass(slots=True, kw_only=True)
class Embedded:
    """One in each process of `idp serve`; one of them works at a time, wherever they run."""

    resources: Resources
    start: Callable[[Resources], _Running] = _Running
    holder: str = field(default_factory=lambda: secrets.token_hex(16))
    _running: _Running | None = None

    def look(self) -> None:
        """Begin, go on or end, as it is this process's turn or not."""
        try:
            is_ours = self._is_ours()
        except StoreUnavailable:
            return  # Nor can any other take it: each piece of work has a lease of its own besides.
        if not is_ours:
            self._end()
        elif self._running is None or not self._running.is_alive():
            self._begin()

    def _begin(self) -> None:
        try:
            self._running = self.start(self.resources)
        except Exception:
            # Another process may be able to.
            self._leases.release(_LEASE, self.holder)
            raise
        log.info("background_work_begins")

    def leave(self) -> None:
        """End, and let another process begin at once."""
        self._end()
        with suppress(StoreUnavailable):
            self._leases.release(_LEASE, self.holder)

    @property
    def _leases(self) -> SqlLeases:
        return SqlLeases(self.resources.database)

    def _is_ours(self) -> bool:
        """Raises StoreUnavailable."""
        resources = self.resources
        now, beats = resources.clock.now(), SqlHeartbeats(resources.database).all()
        if any(beat.process.startswith("worker ") and beat.is_alive(now) for beat in beats):
            return False
        return self._leases.hold(_LEASE, self.holder, now, _LIFE)

    def _end(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.end()
            log.info("background_work_ends")


@contextmanager
def beside_requests(settings: Settings, told: Connection) -> Iterator[None]:
    """Around a process that serves. `told`: something comes as soon as it is to end."""
    ended, tell = Pipe(duplex=False)
    looking = threading.Thread(target=_look_until, args=(settings, (told, ended)), daemon=True)
    looking.start()
    try:
        yield
    finally:
        tell.send_bytes(b"requests have ended")
        looking.join(STOP_SECONDS)


def _look_until(settings: Settings, told: Sequence[Connection]) -> None:
    configure_logging()
    embedded: Embedded | None = None
    seconds = _FIRST_LOOK_SECONDS
    while not wait(told, seconds):
        seconds = _LOOK_SECONDS
        try:
            # Within: the database may be away in this very instant.
            embedded = embedded or Embedded(resources=open_resources(settings))
            embedded.look()
        except Exception:  # A file that is wrong by now: requests go on, and it is tried again.
            log.exception("background_work_failed")
    if embedded is not None:
        embedded.leave()
