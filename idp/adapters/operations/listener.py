"""The operations listener: `/livez`, `/readyz`, `/metrics`, a page, on an address of its own that no browser is led to.

Contains HTTP, in threads beside those of requests: it answers while all of them wait. The workers of a node share the
address, and the kernel lets one of them answer. Not here: what is wrong, what is counted, who may see the page
(`page_access`), handshakes (`greetings`).
"""

import io
import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import structlog

from idp.adapters.operations.greetings import Greetings

log = structlog.get_logger()

_JSON, _TEXT = "application/json", "text/plain; charset=utf-8"
#: To ask, and then to take the answer: whoever is slower is no monitoring.
_SECONDS = 10.0
_AT_ONCE = 8


class Answer(NamedTuple):
    status: int
    body: bytes
    content_type: str = _JSON
    headers: Mapping[str, str] = {}


class Question(NamedTuple):
    """One GET. `query`: as it stands in the address. `is_inside`: neither end of its connection is beyond this
    machine. `is_proved`: the caller has a certificate that this listener asked for."""

    query: str = ""
    host: str = ""
    languages: str = ""
    is_inside: bool = False
    is_proved: bool = False


#: Returns the answer to GET.
Endpoint = Callable[[Question], Answer]


def json_answer(document: object, status: int = HTTPStatus.OK) -> Answer:
    return Answer(status, json.dumps(document, ensure_ascii=False).encode() + b"\n")


def text_answer(lines: str, status: int = HTTPStatus.OK) -> Answer:
    return Answer(status, lines.encode(), _TEXT)


def serve_operations(
    host: str, port: int, endpoints: Mapping[str, Endpoint], tls: ssl.SSLContext | None = None
) -> "OperationsServer":
    """Serve in a thread of its own, until the process ends. `tls`: that asks for a certificate, or None for plain HTTP.
    Raises OSError: the address cannot be had."""
    server = OperationsServer(host, port, endpoints, tls)
    threading.Thread(target=server.serve_forever, name="operations", daemon=True).start()
    return server


def require_operations_free(host: str, port: int, prefix: str = "OPERATIONS_") -> None:
    """`prefix`: of the two settings that name the address. Raises OSError: another program, or another service of ours,
    has it."""
    with socket.socket(_family(host), socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            raise OSError(
                f"CADUCEE_{prefix}HOST CADUCEE_{prefix}PORT: {host} port {port}: {error.strerror}"
            ) from error


class OperationsServer(ThreadingHTTPServer):
    allow_reuse_port = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def __init__(
        self, host: str, port: int, endpoints: Mapping[str, Endpoint], tls: ssl.SSLContext | None = None
    ) -> None:
        self.address_family = _family(host)
        self._endpoints, self._greetings = endpoints, None if tls is None else Greetings(tls)
        self._places = threading.BoundedSemaphore(_AT_ONCE)
        super().__init__((host, port), _Handler)

    def endpoint(self, path: str) -> Endpoint | None:
        return self._endpoints.get(path)

    def server_bind(self) -> None:
        # Not HTTPServer's, which asks the resolver for our name.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "caducee", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        begun = self._placed(request) if self._greetings is None else self._greetings.begin(request)
        if begun is None:
            return
        try:
            super().process_request(begun, client_address)
        except RuntimeError:  # No thread can be had.
            if self._greetings is None:
                self._places.release()
            else:
                self._greetings.forget(begun)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        # Over TLS a place is of those alone who proved that they may ask.
        if self._greetings is not None and not (self._greetings.finish(request) and self._placed(request)):
            return
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def _placed(self, request: Any) -> Any:
        """Returns the connection, which has one of the places; None: there was none, and it is closed."""
        if self._places.acquire(blocking=False):
            return request
        self.shutdown_request(request)
        return None

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.warning("operations_exchange_failed", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: OperationsServer
    timeout = _SECONDS

    def setup(self) -> None:
        super().setup()
        self.rfile = io.BufferedReader(_Asking(self.connection, time.monotonic() + _SECONDS))

    def do_GET(self) -> None:
        self._send(self._answer(), with_body=True)

    def do_HEAD(self) -> None:
        self._send(self._answer(), with_body=False)

    def version_string(self) -> str:
        return "caducee"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: its paths tell nothing, and a scrape every few seconds would fill the log."""

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        with suppress(OSError):
            self._send(json_answer({"error": "not understood"}, code), with_body=self.command != "HEAD")

    def _answer(self) -> Answer:
        try:
            address = urlsplit(self.path)
        except ValueError:
            return json_answer({"error": "not understood"}, HTTPStatus.BAD_REQUEST)
        endpoint = self.server.endpoint(address.path)
        if endpoint is None:
            return json_answer({"error": "not found"}, HTTPStatus.NOT_FOUND)
        try:
            return endpoint(self._question(address.query))
        except Exception:
            log.exception("operations_failed", path=address.path)
            return json_answer({"error": "failed: the log says why"}, HTTPStatus.INTERNAL_SERVER_ERROR)

    def _question(self, query: str) -> Question:
        ends = (self.client_address[0], self.connection.getsockname()[0])
        return Question(
            query=query,
            host=self.headers.get("Host", ""),
            languages=self.headers.get("Accept-Language", ""),
            is_inside=all(ipaddress.ip_address(end.partition("%")[0]).is_loopback for end in ends),
            # The context lets nobody in without one.
            is_proved=isinstance(self.connection, ssl.SSLSocket),
        )

    def _send(self, answer: Answer, *, with_body: bool) -> None:
        self.connection.settimeout(_SECONDS)
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(answer.body)


class _Asking(io.RawIOBase):
    """What a caller sends, until then: the time of a socket begins anew with each octet, and eight callers who send one
    now and then would hold all places. `ends`: by the monotonic clock."""

    def __init__(self, connection: socket.socket, ends: float) -> None:
        self._connection, self._ends = connection, ends

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int:
        """Raises TimeoutError."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(room)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
