"""Where the lines of the audit trail go: the standard output, a file, a syslog server (RFC 5424).

Contains a place each, by the beginning of its setting. Not here: when they are sent (`lines`).
"""

import errno
import os
import socket
import stat
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from idp.core.audit_record import AuditRecord

#: Of a syslog server.
_TIMEOUT_SECONDS = 3.0
#: RFC 5424 §6.2.1: « security/authorization » of facility 10, severity 6 (informational).
_PRIORITY = 10 * 8 + 6


@dataclass(slots=True)
class Output:
    """The standard output, for the container or the unit that collects it."""

    def send(self, records: Sequence[AuditRecord]) -> int:
        for record in records:
            # One write each: those of several processes on one pipe are not mixed then.
            sys.stdout.write(f"{record.line()}\n")
            sys.stdout.flush()
        return len(records)


@dataclass(slots=True)
class File:
    """Appended to, mode 0600. Opened anew for each batch: it may be rotated by renaming."""

    path: Path
    _is_cut: bool = False

    def send(self, records: Sequence[AuditRecord]) -> int:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NONBLOCK
        descriptor = os.open(self.path, flags, stat.S_IRUSR | stat.S_IWUSR)
        try:
            return _sent_of(records, lambda record: self._write(descriptor, record))
        finally:
            os.close(descriptor)

    def _write(self, descriptor: int, record: AuditRecord) -> None:
        """Raises OSError. A line that the end of the disk cut in two is sent again, after a line end."""
        line = f"{chr(10) if self._is_cut else ''}{record.line()}\n".encode()
        written = os.write(descriptor, line)
        if written < len(line):
            self._is_cut = self._is_cut or written > 0
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._is_cut = False


def _sent_of(records: Sequence[AuditRecord], send: Callable[[AuditRecord], None]) -> int:
    """Returns how many it sent. Raises OSError: not even the first."""
    for sent, record in enumerate(records):
        try:
            send(record)
        except OSError:
            if sent == 0:
                raise
            return sent
    return len(records)


class Kind(NamedTuple):
    family: int
    type: int
    #: RFC 6587 §3.4.1: a stream says how long each message is.
    is_counted: bool


_KINDS: Mapping[str, Kind] = {
    "udp": Kind(socket.AF_UNSPEC, socket.SOCK_DGRAM, is_counted=False),
    "tcp": Kind(socket.AF_UNSPEC, socket.SOCK_STREAM, is_counted=True),
    "unix": Kind(socket.AF_UNIX, socket.SOCK_DGRAM, is_counted=False),
}


@dataclass(slots=True, kw_only=True)
class Syslog:
    """`address`: a path for `unix`, else host and port."""

    kind: str
    address: str | tuple[str, int]
    node: str
    _socket: socket.socket | None = field(default=None, repr=False)

    def send(self, records: Sequence[AuditRecord]) -> int:
        return _sent_of(records, self._send)

    def _send(self, record: AuditRecord) -> None:
        """Raises OSError, and begins anew with the next."""
        try:
            if self._socket is None:
                self._socket = self._connect()
            self._socket.sendall(self._message(record))
        except OSError:
            self.leave()
            raise

    def leave(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

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
        except OSError:
            made.close()
            raise
        return made


def syslog(kind: str, rest: str, node: str) -> Syslog:
    """`rest`: as the setting has it, checked before: a path, or `host:port`."""
    if kind == "unix":
        return Syslog(kind=kind, address=rest, node=node)
    host, _, port = rest.rpartition(":")
    return Syslog(kind=kind, address=(host.strip("[]"), int(port)), node=node)


_PLACES: Mapping[str, Callable[[str, str], "Output | File | Syslog"]] = {
    "stdout": lambda _rest, _node: Output(),
    "file": lambda rest, _node: File(Path(rest)),
    "udp": lambda rest, node: syslog("udp", rest, node),
    "tcp": lambda rest, node: syslog("tcp", rest, node),
    "unix": lambda rest, node: syslog("unix", rest, node),
}


def place_of(setting: str, node: str) -> Output | File | Syslog:
    """Returns the place that `CADUCEE_AUDIT_LINES` names: `stdout`, `file:/path`, `udp:host:port` and so on."""
    kind, _, rest = setting.partition(":")
    return _PLACES[kind](rest, node)
