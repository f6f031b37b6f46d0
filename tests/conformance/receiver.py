"""The suite's own https address: whatever is sent there is kept as it came, and answered as the real suite does.

Contains listening and remembering. Not here: what a request means.
"""

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from tests.limits import within

Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Arrival:
    """One request. `path` is what follows the suite's address."""

    method: str
    path: str
    query: Pairs
    content_type: str
    body: str
    headers: dict[str, str]

    @property
    def form(self) -> Pairs:
        return parse_qsl(self.body, keep_blank_values=True, strict_parsing=bool(self.body))


class Receiver:
    """Holds a port of its own from the beginning; listens once it has a certificate. `arrivals` grows."""

    def __init__(self, path: str) -> None:
        self.arrivals: list[Arrival] = []
        self._changed = threading.Condition()
        self._base = path
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True

    @property
    def address(self) -> str:
        return f"https://localhost:{self._server.server_port}{self._base}"

    @contextmanager
    def listening(self, certificate: Path, key: Path) -> Iterator["Receiver"]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        # The handshake belongs to the thread of its connection: a silent peer must not stop the others.
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def mark(self) -> int:
        """To ask later for what came after now."""
        return len(self.arrivals)

    def since(self, mark: int, path: str) -> list[Arrival]:
        return [arrival for arrival in self.arrivals[mark:] if arrival.path == path]

    def wait_for(self, mark: int, path: str, seconds: float = 20) -> Arrival:
        """The first request to this path after `mark`."""
        deadline = time.monotonic() + within(seconds)
        with self._changed:
            while not (found := self.since(mark, path)):
                left = deadline - time.monotonic()
                assert left > 0, f"nothing came to {path} within {seconds:g} s"
                self._changed.wait(left)
        return found[0]

    def _keep(self, arrival: Arrival) -> None:
        with self._changed:
            self.arrivals.append(arrival)
            self._changed.notify_all()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            timeout = within(10)

            def _receive(self) -> None:
                target = urlsplit(self.path)
                size = int(self.headers.get("Content-Length") or 0)
                arrival = Arrival(
                    method=self.command,
                    path=target.path.removeprefix(receiver._base),
                    query=parse_qsl(target.query, keep_blank_values=True),
                    content_type=self.headers.get("Content-Type", ""),
                    body=self.rfile.read(size).decode("ascii"),
                    headers={name.lower(): value for name, value in self.headers.items()},
                )
                receiver._keep(arrival)
                self._answer(b"<!doctype html><title>Received</title><p>Received.</p>")

            def _answer(self, page: bytes) -> None:
                # Back-Channel Logout §2.8: 200, not to be stored.
                self.send_response(200)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Cache-Control", "no-store")
                self.send_header("Content-Length", str(len(page)))
                self.end_headers()
                self.wfile.write(page)

            do_GET = do_POST = _receive  # noqa: N815 names of the standard library

            def log_message(self, format: str, *args: object) -> None:
                """Silence: the arrivals are the log."""

        return Handler
