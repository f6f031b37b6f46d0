"""The TLS of the card host: version 1.2, with a client certificate, without resumption.

Contains the TLS context, and a channel in which every wait has a deadline. Not here: HTTP, and deciding about the
certificate: the person must get a page, not a TLS alert, so the handshake accepts every certificate whose key the
client proves, and the application decides.
"""

import select
import socket
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from cryptography import x509
from OpenSSL import SSL, crypto

from idp.settings.files import read_octets, require_file

_Result = TypeVar("_Result")

# No RSA-PSS, which CPS3 cards cannot make (a browser that chooses it hangs), and no SHA-1. One list is for both
# directions, so the host's own key must be RSA too.
SIGNATURE_ALGORITHMS = b"RSA+SHA256:RSA+SHA384:RSA+SHA512"
CIPHERS = b"ECDHE+AESGCM"

# pyOpenSSL has these, but not among its public names or stubs; the listener's tests watch them.
_BINDING: Any = vars(SSL)["_lib"]
_OP_NO_RENEGOTIATION: int = vars(SSL)["OP_NO_RENEGOTIATION"]


class UnsuitableHostKey(ValueError):
    """The operator's certificate for the card host cannot be used."""


def card_context(
    certificate_pem_path: str, key_pem_path: str, client_cas_der: Sequence[bytes] = ()
) -> SSL.Context:
    """Returns a server context that asks for a client certificate.

    `client_cas_der`: the authorities announced, so that the browser's chooser hides other certificates.
    Raises OSError, OpenSSL.SSL.Error when a file cannot be used, UnsuitableHostKey.
    """
    for path in (certificate_pem_path, key_pem_path):
        require_file(Path(path))
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    # TLS 1.3 would require RSA-PSS from the card (RFC 8446 §4.2.3).
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_max_proto_version(SSL.TLS1_2_VERSION)
    context.set_cipher_list(CIPHERS)
    context.set_options(
        SSL.OP_NO_TICKET | SSL.OP_NO_COMPRESSION | SSL.OP_CIPHER_SERVER_PREFERENCE | _OP_NO_RENEGOTIATION
    )
    # A resumed session would repeat the identity without the card: no cache, no ticket.
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
    key = crypto.load_privatekey(crypto.FILETYPE_PEM, read_octets(Path(key_pem_path)))
    return key.type() == crypto.TYPE_RSA


def _accept_for_the_application(
    connection: SSL.Connection, certificate: crypto.X509, error: int, depth: int, is_valid: int
) -> bool:
    # A refusal here would be a TLS alert, which browsers show as a network error. The key is proved by
    # CertificateVerify (RFC 5246 §7.4.8), which this callback cannot waive.
    return True


def _select_http_1_1(connection: SSL.Connection, offered: list[bytes]) -> Any:
    # No HTTP/2: it forbids asking for a certificate later, and shares a connection between hosts.
    return b"http/1.1" if b"http/1.1" in offered else SSL.NO_OVERLAPPING_PROTOCOLS


class WaitDeadline:
    """The moment at which waiting stops."""

    def __init__(self, life: timedelta) -> None:
        self._at = time.monotonic() + life.total_seconds()

    def remaining(self) -> float:
        """Returns the seconds left. Raises TimeoutError when none are."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class TlsChannel:
    """One accepted connection. Its methods raise OSError, SSL.Error when the peer is gone, slow or malformed."""

    def __init__(self, context: SSL.Context, accepted: socket.socket) -> None:
        accepted.setblocking(False)
        self._socket = accepted
        self._tls = SSL.Connection(context, accepted)
        self._tls.set_accept_state()

    def answer_hello(self, deadline: WaitDeadline) -> None:
        """Read the whole ClientHello and send our flight with its CertificateRequest (RFC 5246 §7.3).

        Until then no person has to act: a client that is silent or slow here is idle or hostile.
        """
        self._persist(self._first_flights, deadline)

    def handshake(self, deadline: WaitDeadline) -> None:
        """Finish the handshake after `answer_hello`. The person types the PIN during this call."""
        self._persist(self._tls.do_handshake, deadline)
        # Cannot happen with the options above; if a library offered resumption again, no card would be proved.
        if _BINDING.SSL_session_reused(vars(self._tls)["_ssl"]):
            raise SSL.Error("resumed session")

    def certificate_der(self) -> bytes | None:
        """Returns the certificate whose key the client proved in this handshake, or None."""
        certificate = self._tls.get_peer_certificate()
        return None if certificate is None else crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)

    def receive(self, size: int, deadline: WaitDeadline) -> bytes:
        """Returns some bytes, none when the client closed."""
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
        """Close once the client has read everything: closing with unread input would reset the response just sent."""
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
            # OpenSSL draws the server's random when it has the whole ClientHello (before: None, or zeros),
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
