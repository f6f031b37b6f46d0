"""Requests to a WSGI application in this process, as the driver writes them.

Contains the channel that calls the application, and the probe around each call. Not here: what a probe counts.
"""

import io
import re
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from bench.driver.connection import Answer

Probe = Callable[[str], AbstractContextManager[object]]
"""Called with « GET /path » before each request; what it returns is left after the whole answer."""

_NAMED = re.compile(r"/interaction/[^/?]+")


def unwatched(_step: str) -> AbstractContextManager[object]:
    return nullcontext()


class InProcess:
    """A channel (`bench.driver.connection.Channel`) that never waits."""

    def __init__(self, application: Callable[..., Any], probe: Probe = unwatched) -> None:
        self._application, self._probe = application, probe

    async def request(self, octets: bytes) -> Answer:
        environ = environ_of(octets)
        step = f"{environ['REQUEST_METHOD']} {_NAMED.sub('/interaction/…', environ['PATH_INFO'])}"
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], fault: object = None) -> None:
            started[:] = [status, headers]

        with self._probe(step):
            chunks = self._application(environ, start_response)
            body = b"".join(chunks)
            if hasattr(chunks, "close"):
                chunks.close()
        status, headers = started
        sent = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
        return Answer(int(status[:3]), sent, body)

    def close(self) -> None:
        """Nothing is kept open."""


def environ_of(octets: bytes) -> dict[str, Any]:
    """Returns the environ of PEP 3333 for one request as it would go over the wire."""
    head, _, body = octets.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _version = first.split(" ")
    path, _, query = target.partition("?")
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **dict(_variables(lines)),
    }


def _variables(lines: list[str]) -> Iterator[tuple[str, str]]:
    for line in lines:
        name, _, value = line.partition(":")
        variable = name.upper().replace("-", "_")
        is_bare = variable in ("CONTENT_TYPE", "CONTENT_LENGTH")
        yield (variable if is_bare else f"HTTP_{variable}"), value.strip()


def completed(task: Coroutine[Any, Any, None]) -> None:
    """Run what never waits. Raises what it raises."""
    try:
        task.send(None)
    except StopIteration:
        return
    raise AssertionError("a coroutine waits")
