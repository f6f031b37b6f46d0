"""The event loop of a worker: it runs a request in the thread of granian that brought it (docs/adr/0032).

Contains that, the deadline of a request that waits for its body, and the pause before the end. Not here: what a request
is answered.
"""

import asyncio
import contextvars
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVarTuple, Unpack

_Ts = TypeVarTuple("_Ts")

#: From the head of a request to the end of its body.
PATIENCE_SECONDS = 30.0
_LOOK_EVERY_SECONDS = 1.0


class _Request:
    """A request between two waits. It is run on by whichever takes it out of `waits`: its body, or its deadline."""

    __slots__ = ("awaited", "coroutine", "deadline", "waits")

    def __init__(
        self, coroutine: Coroutine[Any, None, Any], waits: "dict[_Request, float]", patience: float
    ) -> None:
        self.coroutine = coroutine
        self.waits = waits
        self.deadline = time.monotonic() + patience
        self.awaited: Any = None

    def begin(self) -> None:
        self._run(self.coroutine.send, None)

    def ready(self, _awaited: object) -> None:
        if self.waits.pop(self, None) is not None:
            self._run(self.coroutine.send, None)

    def give_up(self) -> None:
        if self.waits.pop(self, None) is not None:
            self.awaited.cancel()
            self._run(self.coroutine.throw, TimeoutError())

    def _run(self, resume: Callable[[Any], Any], value: object) -> None:
        try:
            self.awaited = resume(value)
        except StopIteration:
            return
        self.waits[self] = self.deadline
        self.awaited.add_done_callback(self.ready, context=contextvars.Context())


def _nothing() -> None:
    """Is never called."""


class CallerRunsLoop(asyncio.SelectorEventLoop):
    """asyncio hands a request from granian's thread to its own, and from there to one that may wait, and back.

    Here each step of a request is run by the thread that makes it ready: granian has as many of them as we ask for,
    and they may wait for a database as they may with WSGI. A body that is still on its way holds none.
    """

    def __init__(
        self,
        *,
        patience: float = PATIENCE_SECONDS,
        look_every: float = _LOOK_EVERY_SECONDS,
        before_end: Callable[[], float] = lambda: 0.0,
    ) -> None:
        """`before_end` is called at a signal, and says after how many seconds the signal is acted on."""
        super().__init__()
        self._patience, self._look_every, self._before_end = patience, look_every, before_end
        self._waits: dict[_Request, float] = {}
        #: For whoever called: there is nothing left to cancel.
        self._done = asyncio.Handle(_nothing, (), self)
        self.call_later(look_every, self._look)

    def call_soon_threadsafe(
        self,
        callback: Callable[[Unpack[_Ts]], object],
        *args: *_Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        """Called by granian, in one of its threads: for a new request, and for a part of a body."""
        if args and asyncio.iscoroutine(args[0]):
            _Request(args[0], self._waits, self._patience).begin()
        elif isinstance(getattr(callback, "__self__", None), _Request):
            callback(*args)
        else:
            return super().call_soon_threadsafe(callback, *args, context=context)
        return self._done

    def call_soon(
        self,
        callback: Callable[[Unpack[_Ts]], object],
        *args: *_Ts,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        """The same for a part that was there already."""
        if not isinstance(getattr(callback, "__self__", None), _Request):
            return super().call_soon(callback, *args, context=context)
        callback(*args)
        return self._done

    def add_signal_handler(self, sig: int, callback: Callable[[Unpack[_Ts]], object], *args: *_Ts) -> None:
        """Called by granian, for the signals that end it."""
        super().add_signal_handler(sig, self._at_signal, callback, args)

    def _at_signal(self, callback: Callable[..., object], arguments: tuple[object, ...]) -> None:
        self.call_later(self._before_end(), callback, *arguments)

    def _look(self) -> None:
        now = time.monotonic()
        for request, deadline in list(self._waits.items()):
            if deadline < now:
                request.give_up()
        self.call_later(self._look_every, self._look)
