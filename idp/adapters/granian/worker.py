"""A web worker: granian in one process, which the watching one started (docs/adr/0032).

Contains granian's options, how a worker leaves (docs/adr/0051), the end with the watching process. Not here: starting
and replacing (`server`).
"""

import asyncio
import ctypes
import ipaddress
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from granian import loops
from granian.constants import Interfaces, Loops, RuntimeModes, SSLProtocols
from granian.server.mp import MPServer

from idp.adapters.farewell import LEAVING_SECONDS, leave_port
from idp.adapters.granian.loop import CallerRunsLoop
from idp.core.logs import configure_logging, log_what_nobody_caught

log = structlog.get_logger()

_IPV6 = 6
#: granian writes lines of its own form to stdout: they go the way of all others (`core/logs`).
_LOGS = {"loggers": {name: {"level": "INFO", "propagate": True} for name in ("_granian", "granian.access")}}
_M_ARENA_MAX = -8  # malloc.h


class Served(Protocol):
    """An ASGI application that can tell its clients that this connection is their last here."""

    is_leaving: bool

    @property
    def __call__(self) -> Callable[..., Any]: ...


@dataclass(slots=True)
class _Leaving:
    """At a signal a worker leaves the port, and ends once those who came before were let in."""

    port: int
    served: Served | None = None

    def loop(self) -> CallerRunsLoop:
        """Returns what granian gets where it asks for its own choice of a loop."""
        made = CallerRunsLoop(before_end=self._leave)
        asyncio.set_event_loop(made)
        return made

    def _leave(self) -> float:
        leave_port(self.port)
        if self.served is not None:
            self.served.is_leaving = True
        return LEAVING_SECONDS


def serve_requests(rank: int, load: Callable[[], Served], *, threads: int, port: int, **options: Any) -> None:
    """Serve until a signal, on a socket of its own: the kernel gives each worker its part of the connections."""
    configure_logging()
    log_what_nobody_caught()
    try:
        _serve(rank, load, threads=threads, port=port, **options)
    except Exception:
        # multiprocessing would print its trace as it is.
        log.critical("worker_failed", exc_info=True)
        raise SystemExit(1) from None


def _serve(rank: int, load: Callable[[], Served], *, threads: int, port: int, **options: Any) -> None:
    heap, leaving = _OneHeap(), _Leaving(port)
    loops.register("auto")(leaving.loop)
    threading.Thread(target=_end_with_parent, name="web-parent", daemon=True).start()
    server = _OneWorker(
        "idp",
        port=port,
        interface=Interfaces.ASGINL,
        loop=Loops.auto,
        runtime_mode=RuntimeModes.mt,
        websockets=False,
        log_access=False,
        log_dictconfig=_LOGS,
        ssl_protocol_min=SSLProtocols.tls12,  # rustls has none of the ciphers that made 1.2 weak
        **options,
    )
    # granian lets an asyncio loop have one thread, as more would be idle: ours works in them.
    server.blocking_threads = threads

    def loaded() -> Served:
        leaving.served = heap.loaded(load)
        return leaving.served

    server.serve_here(rank, loaded)


class _OneWorker(MPServer):
    """granian, whose own processes would be started by one that imports all of it."""

    def serve_here(self, rank: int, load: Callable[[], Any]) -> None:
        """Do in this process what granian does in one of its workers."""
        describe_socket: Callable[[], None] = self._init_shared_socket
        describe_socket()
        self._spawn_worker(rank, self._spawn_asgi_worker, load).inner.run()


class _OneHeap:
    """glibc gives threads heaps of their own, up to eight a core, and each keeps what its thread once needed. Only one
    of ours computes at a time, so they would not wait for each other."""

    def __init__(self) -> None:
        """Does nothing where the C library is another one."""
        self._library = ctypes.CDLL(None)
        self._is_glibc = hasattr(self._library, "mallopt") and hasattr(self._library, "malloc_trim")
        if self._is_glibc:
            self._library.mallopt(_M_ARENA_MAX, 1)

    def loaded(self, load: Callable[[], Served]) -> Served:
        """Returns what `load` returns. What it needed meanwhile goes back to the kernel."""
        made = load()
        if self._is_glibc:
            self._library.malloc_trim(0)
        return made


def require_free(address: str, port: int) -> None:
    """Raises OSError, in words for the operator: granian would show a stack trace."""
    try:
        version = ipaddress.ip_address(address).version
    except ValueError:
        raise OSError(f"--host {address}: expected an IP address") from None
    family = socket.AF_INET6 if version == _IPV6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as trial:
        # As the workers do: they share the port.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            trial.bind((address, port))
        except OSError as error:
            raise OSError(f"--host {address} --port {port}: {error.strerror}") from error


def _end_with_parent() -> None:
    """End this worker when the process that replaces workers is gone: it would hold the port of the next one."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)
