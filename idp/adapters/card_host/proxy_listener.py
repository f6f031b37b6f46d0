"""The card host behind a proxy that terminates the TLS: a private Unix socket, and one trusted user of the machine.

Contains who may connect, and RFC 9440's `Client-Cert`. Not here: deciding about the certificate: the header says only
that the proxy saw its key proved, and only if it comes from that proxy.
"""

import dataclasses
import os
import pwd
import re
import select
import socket
import struct
from collections.abc import Callable
from pathlib import Path

from idp.adapters.card_host.http import CardRequest, HeadRefused, encode, plain_text, read_get
from idp.adapters.card_host.socket_listener import Application, ListenerLimits, SocketListener
from idp.adapters.card_host.tls import WaitDeadline
from idp.core.octets import NotOctets, b64_octets

#: If the proxy forwards a text that is no certificate, the person is told that there was no card.
UNREADABLE = b"\x00"
_HEAD_BYTES = 24 * 1024  # a certificate of 16 KiB in base64


class ProxyUserUnknown(ValueError):
    """CADUCEE_CARD_PROXY_USER names no user of this machine."""


def certificate_of(value: str) -> bytes | None:
    """Returns the certificate in `Client-Cert` (RFC 9440 §2.1: a byte sequence of RFC 8941), None when it is empty."""
    if not value:
        return None
    found = re.fullmatch(r":([A-Za-z0-9+/]+={0,2}):", value)
    try:
        return b64_octets(found[1]) if found else UNREADABLE
    except NotOctets:
        return UNREADABLE


class CardProxy(SocketListener):
    """Listens on `path` from construction on. Raises OSError, ProxyUserUnknown.

    `on_unknown_peer` is called when another user than `user` connects: that peer gets no answer.
    """

    def __init__(
        self,
        path: Path,
        user: str,
        application: Application,
        *,
        on_unknown_peer: Callable[[], None],
        limits: ListenerLimits,
    ) -> None:
        try:
            trusted = pwd.getpwnam(user)
        except KeyError as fault:
            raise ProxyUserUnknown(f"CADUCEE_CARD_PROXY_USER: no user {user} on this machine") from fault
        self._path, self._user_id, self._on_unknown_peer = path, trusted.pw_uid, on_unknown_peer
        # Every browser comes through the proxy, which limits each of them itself.
        chosen = dataclasses.replace(limits, per_peer=limits.connections, head_bytes=_HEAD_BYTES)
        super().__init__((_listening(path, trusted),), application, chosen)

    def _peer(self, address: object) -> str:
        return "proxy"

    def _let_nobody_in(self) -> None:
        # Its name goes first: who connected is in the queue by then, and the proxy is told at once that nobody is here.
        self._path.unlink(missing_ok=True)

    def _exchange(self, accepted: socket.socket, peer: str) -> None:
        # Before a byte is read: a peer that is not the proxy could name any certificate.
        if _user_of(accepted) != self._user_id:
            self._on_unknown_peer()
            return
        accepted.setblocking(False)
        limits = self._limits
        deadline = WaitDeadline(limits.head)
        try:
            request = read_get(lambda size: _receive(accepted, size, deadline), _HEAD_BYTES, None, peer)
            answer = self._answer(_with_certificate(request))
        except HeadRefused as refused:
            answer = encode(plain_text(refused.status, refused.status.phrase))
        accepted.settimeout(limits.response.total_seconds())
        accepted.sendall(answer)


def _with_certificate(request: CardRequest) -> CardRequest:
    """Replace the header by the certificate: the application never sees the header."""
    headers = {name: value for name, value in request.headers.items() if not name.startswith("client-cert")}
    certificate = certificate_of(request.headers.get("client-cert", ""))
    return dataclasses.replace(request, headers=headers, certificate_der=certificate)


def _user_of(accepted: socket.socket) -> int:
    """Returns the user that connected according to the kernel (unix(7), SO_PEERCRED): the peer cannot forge it."""
    credentials = accepted.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _process, user, _group = struct.unpack("3i", credentials)
    return int(user)


def _receive(accepted: socket.socket, size: int, deadline: WaitDeadline) -> bytes:
    poll = select.poll()
    poll.register(accepted, select.POLLIN)
    if not poll.poll(deadline.remaining() * 1000):
        raise TimeoutError
    return accepted.recv(size)


def _listening(path: Path, trusted: pwd.struct_passwd) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _clear(path)
        # From its first instant the socket is ours alone; the proxy's group gets it below.
        previous = os.umask(0o177)
        try:
            made.bind(str(path))
        finally:
            os.umask(previous)
        if trusted.pw_uid != os.geteuid():
            os.chown(path, -1, trusted.pw_gid)
        path.chmod(0o660)
        made.listen(128)
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made


def _clear(path: Path) -> None:
    """Remove a socket left by a killed process. Raises OSError when a process still listens on it."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        if probe.connect_ex(str(path)) == 0:
            raise OSError(f"{path}: another card host listens there")
    path.unlink()
