"""Contains what `doctor` found at this node, for the administrators' page: looked for beside it, kept for a while, the
same at every worker. Not here: what is looked at (`doctor`)."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from idp.core.clock import Clock
from idp.core.ephemeral import EphemeralStore, Kind, StoreUnavailable
from idp.core.finding import Finding, State

log = structlog.get_logger()

_KEPT = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    at: datetime
    findings: tuple[Finding, ...]


@dataclass(slots=True, kw_only=True)
class Examinations:
    """`examine`: takes seconds. `every`: how old its findings may be."""

    examine: Callable[[], tuple[Finding, ...]]
    node: str
    store: EphemeralStore
    clock: Clock
    every: timedelta
    #: A page waits so long for findings; most are there by then.
    moment_seconds: float = 2.0
    _last: Examined | None = None
    _beside: threading.Thread | None = None
    _alone: threading.Lock = field(default_factory=threading.Lock)

    def look(self, *, is_store_up: bool) -> Examined | None:
        """Returns the last findings, and has new ones looked for when those are too old; None: the first are not there
        yet."""
        last, now = self._known(is_store_up), self.clock.now()
        if last is not None and now - self.every < last.at <= now:
            return last
        with self._alone:
            if self._beside is None or not self._beside.is_alive():
                self._beside = threading.Thread(
                    target=self._examine, args=(is_store_up,), name="doctor", daemon=True
                )
                self._beside.start()
            beside = self._beside
        beside.join(self.moment_seconds)
        return self._last or last

    def _known(self, is_store_up: bool) -> Examined | None:
        try:
            found = self.store.get(Kind.OPERATIONS_COUNTS, self._key) if is_store_up else None
        except StoreUnavailable:
            found = None
        told = [one for one in (self._last, None if found is None else _read(found.value)) if one is not None]
        return max(told, key=lambda one: one.at, default=None)

    def _examine(self, is_store_up: bool) -> None:
        try:
            examined = Examined(at=self.clock.now(), findings=self.examine())
        except Exception:
            log.exception("operations_page_part_failed")
            return
        self._last = examined
        # Without the store each worker looks for itself.
        with suppress(StoreUnavailable):
            if is_store_up:
                self.store.put(Kind.OPERATIONS_COUNTS, self._key, _written(examined), _KEPT)

    @property
    def _key(self) -> str:
        return f"findings {self.node}"


def _written(examined: Examined) -> dict[str, Any]:
    rows = [[one.name, str(one.state), one.says, one.remedy] for one in examined.findings]
    return {"at": examined.at.timestamp(), "findings": rows}


def _read(value: Any) -> Examined:
    findings = (
        Finding(name=name, state=State(state), says=says, remedy=remedy)
        for name, state, says, remedy in value["findings"]
    )
    return Examined(at=datetime.fromtimestamp(value["at"], UTC), findings=tuple(findings))
