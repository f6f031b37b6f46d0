"""A syslog server that gets the lines of the audit trail (RFC 5424): by datagrams, TCP (RFC 6587), TLS (RFC 5425).

Contains the messages, and connections that are made anew. A server by a stream acknowledges nothing: what was sent
last on a connection that broke is sent again, so that a line may come twice, which its `chain` and `sequence` tell. Not
here: when lines are sent (`lines`).
"""

import os
import socket
import ssl
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from idp.core.audit_record import AuditRecord

_TIMEOUT_SECONDS = 3.0
#: RFC 5424 §6.2.1: « security/authorization » of facility 10, severity 6 (informational).
_PRIORITY = 10 * 8 + 6
#: Until a server that no longer acknowledges any octet is given up; what was sent meanwhile is in doubt.
_SILENT_SECONDS = 10
_DOUBTFUL_SECONDS = 2 * _SILENT_SECONDS
_MOST_DOUBTFUL = 2000


class Kind(NamedTuple):
    family: int
    type: int
    #: RFC 6587 §3.4.1, RFC 5425 §4.3: a stream says how long each message is.
    is_counted: bool


_KINDS: Mapping[str, Kind] = {
    "udp": Kind(socket.AF_UNSPEC, socket.SOCK_DGRAM, is_counted=False),
    "tcp": Kind(socket.AF_UNSPEC, socket.SOCK_STREAM, is_counted=True),
    "tls": Kind(socket.AF_UNSPEC, socket.SOCK_STREAM, is_counted=True),
    "unix": Kind(socket.AF_UNIX, socket.SOCK_DGRAM, is_counted=False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whom a server by TLS must be known by, and what it knows us by. `authorities`: PEM; None: those of the system.
    `certificate`, `key`: PEM; None: we show none."""

    authorities: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    def secured(self, plain: socket.socket, host: str) -> ssl.SSLSocket:
        """Raises OSError: a file cannot be read, the server is another one (RFC 5425 §5.2)."""
        # Files may have been renewed since the last connection.
        context = ssl.create_default_context(cafile=self.authorities)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate is not None:
            # A key that asks for a password would ask the terminal.
            context.load_cert_chain(self.certificate, self.key, password="")
        return context.wrap_socket(plain, server_hostname=host)


NOBODY = Trust()


def sent_of(records: Sequence[AuditRecord], send: Callable[[AuditRecord], None]) -> int:
    """Returns how many it sent. Raises OSError: not even the first."""
    for sent, record in enumerate(records):
        try:
            send(record)
        except OSError:
            if sent == 0:
                raise
            return sent
    return len(records)


@dataclass(slots=True, kw_only=True)
class Syslog:
    """`address`: a path for `unix`, else host and port."""

    kind: str
    address: str | tuple[str, int]
    node: str
    trust: Trust = NOBODY
    _socket: socket.socket | None = field(default=None, repr=False)
    #: Sent on the present connection, or on the one that broke, and when.
    _doubtful: deque[tuple[float, bytes]] = field(default_factory=lambda: deque(maxlen=_MOST_DOUBTFUL))

    def send(self, records: Sequence[AuditRecord]) -> int:
        self._look()
        return sent_of(records, self._send)

    def settle(self) -> None:
        self._look()
        if self._socket is None and self._forget_old():
            self._opened()

    def _send(self, record: AuditRecord) -> None:
        """Raises OSError, and begins anew with the next."""
        message = self._message(record)
        try:
            (self._socket or self._opened()).sendall(message)
        except OSError:
            self.leave()
            raise
        if _KINDS[self.kind].is_counted:
            self._doubtful.append((time.monotonic(), message))

    def leave(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _opened(self) -> socket.socket:
        """Returns a new connection, on which what is in doubt was sent again. Raises OSError."""
        self._socket = made = self._connect()
        try:
            if self._forget_old():
                made.sendall(b"".join([message for _at, message in self._doubtful]))
        except OSError:
            self.leave()
            raise
        # Once: a server that always closes after a few would get nothing else.
        self._doubtful.clear()
        return made

    def _forget_old(self) -> bool:
        """Returns whether anything is still in doubt."""
        since = time.monotonic() - _DOUBTFUL_SECONDS
        while self._doubtful and self._doubtful[0][0] < since:
            self._doubtful.popleft()
        return bool(self._doubtful)

    def _look(self) -> None:
        if self._socket is not None and self._is_over(self._socket):
            self.leave()

    def _is_over(self, opened: socket.socket) -> bool:
        """Whether the server closed it: it never says anything else, but for what TLS itself exchanges."""
        if not _KINDS[self.kind].is_counted:
            return False
        opened.setblocking(False)
        try:
            while opened.recv(4096):
                pass
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            return True
        finally:
            with suppress(OSError):
                opened.settimeout(_TIMEOUT_SECONDS)
        return True

    def _message(self, record: AuditRecord) -> bytes:
        at = record.at.isoformat(timespec="microseconds").replace("+00:00", "Z")
        # MSGID: without the blanks that no name of an event has. No structured data: the message is JSON.
        head = f"<{_PRIORITY}>1 {at} {self.node} caducee {os.getpid()} {record.event[:32]} - "
        message = f"{head}{record.line()}".encode()
        return b"%d %b" % (len(message), message) if _KINDS[self.kind].is_counted else message

    def _connect(self) -> socket.socket:
        kind = _KINDS[self.kind]
        if isinstance(self.address, str):
            found = [(kind.family, kind.type, 0, "", self.address)]
        else:
            found = list(socket.getaddrinfo(*self.address, kind.family, kind.type))  # type: ignore[arg-type]
        family, kind_of_socket, protocol, _, address = found[0]
        made = socket.socket(family, kind_of_socket, protocol)
        try:
            made.settimeout(_TIMEOUT_SECONDS)
            made.connect(address)
            if kind.is_counted:
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _SILENT_SECONDS * 1000)
            return self.trust.secured(made, str(self.address[0])) if self.kind == "tls" else made
        except OSError:
            made.close()
            raise


def syslog(kind: str, rest: str, node: str, trust: Trust) -> Syslog:
    """`rest`: as the setting has it, checked before: a path, or `host:port`."""
    if kind == "unix":
        return Syslog(kind=kind, address=rest, node=node)
    host, _, port = rest.rpartition(":")
    return Syslog(kind=kind, address=(host.strip("[]"), int(port)), node=node, trust=trust)
