"""What the application is handed of a request, and what the server of its answer."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import pytest

from idp.adapters.granian.asgi import Wsgi, WsgiOverAsgi, environ_of
from tests.logged import logged_here

Headers = list[tuple[bytes, bytes]]


def scope(*headers: tuple[bytes, bytes], **changes: Any) -> dict[str, Any]:
    return {
        "type": "http",
        "http_version": "1.1",
        "scheme": "http",
        "method": "GET",
        "raw_path": b"/",
        "query_string": b"",
        "server": ("127.0.0.1", 8400),
        "client": ("192.0.2.7", "50000"),
        "headers": list(headers),
        **changes,
    }


def ask(wsgi: Wsgi, asked: Mapping[str, Any], *body: bytes, gone: bool = False) -> list[dict[str, Any]]:
    """What is sent."""
    parts = [{"type": "http.request", "body": part, "more_body": True} for part in body]
    if parts:
        parts[-1]["more_body"] = False
    coming: Iterator[Mapping[str, Any]] = iter([{"type": "http.disconnect"}] if gone else parts)
    sent: list[dict[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        return next(coming)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(WsgiOverAsgi(wsgi, 10)(asked, receive, send))
    return sent


def body_told(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    start_response("200 OK", [("Set-Cookie", "a=1"), ("Set-Cookie", "b=é")])
    return [environ["wsgi.input"].read(), b"."]


@pytest.mark.parametrize(
    "foreign", ["Hélène".encode(), b"H\xe9l\xe8ne", b"\x80\xff", "😀".encode(), b'"', b"=;,"]
)
@pytest.mark.parametrize(
    ("name", "variable"),
    [
        (b"cookie", "HTTP_COOKIE"),
        (b"user-agent", "HTTP_USER_AGENT"),
        (b"x-forwarded-for", "HTTP_X_FORWARDED_FOR"),
        (b"client-cert", "HTTP_CLIENT_CERT"),
        (b"content-type", "CONTENT_TYPE"),
    ],
)
def test_a_header_is_the_bytes_that_were_sent(name: bytes, variable: str, foreign: bytes) -> None:
    environ = environ_of(scope((name, b"caducee_session=s; nom=" + foreign)))
    assert environ[variable].encode("latin-1") == b"caducee_session=s; nom=" + foreign


def test_a_header_given_twice_is_one_list_and_cookies_are_one_line() -> None:
    """RFC 9110 §5.3; RFC 9113 §8.2.3."""
    environ = environ_of(
        scope((b"accept", b"a"), (b"cookie", b"a=1"), (b"accept", b"b"), (b"cookie", b"b=2"))
    )
    assert (environ["HTTP_ACCEPT"], environ["HTTP_COOKIE"]) == ("a, b", "a=1; b=2")


def test_a_name_with_an_underscore_is_nobodys() -> None:
    """It would be taken for the header that only the proxy may set."""
    environ = environ_of(scope((b"client_cert", b":AA==:"), (b"x_forwarded_for", b"192.0.2.1")))
    assert not [name for name in environ if name.startswith("HTTP_")]


def test_the_request_line_is_told_as_wsgi_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example")
    asked = scope(method="POST", raw_path=b"/a%2Fb%C3%A9%FF", query_string=b"x=%FF&y=\xe9", http_version="2")
    environ = environ_of(asked)
    assert environ["PATH_INFO"].encode("latin-1") == b"/a/b\xc3\xa9\xff"
    assert environ["QUERY_STRING"].encode("latin-1") == b"x=%FF&y=\xe9"
    assert (environ["REQUEST_METHOD"], environ["SERVER_PROTOCOL"]) == ("POST", "HTTP/2")
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("127.0.0.1", "8400")
    assert environ["REMOTE_ADDR"] == "192.0.2.7"
    # Of the process, not of the request: it would be taken for a header `Proxy`.
    assert "HTTP_PROXY" not in environ


def test_an_answer_is_sent_whole_and_says_nothing_of_the_server() -> None:
    start, body = ask(body_told, scope())
    assert start["status"] == 200
    assert start["headers"] == [(b"Set-Cookie", b"a=1"), (b"Set-Cookie", b"b=\xe9"), (b"server", b"")]
    assert body["body"] == b"."


def test_a_body_is_there_whole() -> None:
    length = (b"content-length", b"4")
    assert ask(body_told, scope(length, method="POST"), b"bo", b"dy")[1]["body"] == b"body."
    chunked = (b"transfer-encoding", b"chunked")
    assert ask(body_told, scope(chunked, method="POST"), b"bo", b"dy")[1]["body"] == b"body."
    assert ask(body_told, scope(method="POST", http_version="2"), b"body")[1]["body"] == b"body."


def test_a_body_beyond_the_limit_is_not_read_to_its_end() -> None:
    chunked = (b"transfer-encoding", b"chunked")
    (_start, told) = ask(body_told, scope(chunked, method="POST"), b"0123456789", b"!", b"never asked for")
    assert told["body"] == b"0123456789!."
    announced = (b"content-length", b"11")
    assert ask(body_told, scope(announced, method="POST"))[1]["body"] == b"."


def test_a_body_that_ends_too_early_is_the_fault_of_the_client() -> None:
    start, body = ask(body_told, scope((b"content-length", b"4"), method="POST"), gone=True)
    assert (start["status"], body["body"]) == (400, b"")
    assert (b"server", b"") in start["headers"]


def test_a_websocket_is_not_answered() -> None:
    assert ask(body_told, {"type": "websocket"}) == []


def test_an_answer_that_fails_is_500_and_logged() -> None:
    closed = []

    class Chunks:
        def __iter__(self) -> Iterator[bytes]:
            raise ValueError

        def close(self) -> None:
            closed.append(True)

    def failing(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        start_response("200 OK", [])
        return Chunks()

    with logged_here() as logged:
        start, body = ask(failing, scope())
    assert (start["status"], body["body"], closed) == (500, b"", [True])
    assert [entry["event"] for entry in logged] == ["request_failed"]
