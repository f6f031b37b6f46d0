"""The card host: a small HTTPS server that says which client certificate was proved, and leaves the verdict
to others.

Lives here: sockets, threads, limits, one GET per connection (HTTP/1.1, always closed afterwards).
Must not come here: TLS (`card_tls`), HTTP (`card_http`), what a card means (`idp.cards`), pages (the
application's).
"""

import ipaddress
import secrets
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

import structlog
from OpenSSL import SSL

from idp.adapters.card_http import CardRequest, CardResponse, HeadRefused, encode, plain_text, read_get
from idp.adapters.card_tls import Deadline, TlsChannel, card_context

__all__ = ["Application", "CardListener", "CardRequest", "CardResponse", "ListenerLimits", "peer_block"]

_log = structlog.get_logger(__name__)

Application = Callable[[CardRequest], CardResponse]


@dataclass(frozen=True, slots=True)
class ListenerLimits:
    connections: int = 200
    per_peer: int = 20  # of those, for one `peer_block`: one machine cannot take every place
    head_bytes: int = 8 * 1024
    client_hello: timedelta = timedelta(
        seconds=10
    )  # from the connection to the end of the client's first flight
    handshake: timedelta = timedelta(seconds=120)  # then: the person finds the card and types the PIN
    head: timedelta = timedelta(seconds=10)
    response: timedelta = timedelta(seconds=10)
    linger: timedelta = timedelta(seconds=2)  # for the client to read the end and close
    drain: timedelta = timedelta(seconds=3)  # what `shutdown` leaves to requests in progress


class CardListener:
    """Listens from construction on; accepts in `serve_forever`, until `shutdown` from any thread.

    `hosts` are addresses or names; those this machine cannot bind (no IPv6) are skipped as long as one
    remains. Port 0 takes a free one, the same for all: see `port`. Raises OSError, OpenSSL.SSL.Error.
    """

    def __init__(
        self,
        hosts: Sequence[str],
        port: int,
        certificate_pem_path: str,
        key_pem_path: str,
        application: Application,
        *,
        client_cas_der: Sequence[bytes] = (),
        limits: ListenerLimits | None = None,
    ) -> None:
        self._application = application
        self._limits = limits or ListenerLimits()
        self._context = card_context(certificate_pem_path, key_pem_path, client_cas_der)
        self._places = _Places(self._limits.connections, self._limits.per_peer)
        self._threads: set[threading.Thread] = set()
        self._sockets = _bind(hosts, port)
        self._wakened, self._waker = socket.socketpair()

    @property
    def port(self) -> int:
        return int(self._sockets[0].getsockname()[1])

    def serve_forever(self) -> None:
        """Accept until `shutdown`, then leave requests in progress a moment to end."""
        poll = select.poll()
        for listening in (*self._sockets, self._wakened):
            poll.register(listening, select.POLLIN)
        by_descriptor = {listening.fileno(): listening for listening in self._sockets}
        try:
            while True:
                ready = [descriptor for descriptor, _ in poll.poll()]
                if self._wakened.fileno() in ready:
                    return
                for descriptor in ready:
                    self._accept(by_descriptor[descriptor])
        finally:
            self._stop()

    def shutdown(self) -> None:
        """Make `serve_forever` return; safe from another thread, a signal handler, and twice."""
        with suppress(OSError):
            self._waker.send(b".")

    def _stop(self) -> None:
        for opened in (*self._sockets, self._wakened, self._waker):
            opened.close()
        deadline = Deadline(self._limits.drain.total_seconds())
        with suppress(TimeoutError):
            for thread in tuple(self._threads):
                thread.join(deadline.remaining())

    def _accept(self, listening: socket.socket) -> None:
        try:
            accepted, address = listening.accept()
        except OSError:  # the client left already, or no descriptor is free: try again, without spinning
            time.sleep(0.05)
            return
        peer = str(address[0])
        if not self._places.take(peer):
            accepted.close()
            return
        thread = threading.Thread(target=self._serve, args=(accepted, peer), daemon=True)
        self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError:  # no thread left on this machine: this client loses, the listener goes on
            _log.warning("card_listener_out_of_threads")
            self._forget(thread, accepted, peer)

    def _serve(self, accepted: socket.socket, peer: str) -> None:
        try:
            self._exchange(TlsChannel(self._context, accepted), peer)
        except (OSError, SSL.Error) as fault:  # a client that left, was slow, or does not speak TLS 1.2
            _log.debug("card_listener_connection_lost", fault=type(fault).__name__)
        except Exception:
            _log.exception("card_listener_failed")
        finally:
            self._forget(threading.current_thread(), accepted, peer)

    def _forget(self, thread: threading.Thread, accepted: socket.socket, peer: str) -> None:
        self._places.release(peer)  # first: who sees the connection closed finds the place free
        self._threads.discard(thread)
        accepted.close()

    def _exchange(self, channel: TlsChannel, peer: str) -> None:
        limits = self._limits
        channel.answer_hello(Deadline(limits.client_hello.total_seconds()))
        channel.handshake(Deadline(limits.handshake.total_seconds()))
        head_deadline = Deadline(limits.head.total_seconds())
        try:
            request = read_get(
                lambda size: channel.receive(size, head_deadline),
                limits.head_bytes,
                channel.certificate_der(),
                peer,
            )
            answer = self._answer(request)
        except HeadRefused as refused:
            answer = encode(plain_text(refused.status, refused.status.phrase))
        channel.send(answer, Deadline(limits.response.total_seconds()))
        channel.finish(Deadline(limits.linger.total_seconds()))

    def _answer(self, request: CardRequest) -> bytes:
        try:
            return encode(self._application(request))
        except Exception:
            incident = secrets.token_hex(4)
            _log.exception("card_application_failed", incident=incident)
            text = f"Erreur interne / internal error ({incident})"
            return encode(plain_text(HTTPStatus.INTERNAL_SERVER_ERROR, text))


class _Places:
    """The connections being served: `connections` in all, `per_peer` for one peer block."""

    def __init__(self, connections: int, per_peer: int) -> None:
        self._connections = connections
        self._per_peer = per_peer
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, peer: str) -> bool:
        """Whether there was a place; each one taken is to be released once."""
        block = peer_block(peer)
        with self._lock:
            full = self._taken.total() >= self._connections
            crowded = self._taken[block] >= self._per_peer
            if not (full or crowded):
                self._taken[block] += 1
                return True
        _log.warning("card_listener_full" if full else "card_listener_peer_full")
        return False

    def release(self, peer: str) -> None:
        block = peer_block(peer)
        with self._lock:
            self._taken[block] -= 1
            if not self._taken[block]:
                del self._taken[block]  # only peers being served are remembered


def peer_block(address: str) -> str:
    """Whom an address is counted with: an IPv4 address alone, also when mapped into IPv6 (RFC 4291 §2.5.5.2);
    an IPv6 address with its /64, since one machine has all of those at will (RFC 8981)."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed), 64), strict=False))


def _bind(hosts: Sequence[str], port: int) -> tuple[socket.socket, ...]:
    bound: list[socket.socket] = []
    failures: list[OSError] = []
    for host in hosts:
        for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            chosen = bound[0].getsockname()[1] if bound else port
            try:
                bound.append(_listening(family, (address[0], chosen)))
            except OSError as fault:
                failures.append(fault)
    if not bound:
        raise failures[0] if failures else OSError("no address to listen on")
    return tuple(bound)


def _listening(family: int, address: tuple[str | int, int]) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
        made.listen(128)
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made
