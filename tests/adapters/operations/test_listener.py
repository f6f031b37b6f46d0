"""The operations listener over real sockets."""

import json
import socket
import time
from collections.abc import Iterator

import pytest
import requests
from structlog.testing import capture_logs

from idp.adapters.operations import listener
from idp.adapters.operations.listener import (
    Answer,
    OperationsServer,
    Question,
    json_answer,
    require_operations_free,
    serve_operations,
    text_answer,
)
from tests.limits import within
from tests.logged import logged_here
from tests.servers import free_port


def broken(question: Question) -> Answer:
    raise KeyError("10000000017")


@pytest.fixture(scope="module")
def server() -> Iterator[OperationsServer]:
    endpoints = {
        "/livez": lambda question: json_answer({"status": "alive"}),
        "/lines": lambda question: text_answer(f"é {question.query}\n", 503),
        "/broken": broken,
    }
    made = serve_operations("127.0.0.1", free_port(), endpoints)
    yield made
    made.shutdown()
    made.server_close()


def url(server: OperationsServer, path: str) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}{path}"


def test_each_endpoint_is_answered_by_its_own_and_nothing_else_is_there(server: OperationsServer) -> None:
    answer = requests.get(url(server, "/livez"), timeout=within(5))
    assert (answer.status_code, answer.json(), answer.headers["Cache-Control"]) == (
        200,
        {"status": "alive"},
        "no-store",
    )
    assert "Python" not in answer.headers["Server"]
    lines = requests.get(url(server, "/lines?verbose"), timeout=within(5))
    assert (lines.status_code, lines.content.decode()) == (503, "é verbose\n")
    assert requests.get(url(server, "/"), timeout=within(5)).status_code == 404
    assert requests.head(url(server, "/livez"), timeout=within(5)).content == b""


@pytest.mark.parametrize("method", ["POST", "DELETE", "BREW"])
def test_nothing_can_be_changed_there(server: OperationsServer, method: str) -> None:
    answer = requests.request(method, url(server, "/livez"), timeout=within(5))
    assert (answer.status_code, answer.json()) == (501, {"error": "not understood"})


def test_what_fails_is_told_to_the_log_alone(server: OperationsServer) -> None:
    answer = requests.get(url(server, "/broken"), timeout=within(5))
    assert (answer.status_code, json.loads(answer.text)) == (500, {"error": "failed: the log says why"})


@pytest.mark.parametrize("octets", [b"GET\r\n\r\n", b"\x16\x03\x01\x02\x00", b"GET / HTTP/9.9\r\n\r\n"])
def test_what_is_no_request_leaves_the_listener_serving(server: OperationsServer, octets: bytes) -> None:
    with socket.create_connection(("127.0.0.1", int(server.server_address[1])), within(5)) as client:
        client.sendall(octets)
        client.shutdown(socket.SHUT_WR)
        client.recv(1000)
    assert requests.get(url(server, "/livez"), timeout=within(5)).ok


def test_those_who_hold_all_places_keep_nobody_waiting(server: OperationsServer) -> None:
    address = ("127.0.0.1", int(server.server_address[1]))
    idle = [socket.create_connection(address, within(5)) for _ in range(listener._AT_ONCE)]
    try:
        with socket.create_connection(address, within(5)) as beyond:
            beyond.sendall(b"GET /livez HTTP/1.0\r\n\r\n")
            assert _is_closed(beyond)
    finally:
        for client in idle:
            client.close()


def test_whoever_sends_an_octet_now_and_then_is_sent_away_in_time(
    server: OperationsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener, "_SECONDS", 0.4)
    with socket.create_connection(("127.0.0.1", int(server.server_address[1])), within(5)) as slow:
        began = time.monotonic()
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            _send_slowly(slow, until=began + within(5))


def _send_slowly(slow: socket.socket, until: float) -> None:
    while time.monotonic() < until:
        slow.sendall(b"G")
        time.sleep(0.05)


def test_an_address_that_is_none_is_not_understood(server: OperationsServer) -> None:
    with (
        socket.create_connection(("127.0.0.1", int(server.server_address[1])), within(5)) as client,
        capture_logs() as lines,
    ):
        client.sendall(b"GET http://[ HTTP/1.0\r\n\r\n")
        assert client.recv(1000).startswith(b"HTTP/1.0 400 ")
    assert lines == []


def _is_closed(client: socket.socket) -> bool:
    """At once, and without an answer."""
    try:
        return client.recv(100) == b""
    except ConnectionResetError:
        return True


def test_two_workers_share_the_address_and_another_program_is_told_of() -> None:
    port = free_port()
    first, second = (
        serve_operations("127.0.0.1", port, {"/livez": lambda question: json_answer({})}) for _ in range(2)
    )
    with (
        logged_here() as lines,
        pytest.raises(OSError, match=f"CADUCEE_OPERATIONS_PORT: 127.0.0.1 port {port}"),
    ):
        require_operations_free("127.0.0.1", port)
    assert lines == []
    for server in (first, second):
        server.shutdown()
        server.server_close()
    require_operations_free("127.0.0.1", port)
    require_operations_free("::1", port)
