"""Which circuits are open, agreed among the processes and nodes of one service, so that their pages say the same.

Contains one exchange, by way of the ephemeral store, and the thread that makes it again and again: no request waits for
it, and none asks the store once more. Not here: what opens and closes a circuit (`circuit`).
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from idp.adapters.psc.circuit import Circuits
from idp.core.ephemeral import EphemeralStore, Kind, StaleRecord, StoreUnavailable

log = structlog.get_logger()

#: Twice this is the longest until another node knows: 2 s, with the time of the store.
_EVERY_SECONDS = 0.75
#: Longer than a node may be silent; written again while a circuit is open.
_KEPT = timedelta(hours=1)


@dataclass(slots=True, kw_only=True)
class SharedCircuits:
    """The last word counts, whoever has it: of two nodes of which one reaches Pro Santé Connect, that one closes."""

    circuits: Circuits
    store: EphemeralStore
    issuer: str
    #: Starts a look at what is open, beside: what another node says is found out here too.
    look: Callable[[], None]
    #: What all knew after the last exchange.
    _agreed: frozenset[str] = frozenset()
    _stopped: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """In a thread of its own, for which a stop of the server does not wait."""
        threading.Thread(target=self._run, name="psc-shared", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()

    def exchange(self) -> None:
        """Tell what changed here since the last time, and take what changed elsewhere. Raises StoreUnavailable."""
        here = frozenset(self.circuits.open_urls())
        try:
            told = self._told(opened=here - self._agreed, closed=self._agreed - here)
        except StaleRecord:  # Another one wrote at this instant: what it said is taken next time.
            return
        self._agreed = told
        if self.circuits.hear(before=here, now=told):
            log.warning("psc_outage_heard", is_out=bool(told))
        if told - here:
            self.look()

    def _told(self, *, opened: frozenset[str], closed: frozenset[str]) -> frozenset[str]:
        """Returns what all know from now on. Raises StaleRecord, StoreUnavailable."""
        known = self.store.get(Kind.UPSTREAM_CIRCUITS, self.issuer)
        # A record that expired, or was lost with its store, says nothing; an empty one says that all are closed.
        before = self._agreed if known is None else frozenset(known.value["open"])
        told = (before | opened) - closed
        record = {"open": sorted(told)}
        if known is None and told:
            if not self.store.add(Kind.UPSTREAM_CIRCUITS, self.issuer, record, _KEPT):
                raise StaleRecord
        elif known is not None and told != before:
            version = known.version
            self.store.swap(Kind.UPSTREAM_CIRCUITS, self.issuer, record, expected_version=version, ttl=_KEPT)
        return told

    def _run(self) -> None:
        while not self._stopped.wait(_EVERY_SECONDS):
            try:
                self.exchange()
            except StoreUnavailable:
                # Each for itself meanwhile, as long as nobody can sign in anyway.
                log.debug("psc_circuits_not_shared")
            except Exception:
                log.exception("psc_circuits_not_shared")
