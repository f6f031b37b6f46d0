"""Where a request runs, and how long it may wait for its body."""

import asyncio
import threading
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest

from idp.adapters.granian.loop import CallerRunsLoop
from tests.limits import eventually, within


class Part:
    """A part of a body on its way, as granian has it: what waits for it is told through the loop."""

    def __init__(self, loop: CallerRunsLoop) -> None:
        self.loop = loop
        self.callback: Callable[[Any], None] | None = None
        self.value: str | None = None
        self.is_cancelled = False

    def __await__(self) -> Generator["Part", None, str | None]:
        yield self
        return self.value

    def add_done_callback(self, callback: Callable[[Any], None], context: object) -> None:
        self.callback = callback

    def cancel(self) -> None:
        self.is_cancelled = True

    def comes(self, value: str) -> None:
        assert self.callback is not None
        self.value = value
        self.loop.call_soon_threadsafe(self.callback, self)


@pytest.fixture
def loop() -> Iterator[CallerRunsLoop]:
    made = CallerRunsLoop()
    yield made
    made.close()


async def told(part: Part, seen: list[object]) -> None:
    seen.append(threading.get_ident())
    try:
        seen.append(await part)
    except TimeoutError:
        seen.append("too late")
    seen.append(threading.get_ident())


def in_thread(act: Callable[[], object]) -> int:
    """Does it in another thread, and returns which."""
    found: list[int] = []
    thread = threading.Thread(target=lambda: (found.append(threading.get_ident()), act()))
    thread.start()
    thread.join(within(5))
    return found[0]


def begin(loop: CallerRunsLoop, part: Part, seen: list[object]) -> None:
    """As granian begins a request."""
    loop.call_soon_threadsafe(lambda coroutine, watcher: None, told(part, seen), "watcher")


def test_each_step_runs_in_the_thread_that_makes_it_ready(loop: CallerRunsLoop) -> None:
    part, seen = Part(loop), list[object]()
    first = in_thread(lambda: begin(loop, part, seen))
    second = in_thread(lambda: part.comes("body"))
    assert seen == [first, "body", second]


def test_a_part_that_was_there_already_is_taken(loop: CallerRunsLoop) -> None:
    part, seen = Part(loop), list[object]()
    begin(loop, part, seen)
    assert part.callback is not None
    part.value = "body"
    loop.call_soon(part.callback, part)
    assert seen[1] == "body"


def test_a_body_that_takes_too_long_is_given_up_by_the_loop() -> None:
    loop = CallerRunsLoop(patience=0, look_every=0.01)
    part, seen = Part(loop), list[object]()
    begin(loop, part, seen)
    runs = threading.Thread(target=loop.run_forever)
    runs.start()
    try:
        assert eventually(lambda: len(seen) == 3, 5)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        runs.join(within(5))
        loop.close()
    assert (seen[1], part.is_cancelled) == ("too late", True)
    part.comes("body")  # nobody waits for it any more
    assert len(seen) == 3


def test_a_body_that_may_still_come_is_waited_for() -> None:
    loop = CallerRunsLoop(patience=3600, look_every=0.001)
    part, seen = Part(loop), list[object]()
    begin(loop, part, seen)
    loop.run_until_complete(asyncio.sleep(0.05))
    part.comes("body")
    loop.close()
    assert seen[1] == "body"


def test_whatever_else_is_called_runs_in_the_loop(loop: CallerRunsLoop) -> None:
    """The end of a worker."""
    seen: list[int] = []
    in_thread(lambda: loop.call_soon_threadsafe(lambda: seen.append(threading.get_ident())))
    assert seen == []
    loop.run_until_complete(asyncio.sleep(0))
    assert seen == [threading.get_ident()]
