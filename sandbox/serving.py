"""How a sandbox process serves: WSGI on loopback ports, with TLS or not, until SIGTERM.

Contains listening, printing `ready` once, an orderly end. Not here: pages, configuration, knowledge of what is served.
"""

import os
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Server

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# A browser opens spare connections and leaves them idle: each holds one thread until the read timeout.
_THREADS_PER_LISTENER = 8
_READ_TIMEOUT_SECONDS = 10
_STOP_BUDGET_SECONDS = 1.2


@dataclass(frozen=True, slots=True)
class Tls:
    """PEM files. With `client_authority`, a certificate is asked for, and one of another authority ends the handshake;
    the application finds the certificate as `SSL_CLIENT_CERT` in its environment."""

    certificate: Path
    key: Path
    client_authority: Path | None = None


class _Listener(threading.Thread):
    """One cheroot server on one address; a daemon: a worker stuck on a slow peer must not outlive `serve`."""

    def __init__(self, host: str, port: int, app: "WSGIApplication", tls: Tls | None) -> None:
        super().__init__(name=f"listener-{host}-{port}", daemon=True)
        self.failure: OSError | None = None
        self.bound = threading.Event()
        self._server = Server(
            (host, port),
            app,
            numthreads=_THREADS_PER_LISTENER,
            timeout=_READ_TIMEOUT_SECONDS,
            server_name="localhost",
        )
        self._server.shutdown_timeout = 0.3
        self._server.ssl_adapter = None if tls is None else _adapter(tls)

    def run(self) -> None:
        try:
            self._server.prepare()
        except OSError as failure:
            self.failure = failure
            return
        finally:
            self.bound.set()
        self._server.serve()

    def stop(self) -> threading.Thread:
        stopping = threading.Thread(target=self._server.stop, daemon=True)
        stopping.start()
        return stopping


def _adapter(tls: Tls) -> BuiltinSSLAdapter:
    adapter = BuiltinSSLAdapter(str(tls.certificate), str(tls.key))
    if tls.client_authority is not None:
        adapter.context.verify_mode = ssl.CERT_OPTIONAL
        adapter.context.load_verify_locations(tls.client_authority)
    return adapter


def loopback_addresses() -> tuple[str, ...]:
    """Returns the addresses of `localhost` on this machine: `127.0.0.1`, and `::1` where IPv6 is configured."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return ("127.0.0.1",)
    return ("127.0.0.1", "::1")


def serve(apps: "Mapping[int, WSGIApplication]", tls: Mapping[int, Tls] | None = None) -> None:
    """Serve each application on its port of localhost until SIGTERM or SIGINT. `tls`: the ports that speak it.

    Prints `ready` once all of them listen. Call it from the main thread. Raises OSError when a port is taken, or a
    PEM file cannot be used.
    """
    wait_until_asked_to_stop = _stop_requests()
    by_port = tls or {}
    listeners = [
        _Listener(host, port, app, by_port.get(port))
        for port, app in apps.items()
        for host in loopback_addresses()
    ]
    for listener in listeners:
        listener.start()
    try:
        for listener in listeners:
            listener.bound.wait()
            if listener.failure:
                raise listener.failure
        print("ready", flush=True)
        wait_until_asked_to_stop()
    finally:
        _stop_within_budget(listeners)


def _stop_requests() -> Callable[[], None]:
    """Catch SIGTERM and SIGINT from now on. Returns a function that blocks until one has come.

    By a pipe that the kernel's signal itself writes to: a handler in Python runs in the first thread alone, which
    would wait on when the signal came in the instant before its wait, or at another thread.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _signal, _frame: None)

    def wait() -> None:
        os.read(reading, 1)

    return wait


def _stop_within_budget(listeners: list[_Listener]) -> None:
    deadline = time.monotonic() + _STOP_BUDGET_SECONDS
    for stopping in [listener.stop() for listener in listeners if listener.is_alive()]:
        stopping.join(max(0.0, deadline - time.monotonic()))
