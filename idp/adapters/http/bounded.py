"""HTTP towards machines that we do not run: bounded in time and size, nothing kept between calls.

Contains the limits of one exchange (connect, total, bytes), and reading a JSON answer. Not here: OpenID, cookies,
redirects, proxies from the environment, retries.

`requests.HTTPAdapter` is called without `requests.Session`: `Session.send` reads the whole body of a
redirect, without limit, even under `allow_redirects=False`, keeps cookies, and reads the environment.
"""

import io
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException
from typing import Any, Protocol, cast

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection

from idp.core.texts import read_json

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 10.0
BODY_BYTES = 1024 * 1024

_READ_BYTES = 64 * 1024


class NoUsableAnswer(Exception):
    """There was no answer within the limits, or it is not JSON. The message holds nothing that was sent."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """One answer within bounds, complete unless it is a refusal. `media_type`: lower case, without parameters."""

    status: int
    media_type: str
    body: bytes

    @property
    def is_page(self) -> bool:
        """Whether it is for a person's eyes: most often a proxy's. Some servers call nothing at all HTML."""
        return self.media_type == "text/html" and bool(self.body)

    def json(self) -> object:
        """Returns the JSON value of the body; of duplicate members, the last. Raises NoUsableAnswer."""
        # RFC 6839 §3.1: the +json suffix. Anything else is most often a proxy's HTML page.
        if self.media_type != "application/json" and not self.media_type.endswith("+json"):
            raise NoUsableAnswer("not a JSON answer")
        return parse_json(self.body)


class BoundedHttp(Protocol):
    def get(self, url: str, headers: Mapping[str, str]) -> HttpAnswer:
        """Returns the answer, whatever its status: a redirect is only a status. Raises NoUsableAnswer."""

    def post_form(self, url: str, form: str, headers: Mapping[str, str]) -> HttpAnswer:
        """POST a form that is already url-encoded. Returns and raises as `get`."""


def parse_json(text: bytes) -> object:
    """Returns any JSON value but NaN and infinities. Raises NoUsableAnswer, also for excessive nesting and numbers."""
    try:
        value: object = read_json(text.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        # `from None`: JSONDecodeError carries the whole document, tokens included.
        raise NoUsableAnswer("unreadable JSON") from None
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError("RFC 8259 §6: no such number")


class SafeHttp:
    """TLS is verified, no redirect followed, nothing kept: every call has its own connection."""

    def __init__(
        self,
        *,
        connect_seconds: float = CONNECT_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
        body_bytes: int = BODY_BYTES,
        certificate: tuple[str, str] | None = None,
        ca_file: str = "",
    ) -> None:
        """`certificate`: PEM files of a client certificate and its key, presented on every call."""
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds
        self._body_bytes = body_bytes
        self._certificate = certificate
        self._verify: bool | str = ca_file or True

    def get(self, url: str, headers: Mapping[str, str]) -> HttpAnswer:
        return self._exchange(requests.Request("GET", url, headers=dict(headers)))

    def post_form(self, url: str, form: str, headers: Mapping[str, str]) -> HttpAnswer:
        sent = {**headers, "Content-Type": "application/x-www-form-urlencoded"}
        return self._exchange(requests.Request("POST", url, data=form.encode("ascii"), headers=sent))

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> HttpAnswer:
        """POST any other body. `headers` name its media type and what is accepted."""
        return self._exchange(requests.Request("POST", url, data=body, headers=dict(headers)))

    def download(self, url: str, headers: Mapping[str, str], sink: Callable[[bytes], object]) -> HttpAnswer:
        """Write the body to `sink` piece by piece. Returns the answer without body. Raises NoUsableAnswer."""
        return self._exchange(requests.Request("GET", url, headers=dict(headers)), sink)

    def _exchange(
        self, request: requests.Request, sink: Callable[[bytes], object] | None = None
    ) -> HttpAnswer:
        kept = bytearray()
        # Accept-Encoding identity: a compressed body could exceed its bound after it is unpacked.
        request.headers = {
            "Accept": "application/json",
            **request.headers,
            "Accept-Encoding": "identity",
            "Connection": "close",
            "User-Agent": "caducee",
        }
        limits = (self._connect_seconds, self._total_seconds)
        try:
            with (
                closing(self._adapter_for(request, ExchangeDeadline(self._total_seconds))) as adapter,
                adapter.send(
                    request.prepare(),
                    stream=True,
                    timeout=limits,
                    verify=self._verify,
                    cert=self._certificate,
                ) as answer,
            ):
                media_type = answer.headers.get("Content-Type", "").split(";")[0].strip().lower()
                self._read(answer, sink or kept.extend)
                return HttpAnswer(answer.status_code, media_type, bytes(kept))
        except (OSError, ValueError, urllib3.exceptions.HTTPError, HTTPException) as error:
            raise NoUsableAnswer(type(error).__name__) from error

    def _adapter_for(self, request: requests.Request, deadline: "ExchangeDeadline") -> "DeadlineAdapter":
        """Returns the adapter for this request. `adapters/http/outbound` overrides it with a stricter one."""
        return DeadlineAdapter(deadline)

    def _read(self, answer: requests.Response, sink: Callable[[bytes], object]) -> None:
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            raise NoUsableAnswer("compressed although not asked for")
        size = 0
        while piece := answer.raw.read(_READ_BYTES, decode_content=False):
            size += len(piece)
            if size > self._body_bytes:
                # What is refused is said by the status: a long text below it, cut off here, hides nothing of that.
                if answer.status_code >= 400:
                    return
                raise NoUsableAnswer("too large")
            sink(piece)


class ExchangeDeadline:
    """The end of a whole exchange. It measures elapsed time, not the time of day: hence no Clock port."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def remaining(self) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError("too slow")
        return left


class _DeadlineReader(io.RawIOBase):
    """Gives each read the time that is left: a timeout per read alone would allow one byte a second for ever."""

    def __init__(self, sock: socket.socket, deadline: ExchangeDeadline) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._deadline.remaining())
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _DeadlineSocket:
    """A connected socket whose readers obey the deadline. Everything else is delegated to the socket."""

    def __init__(self, sock: socket.socket, deadline: ExchangeDeadline) -> None:
        self._sock = sock
        self._deadline = deadline

    def makefile(self, mode: str = "rb") -> io.BufferedReader:
        return io.BufferedReader(_DeadlineReader(self._sock, self._deadline))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


class DeadlineHttpConnection(HTTPConnection):
    def __init__(self, *args: Any, deadline: ExchangeDeadline, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline = deadline

    def connect(self) -> None:
        super().connect()
        self.sock = cast(socket.socket, _DeadlineSocket(self.sock, self._deadline))


class DeadlineHttpsConnection(HTTPSConnection):
    def __init__(self, *args: Any, deadline: ExchangeDeadline, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._deadline = deadline

    def connect(self) -> None:
        super().connect()
        self.sock = cast(socket.socket, _DeadlineSocket(self.sock, self._deadline))


_CONNECTIONS: Mapping[str, type[DeadlineHttpConnection] | type[DeadlineHttpsConnection]] = {
    "http": DeadlineHttpConnection,
    "https": DeadlineHttpsConnection,
}


class DeadlineAdapter(HTTPAdapter):
    """The adapter of one exchange: no retry, and connections that obey its deadline."""

    def __init__(self, deadline: ExchangeDeadline) -> None:
        self.deadline = deadline
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        pool.ConnectionCls = self.connection(pool.scheme)
        return pool

    def connection(self, scheme: str) -> Callable[..., Any]:
        return partial(_CONNECTIONS[scheme], deadline=self.deadline)
