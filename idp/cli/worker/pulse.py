"""Contains what writes the signs of life of this process. Not here: a lane (`lanes`), who reads them."""

import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from sqlalchemy import Engine

from idp.adapters.sql.heartbeats import SqlHeartbeats
from idp.cli.worker.lanes import StandingLane
from idp.core.clock import Clock
from idp.core.ephemeral import StoreUnavailable
from idp.core.heartbeats import BEAT_EVERY, Heartbeat, Heartbeats, LaneState, Waiting


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


@contextmanager
def signs_of_life(database: Engine, clock: Clock, name: str, kind: str) -> Iterator[None]:
    """Around a process that does one thing, told in `heartbeats` by this name. The last sign stays: that it is missing
    shuts a door, until another gives one."""
    here, ended, began = Here(kind), threading.Event(), clock.now()
    heartbeats = SqlHeartbeats(database)

    def beat() -> None:
        while not ended.is_set():
            now = clock.now()
            sign = Heartbeat(
                node=here.node,
                process=here.process,
                lane=name,
                at=now,
                state=LaneState.WORKING,
                since=began,
                due_by=now + BEAT_EVERY,
            )
            with suppress(StoreUnavailable):
                heartbeats.beat([sign])
            ended.wait(BEAT_EVERY.total_seconds())

    beating = threading.Thread(target=beat, name="signs-of-life", daemon=True)
    beating.start()
    try:
        yield
    finally:
        ended.set()
        beating.join(BEAT_EVERY.total_seconds())
