"""The card host as a small HTTPS server, which says which client certificate was proved.

Contains listening, and one GET per connection over TLS (HTTP/1.1, always closed afterwards). Not here: threads and
limits (`socket_listener`), TLS (`tls`), HTTP (`http`), deciding about a card (`idp.cards`), pages (the application's).
"""

import socket
from collections.abc import Sequence

from idp.adapters.card_host.http import CardRequest, CardResponse, HeadRefused, encode, plain_text, read_get
from idp.adapters.card_host.socket_listener import Application, ListenerLimits, SocketListener, peer_block
from idp.adapters.card_host.tls import TlsChannel, WaitDeadline, card_context

__all__ = ["Application", "CardListener", "CardRequest", "CardResponse", "ListenerLimits", "peer_block"]


class CardListener(SocketListener):
    """Listens from construction on; accepts in `serve_forever`, until `shutdown` from any thread.

    `hosts`: addresses or names. Those that this machine cannot bind (no IPv6) are skipped if one remains. Port 0 takes
    a free port, the same for all: see `port`. Raises OSError, OpenSSL.SSL.Error.
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
        limits: ListenerLimits,
    ) -> None:
        self._context = card_context(certificate_pem_path, key_pem_path, client_cas_der)
        super().__init__(_bind(hosts, port), application, limits)

    @property
    def port(self) -> int:
        return int(self._sockets[0].getsockname()[1])

    def _peer(self, address: object) -> str:
        return str(address[0]) if isinstance(address, tuple) else str(address)

    def _exchange(self, accepted: socket.socket, peer: str) -> None:
        limits, channel = self._limits, TlsChannel(self._context, accepted)
        channel.answer_hello(WaitDeadline(limits.client_hello))
        channel.handshake(WaitDeadline(limits.handshake))
        head_deadline = WaitDeadline(limits.head)
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
        channel.send(answer, WaitDeadline(limits.response))
        channel.finish(WaitDeadline(limits.linger))


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
