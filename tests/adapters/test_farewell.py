"""A port is left without a connection lost: real sockets."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from idp.adapters.farewell import leave_port, let_nobody_in
from tests.limits import within


@pytest.fixture(params=["127.0.0.1", "::1"])
def listening(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    with socket.create_server((request.param, 0), family=_family(request.param)) as made:
        yield made


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def connected(listening: socket.socket, seconds: float) -> socket.socket:
    address, port = listening.getsockname()[:2]
    return socket.create_connection((address, port), seconds)


def test_who_is_connected_is_served_and_who_comes_later_gets_no_answer(listening: socket.socket) -> None:
    with connected(listening, within(2)) as waiting:
        waiting.sendall(b"before")
        leave_port(listening.getsockname()[1])
        with pytest.raises(TimeoutError):
            connected(listening, 0.2)
        waiting.sendall(b" and after")
        accepted, _ = listening.accept()
        with accepted:
            accepted.settimeout(within(2))
            assert accepted.recv(16, socket.MSG_WAITALL) == b"before and after"
            accepted.sendall(b"answer")
        assert waiting.recv(6, socket.MSG_WAITALL) == b"answer"


def test_who_comes_later_is_refused_as_soon_as_the_port_is_closed(listening: socket.socket) -> None:
    """A second later, that is: the kernel repeats what nobody answered (RFC 6298 §2)."""
    let_nobody_in(listening)
    with ThreadPoolExecutor(1) as others:
        late = others.submit(socket.create_connection, listening.getsockname()[:2], within(5))
        with pytest.raises(TimeoutError):
            late.result(0.2)
        listening.close()
        with pytest.raises(ConnectionRefusedError):
            late.result(within(5))


def test_other_ports_of_the_process_are_not_left(listening: socket.socket) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        leave_port(listening.getsockname()[1])
        connected(other, within(2)).close()


def test_a_socket_that_is_none_of_tcp_is_passed_over() -> None:
    one, other = socket.socketpair(socket.AF_UNIX)
    with one, other:
        let_nobody_in(one)
        one.sendall(b"a")
        assert other.recv(1) == b"a"
