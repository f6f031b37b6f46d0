"""The application as granian calls it: WSGI over ASGI (docs/adr/0032).

Contains header values as the bytes that were sent (granian's own WSGI empties each value with another byte than
ASCII), and bodies that are there before the application is called. Not here: threads (`loop`), processes (`server`).
"""

import io
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

import structlog

log = structlog.get_logger()

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

#: PEP 3333, "environ Variables". The process environment is not among them: it holds secrets.
_ALWAYS: Mapping[str, Any] = {
    "SCRIPT_NAME": "",
    "wsgi.version": (1, 0),
    "wsgi.multithread": True,
    "wsgi.multiprocess": True,
    "wsgi.run_once": False,
    # Chunked bodies have no length: the end of `wsgi.input` is their end.
    "wsgi.input_terminated": True,
}
#: RFC 3875 §4.1: the two header fields that have variables of their own.
_BARE = {b"content-type": "CONTENT_TYPE", b"content-length": "CONTENT_LENGTH"}
# granian adds `Server: granian` to an answer that has no such field, and cannot be told not to.
_NAMELESS = (b"server", b"")
_LAST = (b"connection", b"close")


class Answer(NamedTuple):
    status: int
    headers: Sequence[tuple[bytes, bytes]] = ()
    body: bytes = b""


class BrokenBody(Exception):
    """It ended before its length, or is not chunked as RFC 9112 §7.1 has it: granian calls both a client that left."""


@dataclass(slots=True)
class _Starting:
    """What the application says by `start_response` (PEP 3333)."""

    status: int = 500
    headers: Sequence[tuple[bytes, bytes]] = ()
    written: list[bytes] = field(default_factory=list)

    def __call__(
        self, status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], None]:
        self.status = int(status[:3])
        self.headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        return self.written.append


@dataclass(slots=True)
class WsgiOverAsgi:
    """Calls the application where it is called itself, so only for a loop whose caller may wait (`loop`).

    `is_leaving`: this worker ends soon, and each answer is the last on its connection (RFC 9112 §9.6).
    """

    wsgi: Wsgi
    body_bytes: int
    is_leaving: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        environ = environ_of(scope)
        try:
            environ["wsgi.input"] = io.BytesIO(await self._body(environ, receive))
        except BrokenBody:
            # One that did leave hears nothing of it. Without an answer, granian makes one: 500, with its name.
            answer = Answer(400, (_LAST,))
        except TimeoutError:
            answer = Answer(408, (_LAST,))
        else:
            answer = self._answer(environ)
        headers = [*answer.headers, _NAMELESS, *((_LAST,) if self.is_leaving else ())]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _body(self, environ: Mapping[str, Any], receive: Receive) -> bytes:
        """Returns the body; of one longer than the limit, enough to show that. Raises BrokenBody, TimeoutError."""
        if not _has_body(environ) or _announced(environ) > self.body_bytes:
            return b""
        body = b""
        is_complete = False
        while not is_complete and len(body) <= self.body_bytes:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise BrokenBody
            body += message.get("body", b"")
            is_complete = not message.get("more_body", False)
        return body

    def _answer(self, environ: dict[str, Any]) -> Answer:
        starting = _Starting()
        try:
            chunks = self.wsgi(environ, starting)
            try:
                starting.written.extend(chunks)
            finally:
                close = getattr(chunks, "close", None)
                if close is not None:
                    close()
        except Exception:
            log.exception("request_failed", path=environ["PATH_INFO"])
            return Answer(500)
        return Answer(starting.status, starting.headers, b"".join(starting.written))


def environ_of(scope: Scope) -> dict[str, Any]:
    """Returns the request as PEP 3333 has it, without its body: texts whose characters are the bytes that were sent."""
    host, port = scope["server"]
    environ = {
        **_ALWAYS,
        "wsgi.errors": sys.stderr,
        "wsgi.url_scheme": scope["scheme"],
        "REQUEST_METHOD": scope["method"],
        "PATH_INFO": unquote_to_bytes(scope["raw_path"]).decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "REMOTE_ADDR": scope["client"][0],
    }
    for name, value in scope["headers"]:
        variable = _variable(name)
        if variable in environ:
            # RFC 9110 §5.3; the crumbs of a cookie field of HTTP/2: RFC 9113 §8.2.3.
            joint = "; " if name == b"cookie" else ", "
            environ[variable] += joint + value.decode("latin-1")
        elif variable:
            environ[variable] = value.decode("latin-1")
    return environ


@lru_cache(maxsize=256)
def _variable(name: bytes) -> str:
    """Returns the variable of a header field, empty for a name with `_`: `Client_Cert` is not `Client-Cert`."""
    if b"_" in name:
        return ""
    return _BARE.get(name) or "HTTP_" + name.decode("latin-1").upper().replace("-", "_")


def _has_body(environ: Mapping[str, Any]) -> bool:
    """RFC 9112 §6: a length or an encoding announces a body. In HTTP/2 neither need be there."""
    return (
        "CONTENT_LENGTH" in environ
        or "HTTP_TRANSFER_ENCODING" in environ
        or environ["REQUEST_METHOD"] not in ("GET", "HEAD")
    )


def _announced(environ: Mapping[str, Any]) -> int:
    length = environ.get("CONTENT_LENGTH", "")
    return int(length) if length.isascii() and length.isdigit() else 0
