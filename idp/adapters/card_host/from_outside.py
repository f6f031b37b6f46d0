"""Contains what a browser without a card meets at the card host: its certificate, and whether it asks for one.

Nothing is sent after the handshake, and nothing that comes is believed. Not here: the card host itself (`tls`), what is
right (`wiring/doctor`).
"""

import select
import socket
import time
from contextlib import closing
from dataclasses import dataclass

from cryptography import x509
from OpenSSL import SSL

_ASKING = b"certificate request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """`authorities`: the names that it announces, DER; empty: none, so browsers show every certificate that they
    have."""

    certificate: x509.Certificate
    asks: bool
    authorities: frozenset[bytes]


class NoHandshake(OSError):
    """Something answers there, and speaks no TLS 1.2 with us."""


def meet(host: str, port: int, seconds: float) -> Met:
    """Raises OSError: nobody answers; NoHandshake."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    context.set_verify(SSL.VERIFY_NONE)
    states: list[bytes] = []
    context.set_info_callback(
        lambda connection, _where, _result: states.append(connection.get_state_string())
    )
    end = time.monotonic() + seconds
    with closing(socket.create_connection((host, port), timeout=seconds)) as plain:
        plain.setblocking(False)
        connection = SSL.Connection(context, plain)
        connection.set_tlsext_host_name(host.encode("idna"))
        connection.set_connect_state()
        _shake_hands(connection, plain, end)
        presented = connection.get_peer_certificate(as_cryptography=True)
        if presented is None:
            raise NoHandshake("it presents no certificate")
        names = frozenset(name.der() for name in connection.get_client_ca_list())
    return Met(certificate=presented, asks=any(_ASKING in state for state in states), authorities=names)


def _shake_hands(connection: SSL.Connection, plain: socket.socket, end: float) -> None:
    while True:
        try:
            connection.do_handshake()
        except SSL.WantReadError:
            if not select.select([plain], [], [], max(end - time.monotonic(), 0))[0]:
                raise TimeoutError("no answer") from None
        except SSL.Error as error:
            raise NoHandshake(f"no TLS 1.2 handshake ({type(error).__name__})") from error
        else:
            return
