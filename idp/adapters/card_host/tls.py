"""The TLS of the card host: version 1.2, a client certificate asked for, no connection remembered.

Contains the TLS context and a channel whose every wait has a deadline.
Not here: HTTP, and any opinion on the certificate: a refused card must get a page, not an alert,
so every certificate whose key the client proves is let through, for the application to judge it.
"""

import select
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from cryptography import x509
from OpenSSL import SSL, crypto

_Result = TypeVar("_Result")

# The card and this host must agree without RSA-PSS, which CPS3 cards cannot make (a browser that picks it
# hangs), and without SHA-1. One list serves both directions, so the host's own key must be RSA too.
SIGNATURE_ALGORITHMS = b"RSA+SHA256:RSA+SHA384:RSA+SHA512"
CIPHERS = b"ECDHE+AESGCM"

# What pyOpenSSL has but its published stubs, or its public names, lack; the listener's tests watch them.
_BINDING: Any = vars(SSL)["_lib"]
_OP_NO_RENEGOTIATION: int = vars(SSL)["OP_NO_RENEGOTIATION"]


class UnsuitableHostKey(ValueError):
    """The operator's certificate for the card host cannot serve."""


def card_context(
    certificate_pem_path: str, key_pem_path: str, client_cas_der: Sequence[bytes] = ()
) -> SSL.Context:
    """A server context asking for a client certificate.

    `client_cas_der`: certificates of the authorities announced, so that the browser's chooser hides other
    certificates. Raises OpenSSL.SSL.Error when a file cannot be used, UnsuitableHostKey.
    """
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    # TLS 1.3 would demand RSA-PSS of the card (RFC 8446 §4.2.3).
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    context.set_cipher_list(CIPHERS)
    context.set_options(
        SSL.OP_NO_TICKET | SSL.OP_NO_COMPRESSION | SSL.OP_CIPHER_SERVER_PREFERENCE | _OP_NO_RENEGOTIATION
    )
    # A resumed session replays the identity without the card: no cache, no ticket.
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    if _BINDING.SSL_CTX_set1_sigalgs_list(vars(context)["_context"], SIGNATURE_ALGORITHMS) != 1:
        raise SSL.Error("signature algorithms refused")
    context.use_certificate_chain_file(certificate_pem_path)
    context.use_privatekey_file(key_pem_path)
    context.check_privatekey()
    if not _has_rsa_key(key_pem_path):
        raise UnsuitableHostKey("the card host's certificate must have an RSA key, the only kind cards have")
    context.set_verify(SSL.VERIFY_PEER, _accept_for_the_application)
    context.set_alpn_select_callback(_select_http_1_1)
    for der in client_cas_der:
        context.add_client_ca(x509.load_der_x509_certificate(der))
    return context


def _has_rsa_key(key_pem_path: str) -> bool:
    with open(key_pem_path, "rb") as file:
        return crypto.load_privatekey(crypto.FILETYPE_PEM, file.read()).type() == crypto.TYPE_RSA


def _accept_for_the_application(
    connection: SSL.Connection, certificate: crypto.X509, error: int, depth: int, is_valid: int
) -> bool:
    return True


def _select_http_1_1(connection: SSL.Connection, offered: list[bytes]) -> Any:
    # HTTP/2 forbids asking for a certificate later and shares connections between hosts.
    return b"http/1.1" if b"http/1.1" in offered else SSL.NO_OVERLAPPING_PROTOCOLS


class WaitDeadline:
    """A moment after which waiting stops."""

    def __init__(self, seconds: float) -> None:
        self._at = time.monotonic() + seconds

    def remaining(self) -> float:
        """Seconds left. Raises TimeoutError when none are."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class TlsChannel:
    """One accepted connection. Methods raise OSError or SSL.Error when the peer is gone, slow or speaks
    nonsense."""

    def __init__(self, context: SSL.Context, accepted: socket.socket) -> None:
        accepted.setblocking(False)
        self._socket = accepted
        self._tls = SSL.Connection(context, accepted)
        self._tls.set_accept_state()

    def answer_hello(self, deadline: WaitDeadline) -> None:
        """Until the whole ClientHello came and our flight, CertificateRequest included, left (RFC 5246 §7.3).

        No person acts before that: a client still silent or in mid-sentence is idle or hostile.
        """
        self._persist(self._first_flights, deadline)

    def handshake(self, deadline: WaitDeadline) -> None:
        """The rest of the handshake, after `answer_hello`. The person types the PIN during this call."""
        self._persist(self._tls.do_handshake, deadline)
        if _BINDING.SSL_session_reused(vars(self._tls)["_ssl"]):
            raise SSL.Error("resumed session")

    def certificate_der(self) -> bytes | None:
        """The certificate whose key the client proved to hold in this handshake."""
        certificate = self._tls.get_peer_certificate()
        return None if certificate is None else crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)

    def receive(self, size: int, deadline: WaitDeadline) -> bytes:
        """Some bytes; empty when the client closed."""
        try:
            return self._persist(lambda: self._tls.recv(size), deadline)
        except SSL.ZeroReturnError:
            return b""

    def send(self, content: bytes, deadline: WaitDeadline) -> None:
        remaining = memoryview(content)
        while remaining:
            sent = self._persist(lambda part=remaining: self._tls.send(part), deadline)  # type: ignore[misc]
            remaining = remaining[sent:]

    def finish(self, deadline: WaitDeadline) -> None:
        """Close after the client read everything: closing on unread input would reset what was just sent."""
        self._tls.shutdown()
        self._socket.shutdown(socket.SHUT_WR)
        while True:
            self._wait(select.POLLIN, deadline)
            if not self._socket.recv(4096):
                return

    def close(self) -> None:
        self._socket.close()

    def _first_flights(self) -> None:
        try:
            self._tls.do_handshake()
        except SSL.WantReadError:
            # OpenSSL draws the server's random once it holds the whole ClientHello (before: None, or zeros),
            # and reads again only when the flight that carries it is sent.
            if not any(self._tls.server_random() or b""):
                raise

    def _persist(self, operation: Callable[[], _Result], deadline: WaitDeadline) -> _Result:
        while True:
            try:
                return operation()
            except SSL.WantReadError:
                self._wait(select.POLLIN, deadline)
            except SSL.WantWriteError:
                self._wait(select.POLLOUT, deadline)

    def _wait(self, event: int, deadline: WaitDeadline) -> None:
        poll = select.poll()
        poll.register(self._socket, event)
        if not poll.poll(deadline.remaining() * 1000):
            raise TimeoutError
