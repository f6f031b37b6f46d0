"""One kept-alive HTTP/1.1 connection of a browser or a relying party.

Contains sending a request and reading its answer, over TCP or TLS. Not here: cookies, redirects (`browser`).
"""

import socket
import ssl
import zlib
from dataclasses import dataclass, field
from typing import Protocol

from bench.driver.loop import Loop, readable

_CONNECT_SECONDS = 20
_CHUNK = 262144
#: Others are not read: parsing must stay cheap.
_KEPT = frozenset({b"location", b"set-cookie", b"content-type"})


class HttpFailed(Exception):
    """The answer did not come whole."""


class _Stale(HttpFailed):
    """The server closed a kept connection before it answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers`: names in small letters, those of `_KEPT` only."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @property
    def location(self) -> str | None:
        return next((value.decode() for name, value in self.headers if name == b"location"), None)


@dataclass(slots=True)
class _Head:
    status: int
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    length: int | None = None
    is_chunked: bool = False
    is_last: bool = False
    is_gzip: bool = False

    @classmethod
    def read(cls, text: bytes) -> "_Head":
        lines = text.split(b"\r\n")
        keeps = lines[0][5:8] == b"1.1"
        head = cls(int(lines[0][9:12]), is_last=not keeps)
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            head.take(name.lower(), value.strip(), keeps=keeps)
        return head

    def take(self, name: bytes, value: bytes, *, keeps: bool) -> None:
        if name in _KEPT:
            self.headers.append((name, value))
        elif name == b"content-length":
            self.length = int(value)
        elif name == b"transfer-encoding":
            self.is_chunked = b"chunked" in value.lower()
        elif name == b"connection":
            self.is_last = b"close" in value.lower() or not (keeps or b"keep-alive" in value.lower())
        elif name == b"content-encoding":
            self.is_gzip = b"gzip" in value


class Channel(Protocol):
    """What a browser or a relying party sends requests by."""

    async def request(self, octets: bytes) -> Answer: ...

    def close(self) -> None: ...


class Connect(Protocol):
    """Returns a channel to this host; with a card when there is a TLS context."""

    def __call__(self, host: str, port: int, tls: ssl.SSLContext | None = None, /) -> Channel: ...


class Connection:
    """Connects at its first request, and again when the server closed it. `tls`: with the card of one person."""

    def __init__(self, loop: Loop, host: str, port: int, tls: ssl.SSLContext | None = None) -> None:
        self._loop, self._host, self._port, self._tls = loop, host, port, tls
        self._socket: socket.socket | None = None
        self.number = -1

    async def request(self, octets: bytes) -> Answer:
        """Returns the answer to one request, as written. Raises HttpFailed, OSError."""
        if self._socket is not None:
            try:
                return await self._exchange(octets)
            except _Stale:
                self.close()
        await self._connect()
        return await self._exchange(octets)

    def close(self) -> None:
        if self._socket is not None:
            self._loop.remove(self)
            self._socket.close()
            self._socket, self.number = None, -1

    async def _connect(self) -> None:
        made = socket.create_connection((self._host, self._port), timeout=_CONNECT_SECONDS)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        made.setblocking(False)
        if self._tls is not None:
            made = self._tls.wrap_socket(made, server_hostname=self._host, do_handshake_on_connect=False)
        self._socket, self.number = made, made.fileno()
        self._loop.add(self)
        while isinstance(made, ssl.SSLSocket):
            try:
                made.do_handshake()
                break
            except ssl.SSLWantReadError:
                await readable(self)

    async def _exchange(self, octets: bytes) -> Answer:
        assert self._socket is not None
        try:
            sent = self._socket.send(octets)
            if sent < len(octets):
                self._socket.setblocking(True)
                self._socket.sendall(octets[sent:])
                self._socket.setblocking(False)
        except (BrokenPipeError, ConnectionResetError):
            raise _Stale from None
        text = b""
        while (end := text.find(b"\r\n\r\n")) < 0:
            more = await self._receive()
            if not more:
                self.close()
                raise HttpFailed("closed inside the head") if text else _Stale
            text += more
        head = _Head.read(text[:end])
        body = await self._body(head, text[end + 4 :])
        if head.is_last:
            self.close()
        return Answer(head.status, head.headers, zlib.decompress(body, 31) if head.is_gzip else body)

    async def _body(self, head: _Head, begun: bytes) -> bytes:
        if head.is_chunked:
            return await self._chunks(begun)
        if head.length is not None:
            while len(begun) < head.length:
                begun += await self._more()
            return begun
        if head.status not in (204, 304):
            head.is_last = True
            while more := await self._receive():
                begun += more
        return begun

    async def _chunks(self, text: bytes) -> bytes:
        body = b""
        while True:
            while (end := text.find(b"\r\n")) < 0:
                text += await self._more()
            size = int(text[:end].split(b";")[0], 16)
            needed = end + 2 + size + 2
            while len(text) < needed:
                text += await self._more()
            if size == 0:
                return body
            body += text[end + 2 : end + 2 + size]
            text = text[needed:]

    async def _more(self) -> bytes:
        more = await self._receive()
        if not more:
            self.close()
            raise HttpFailed("closed inside the body")
        return more

    async def _receive(self) -> bytes:
        """Returns what came; empty once the server closed."""
        assert self._socket is not None
        waits = self._tls is None  # TLS may hold octets already that no event will tell of
        while True:
            if waits:
                await readable(self)
            waits = True
            try:
                return self._socket.recv(_CHUNK)
            except (BlockingIOError, ssl.SSLWantReadError):
                continue
            except (ConnectionResetError, ssl.SSLEOFError):
                return b""
