"""Contains what writes the signs of life of this process. Not here: a lane (`lanes`), who reads them."""

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from idp.cli.lanes import StandingLane
from idp.core.clock import Clock
from idp.core.ephemeral import StoreUnavailable
from idp.core.heartbeats import Heartbeat, Heartbeats, Waiting


@dataclass(frozen=True, slots=True)
class Here:
    """This process, as `heartbeats` names it. `kind`: `worker`, `serve`."""

    kind: str
    node: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)

    @property
    def process(self) -> str:
        return f"{self.kind} {self.pid}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """`waiting`: asks how much waits for a lane, by its name."""

    here: Here
    lanes: Sequence[StandingLane]
    waiting: Mapping[str, Callable[[], Waiting]]
    heartbeats: Heartbeats
    clock: Clock

    def beat(self) -> None:
        """Write a sign for each lane whose thread lives. Raises StoreUnavailable."""
        self.heartbeats.beat([self._of(lane) for lane in self.lanes if lane.thread.is_alive()])

    def leave(self) -> None:
        """Take them away; where the database is down, they grow old instead."""
        with suppress(StoreUnavailable):
            self.heartbeats.leave(self.here.node, self.here.process)

    def _of(self, lane: StandingLane) -> Heartbeat:
        sign, ask = lane.sign, self.waiting.get(lane.name)
        return Heartbeat(
            node=self.here.node,
            process=self.here.process,
            lane=lane.name,
            at=self.clock.now(),
            state=sign.state,
            since=sign.since,
            due_by=sign.due_by,
            fault=sign.fault,
            waiting=None if ask is None else ask(),
        )
