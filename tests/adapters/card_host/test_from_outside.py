"""What `idp doctor` meets at a card host, and at what is none."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from cryptography import x509

from idp.adapters.card_host.from_outside import NoHandshake, meet
from idp.adapters.card_host.tls_listener import ListenerLimits
from tests.adapters.card_host.test_tls_listener import Host, igc, limited, serve
from tests.limits import within
from tests.servers import free_port

__all__ = ["igc", "serve"]


def test_a_card_host_asks_and_announces_its_authorities(
    serve: Callable[[ListenerLimits], Host], igc: Path
) -> None:
    met = meet("localhost", serve(limited()).port, within(5))
    issuing = x509.load_pem_x509_certificate((igc / "ca/issuing.pem").read_bytes())
    assert met.asks
    assert issuing.subject.public_bytes() in met.authorities
    assert met.certificate.subject != met.certificate.issuer


@pytest.fixture
def other(igc: Path) -> Iterator[Callable[[ssl.SSLContext | None], int]]:
    """Another server that takes one connection, with TLS or in the clear. Returns its port."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        taking: list[threading.Thread] = []

        def begin(context: ssl.SSLContext | None) -> int:
            def take() -> None:
                connection, _peer = listening.accept()
                with connection, suppress(OSError):
                    if context is None:
                        connection.sendall(b"220 relay.example ESMTP\r\n")
                    else:
                        context.wrap_socket(connection, server_side=True).close()

            taking.append(threading.Thread(target=take))
            taking[0].start()
            return int(listening.getsockname()[1])

        yield begin
        for thread in taking:
            thread.join(within(5))


def test_a_server_that_asks_for_no_certificate_is_told_apart(
    other: Callable[[ssl.SSLContext | None], int], igc: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(igc / "tls/server.crt", igc / "tls/server.key")
    met = meet("127.0.0.1", other(context), within(5))
    assert (met.asks, met.authorities) == (False, frozenset())


def test_what_speaks_no_tls_or_nothing_at_all_is_said(other: Callable[[ssl.SSLContext | None], int]) -> None:
    with pytest.raises(NoHandshake):
        meet("127.0.0.1", other(None), within(5))
    with pytest.raises(ConnectionRefusedError):
        meet("127.0.0.1", free_port(), within(5))
    with closing(socket.create_server(("127.0.0.1", 0))) as silent, pytest.raises(TimeoutError):
        meet("127.0.0.1", int(silent.getsockname()[1]), 0.2)
