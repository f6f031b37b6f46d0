"""A small server of one exchange per connection.

Contains accepting, threads, limits, the orderly end; its subclasses add the protocol. Not here: TLS (`tls`), HTTP
(`http`), cards.
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

from idp.adapters.card_host.http import CardRequest, CardResponse, encode, plain_text
from idp.adapters.card_host.tls import WaitDeadline
from idp.adapters.farewell import LEAVING_SECONDS, let_nobody_in

_log = structlog.get_logger(__name__)

Application = Callable[[CardRequest], CardResponse]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerLimits:
    """The operator says how many; how long is ours."""

    connections: int
    per_peer: int  # for one `peer_block`: one machine must not take every place
    head_bytes: int = 8 * 1024
    client_hello: timedelta = timedelta(
        seconds=10
    )  # from the connection to the end of the client's first flight
    handshake: timedelta = timedelta(seconds=120)  # after that: the person finds the card and types the PIN
    head: timedelta = timedelta(seconds=10)
    response: timedelta = timedelta(seconds=10)
    linger: timedelta = timedelta(seconds=2)  # for the client to read the end and close
    leaving: timedelta = timedelta(seconds=LEAVING_SECONDS)  # for those who connected before the end
    drain: timedelta = timedelta(seconds=25)  # the time that `shutdown` leaves to requests in progress


class SocketListener:
    """Accepts in `serve_forever`, until `shutdown` from any thread. Subclasses implement `_exchange` and `_peer`."""

    def __init__(
        self, sockets: Sequence[socket.socket], application: Application, limits: ListenerLimits
    ) -> None:
        self._application = application
        self._limits = limits
        self._places = _Places(limits.connections, limits.per_peer)
        self._threads: set[threading.Thread] = set()
        self._sockets = tuple(sockets)
        self._wakened, self._waker = socket.socketpair()

    def _exchange(self, accepted: socket.socket, peer: str) -> None:
        """Read one request and answer it. Raises OSError, SSL.Error when the peer is gone, slow or malformed."""
        raise NotImplementedError

    def _peer(self, address: object) -> str:
        """Returns the name under which a connection is counted, and which the application is told."""
        raise NotImplementedError

    def _let_nobody_in(self) -> None:
        """Whoever is connected is still accepted (docs/adr/0051)."""
        for listening in self._sockets:
            let_nobody_in(listening)

    def serve_forever(self) -> None:
        """Accept until `shutdown`, then whoever is connected already; leave requests in progress time to end."""
        try:
            self._accept_until(self._wakened, None)
            self._let_nobody_in()
            self._accept_until(None, WaitDeadline(self._limits.leaving))
        finally:
            self._stop()

    def _accept_until(self, wakened: socket.socket | None, deadline: WaitDeadline | None) -> None:
        poll = select.poll()
        by_descriptor = {listening.fileno(): listening for listening in self._sockets}
        for opened in (*self._sockets, *((wakened,) if wakened else ())):
            poll.register(opened, select.POLLIN)
        with suppress(TimeoutError):
            while True:
                left = None if deadline is None else deadline.remaining() * 1000
                for descriptor, _ in poll.poll(left):
                    if descriptor not in by_descriptor:
                        return
                    self._accept(by_descriptor[descriptor])

    def shutdown(self) -> None:
        """Make `serve_forever` return; safe from another thread, a signal handler, and twice."""
        with suppress(OSError):
            self._waker.send(b".")

    def _stop(self) -> None:
        for opened in (*self._sockets, self._wakened, self._waker):
            opened.close()
        deadline = WaitDeadline(self._limits.drain)
        with suppress(TimeoutError):
            for thread in tuple(self._threads):
                thread.join(deadline.remaining())

    def _accept(self, listening: socket.socket) -> None:
        try:
            accepted, address = listening.accept()
        except OSError:  # the client has left, or no descriptor is free: try again after a pause
            time.sleep(0.05)
            return
        peer = self._peer(address)
        # Closed without an answer: a TLS handshake for a refusal would cost what the limit is to save.
        if not self._places.take(peer):
            accepted.close()
            return
        thread = threading.Thread(target=self._serve, args=(accepted, peer), daemon=True)
        self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError:  # the machine has no thread left: this client is refused, the listener goes on
            _log.warning("card_listener_out_of_threads")
            self._forget(thread, accepted, peer)

    def _serve(self, accepted: socket.socket, peer: str) -> None:
        try:
            self._exchange(accepted, peer)
        except (OSError, SSL.Error) as fault:  # the client left, was slow, or does not speak TLS 1.2
            _log.debug("card_listener_connection_lost", fault=type(fault).__name__)
        except Exception:
            # A defect of ours must cost one connection, not the listener.
            _log.exception("card_listener_failed")
        finally:
            self._forget(threading.current_thread(), accepted, peer)

    def _forget(self, thread: threading.Thread, accepted: socket.socket, peer: str) -> None:
        self._places.release(peer)  # before the close: a client that sees it closed must find the place free
        self._threads.discard(thread)
        accepted.close()

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
        """Take a place. Returns whether there was one, to be released once."""
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
                del self._taken[block]  # only peers that are being served are remembered


def peer_block(address: str) -> str:
    """Returns the block with which an address is counted: an IPv4 address alone, also when mapped into IPv6 (RFC 4291
    §2.5.5.2); an IPv6 address with its /64, because one machine may use all addresses of it (RFC 8981)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:  # a peer on this machine, by its user name
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Network((int(parsed), 64), strict=False))
