"""Contains the end in time of one whole exchange, which every read of its socket obeys, and of several together.

Not here: sizes, answers.
"""

import io
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from typing import Any, cast

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection


class ExchangeDeadline:
    """The end of a whole exchange. It measures elapsed time, not the time of day: hence no Clock port."""

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds

    def remaining(self) -> float:
        left = self.end - time.monotonic()
        if left <= 0:
            raise TimeoutError("too slow")
        return left

    def earlier(self, other: "ExchangeDeadline | None") -> "ExchangeDeadline":
        return other if other is not None and other.end < self.end else self


#: Of all exchanges that are made here for one request.
_OF_ALL: ContextVar[ExchangeDeadline | None] = ContextVar("end_of_all_exchanges", default=None)


@contextmanager
def all_until(deadline: ExchangeDeadline) -> Iterator[None]:
    """Within it no exchange of this thread lasts longer, whatever its own limit."""
    before = _OF_ALL.set(deadline.earlier(_OF_ALL.get()))
    try:
        yield
    finally:
        _OF_ALL.reset(before)


def at_most(seconds: float) -> float:
    """Returns so many seconds, or what is left for all exchanges here. Raises TimeoutError: nothing is."""
    of_all = _OF_ALL.get()
    return seconds if of_all is None else min(seconds, of_all.remaining())


@contextmanager
def in_turn(lock: threading.Lock) -> Iterator[None]:
    """Hold the lock, behind which one exchanges and others wait. Raises TimeoutError: nothing is left for that."""
    if not lock.acquire(timeout=at_most(threading.TIMEOUT_MAX)):
        raise TimeoutError("others ask")
    try:
        yield
    finally:
        lock.release()


class _DeadlineReader(io.RawIOBase):
    """Gives each read the time that is left: a timeout per read alone would allow one byte a second for ever."""

    def __init__(self, sock: socket.socket, deadline: ExchangeDeadline) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._deadline.remaining())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _DeadlineSocket:
    """A connected socket whose readers obey the deadline. Everything else is delegated to the socket."""

    def __init__(self, sock: socket.socket, deadline: ExchangeDeadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def makefile(self, mode: str = "rb") -> io.BufferedReader:
        return io.BufferedReader(_DeadlineReader(self._sock, self._deadline))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class DeadlineHttpConnection(HTTPConnection):
    def __init__(self, *args: Any, deadline: ExchangeDeadline, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline = deadline

    def connect(self) -> None:
        super().connect()
        self.sock = cast(socket.socket, _DeadlineSocket(self.sock, self._deadline))


class DeadlineHttpsConnection(HTTPSConnection):
    def __init__(self, *args: Any, deadline: ExchangeDeadline, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline = deadline

    def connect(self) -> None:
        super().connect()
        self.sock = cast(socket.socket, _DeadlineSocket(self.sock, self._deadline))


_CONNECTIONS: Mapping[str, type[DeadlineHttpConnection] | type[DeadlineHttpsConnection]] = {
    "http": DeadlineHttpConnection,
    "https": DeadlineHttpsConnection,
}


class DeadlineAdapter(HTTPAdapter):
    """The adapter of one exchange: no retry, and connections that obey its deadline."""

    def __init__(self, deadline: ExchangeDeadline) -> None:
        self.deadline = deadline
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = self.connection(pool.scheme)
        return pool

    def connection(self, scheme: str) -> Callable[..., Any]:
        return partial(_CONNECTIONS[scheme], deadline=self.deadline)
