"""The HTTP of the card host: one request head, one response.

Contains a request and a response, and reading and writing them within bounds. Not here: sockets, threads, TLS, cards.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

import h11

_OWN_HEADERS = frozenset({"connection", "content-length", "transfer-encoding"})

Receive = Callable[[int], bytes]
"""At most so many bytes from the client; empty once it closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRequest:
    """A GET. `path` and `query` are as sent (ASCII, still percent-encoded); header names are in lower
    case."""

    path: str
    query: str
    headers: Mapping[str, str]
    certificate_der: bytes | None  # its key was proved in this handshake; nothing else was checked
    peer: str  # IP address


@dataclass(frozen=True, slots=True)
class CardResponse:
    """The listener adds `Content-Length` and `Connection: close`."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class HeadRefused(Exception):
    """A request that the listener refuses without asking the application."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status)
        self.status = status


def read_get(receive: Receive, head_bytes: int, certificate_der: bytes | None, peer: str) -> CardRequest:
    """Returns the GET that the client sent. Raises HeadRefused, ConnectionResetError, and what `receive` raises."""
    head = _head(receive, head_bytes)
    if head.method != b"GET":
        raise HeadRefused(HTTPStatus.METHOD_NOT_ALLOWED)
    target = head.target.decode("ascii")
    if not target.startswith("/"):  # RFC 9112 §3.2.1: origin-form; this host is no proxy
        raise HeadRefused(HTTPStatus.BAD_REQUEST)
    path, _, query = target.partition("?")
    return CardRequest(
        path=path, query=query, headers=_merged(head), certificate_der=certificate_der, peer=peer
    )


def _head(receive: Receive, left: int) -> h11.Request:
    protocol = h11.Connection(h11.SERVER, max_incomplete_event_size=left)
    while True:
        try:
            event = protocol.next_event()
        except h11.RemoteProtocolError as fault:
            raise HeadRefused(HTTPStatus(fault.error_status_hint)) from fault
        if isinstance(event, h11.Request):
            return event
        if event is not h11.NEED_DATA:
            raise ConnectionResetError
        if left == 0:
            raise HeadRefused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        received = receive(left)
        left -= len(received)
        protocol.receive_data(received)


def _merged(head: h11.Request) -> dict[str, str]:
    merged: dict[str, str] = {}
    for raw_name, raw_value in head.headers:  # h11 returns names in lower case and refuses a second Host
        name, value = raw_name.decode("ascii"), raw_value.decode("latin-1")
        joint = "; " if name == "cookie" else ", "  # RFC 9110 §5.3; RFC 9113 §8.2.3 for cookies
        merged[name] = f"{merged[name]}{joint}{value}" if name in merged else value
    return merged


def encode(response: CardResponse) -> bytes:
    """Returns the bytes of a response. Raises h11.LocalProtocolError for a header that would split it."""
    headers = [pair for pair in response.headers if pair[0].lower() not in _OWN_HEADERS]
    headers += [("Content-Length", str(len(response.body))), ("Connection", "close")]
    protocol = h11.Connection(h11.SERVER)
    parts: tuple[h11.Event, ...] = (
        h11.Response(status_code=response.status, headers=headers),
        h11.Data(data=response.body),
        h11.EndOfMessage(),
    )
    return b"".join(protocol.send(part) or b"" for part in parts)


def plain_text(status: HTTPStatus, text: str) -> CardResponse:
    """Returns the listener's own response, when it refuses a request or the application failed."""
    headers = (
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    )
    allowed = (("Allow", "GET"),) if status is HTTPStatus.METHOD_NOT_ALLOWED else ()
    return CardResponse(status, headers + allowed, f"{text}\n".encode())
