"""A very small epoll loop.

Contains coroutines that wait for a socket or an instant, and nothing else. Not here: HTTP (`connection`).

The driver shares a machine of two cores with what it measures, and must stay well below one of them: a request costs it
some tens of microseconds of CPU, where asyncio or a general client takes several times that.
"""

import heapq
import select
import time
import types
from collections.abc import Coroutine, Generator
from typing import Any, Protocol

_EVENTS = select.EPOLLIN | select.EPOLLRDHUP

Task = Coroutine[Any, Any, None]


class Waitable(Protocol):
    """What a coroutine waits for: a socket that can be read."""

    number: int

    def close(self) -> None: ...


class Stuck(Exception):
    """Coroutines were still at work long after the end of the run."""


@types.coroutine
def readable(socket: Waitable) -> Generator[Waitable, None, None]:
    yield socket


@types.coroutine
def sleep_until(instant: float) -> Generator[float, None, None]:
    """`instant`: of `time.perf_counter`."""
    yield instant


class Loop:
    """Runs coroutines that await `readable` and `sleep_until` only. `failures`: what they raised."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._waiting: dict[int, Task] = {}
        self._sockets: dict[int, Waitable] = {}
        self._timers: list[tuple[float, int, Task]] = []
        self._alive = self._rank = 0
        self.failures: list[Exception] = []

    def add(self, socket: Waitable) -> None:
        self._sockets[socket.number] = socket
        self._epoll.register(socket.number, _EVENTS)

    def remove(self, socket: Waitable) -> None:
        if self._sockets.pop(socket.number, None) is not None:
            self._epoll.unregister(socket.number)

    def spawn(self, task: Task) -> None:
        self._alive += 1
        self._step(task)

    def _step(self, task: Task) -> None:
        try:
            wanted = task.send(None)
        except StopIteration:
            self._alive -= 1
        except Exception as failure:
            self._alive -= 1
            self.failures.append(failure)
        else:
            if isinstance(wanted, float):
                self._rank += 1
                heapq.heappush(self._timers, (wanted, self._rank, task))
            else:
                self._waiting[wanted.number] = task

    def run(self, seconds: float) -> None:
        """Until every coroutine ended. Raises Stuck after so many seconds."""
        deadline = time.perf_counter() + seconds
        while self._alive:
            now = time.perf_counter()
            if now > deadline:
                raise Stuck(f"{self._alive} coroutines do not end")
            while self._timers and self._timers[0][0] <= now:
                self._step(heapq.heappop(self._timers)[2])
            pause = min(1.0, max(0.0, self._timers[0][0] - now)) if self._timers else 1.0
            for number, _event in self._epoll.poll(pause, 256):
                task = self._waiting.pop(number, None)
                if task is not None:
                    self._step(task)
                elif number in self._sockets:  # an idle connection that the server closed
                    self._sockets[number].close()

    def complete(self, task: Task, seconds: float) -> None:
        """Run this one alone. Raises what it raises, and Stuck."""
        self.spawn(task)
        self.run(seconds)
        if self.failures:
            raise self.failures[0]
