"""An answer is sent as werkzeug would send it, with the security headers of every answer."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request, Response

from idp.protocol.client_auth.answers import json_response, jwt_response
from idp.web.addresses import redirect
from idp.web.cookies import Cookies
from idp.web.headers import SECURITY_HEADERS, harden
from idp.web.ready import HTML, ReadyResponse
from idp.web.sending import StartResponse, send
from tests.provider import Provider

_PRIVATE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def streamed() -> Iterator[bytes]:
    yield b"a"
    yield b"b"


def with_cookie(response: Response) -> Response:
    response.set_cookie("a", "b")
    response.set_cookie("c", "d")
    return response


ANSWERS: dict[str, Callable[[], Response]] = {
    "page": lambda: Response("é", mimetype="text/html"),
    "page with a policy of its own": lambda: Response(
        "x", headers={"content-security-policy": "default-src *"}
    ),
    "redirect": lambda: redirect("/interaction/a?b=%20c"),
    "redirect to an address with other characters": lambda: redirect("https://é.example/à b?c=<d>"),
    "no content": lambda: Response(status=204),
    "not modified": lambda: Response(status=304, headers={"Content-Type": "text/css"}),
    "length told before": lambda: Response(b"abc", headers={"Content-Length": "3"}),
    "stream": lambda: Response(streamed()),
    "ready": lambda: ReadyResponse(404, (HTML,), "é".encode()),
    "ready, with a cookie and a policy of its own": lambda: with_cookie(
        ReadyResponse(200, [HTML, ("content-security-policy", "default-src *"), ("Cache-Control", "private")])
    ),
}


def sent(
    wsgi: Callable[[dict[str, Any], StartResponse], Iterable[bytes]], method: str
) -> tuple[str, Any, bytes]:
    """Status, headers by name, body."""
    started: list[Any] = []
    chunks = wsgi(EnvironBuilder(method=method).get_environ(), lambda *told: started.append(told))
    ((status, headers),) = started
    return status, sorted((name.lower(), value) for name, value in headers), b"".join(chunks)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_is_sent_as_werkzeug_sends_it(provider: Provider, answer: str, method: str) -> None:
    make, where = ANSWERS[answer], provider.settings.where
    found = sent(lambda environ, start: send(make(), where, environ, start), method)
    assert found == sent(harden(make(), where), method)
    assert {name.lower() for name in SECURITY_HEADERS} <= {name for name, _ in found[1]}


@pytest.mark.parametrize("is_secure", [True, False])
@pytest.mark.parametrize("value", ["Ab-_9.x", "1", "", "é", "a b", 'a"', "a;b"])
def test_a_cookie_is_written_as_werkzeug_writes_it(value: str, is_secure: bool) -> None:
    """facts/security SE1."""
    cookies, ours, theirs = Cookies(is_secure), Response(), Response()
    cookies.set(ours, "browser", value)
    theirs.set_cookie(
        cookies.name("browser"), value, path="/", secure=is_secure, httponly=True, samesite="Lax"
    )
    assert ours.headers.getlist("Set-Cookie") == theirs.headers.getlist("Set-Cookie")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "caducee_browser=a",
        "caducee_browser=a; caducee_browser=b",
        'x=1;caducee_browser="a b";caducee_tab_1=s;;caducee_tab_2="";=c;nom=H\xc3\xa9l\xc3\xa8ne',
        "caducee_browser=\xe9; caducee_tab_x=\xff",
        "caducee_tab_=nobody; caducee_tab_é=s",
    ],
)
def test_cookies_are_read_as_werkzeug_reads_them(header: str) -> None:
    cookies, asked = Cookies(False), Request({"HTTP_COOKIE": header, "REQUEST_METHOD": "GET"})
    theirs = {
        name: value for name, value in asked.cookies.items() if 0 < len(value) <= 200 and value.isascii()
    }
    assert cookies.browser(asked) == theirs.get("caducee_browser")
    assert cookies.bindings(asked) == {
        name.removeprefix("caducee_tab_"): value
        for name, value in theirs.items()
        if name.startswith("caducee_tab_")
    }


@pytest.mark.parametrize(
    ("make", "theirs"),
    [
        (
            lambda: ReadyResponse(201, [HTML, ("X-A", "b")], b"x"),
            lambda: Response(b"x", 201, {"X-A": "b"}, "text/html"),
        ),
        (lambda: redirect("/x?y=%20"), lambda: Response(status=303, headers={"Location": "/x?y=%20"})),
        (
            lambda: json_response({"a": "é"}),
            lambda: Response('{"a": "\\u00e9"}', 200, _PRIVATE, "application/json"),
        ),
        (
            lambda: json_response({}, 401, {"WWW-Authenticate": "Basic"}),
            lambda: Response("{}", 401, {**_PRIVATE, "WWW-Authenticate": "Basic"}, "application/json"),
        ),
        (lambda: jwt_response("a.b.c"), lambda: Response("a.b.c", 200, _PRIVATE, "application/jwt")),
    ],
)
def test_a_ready_answer_is_what_werkzeug_makes(
    make: Callable[[], Response], theirs: Callable[[], Response]
) -> None:
    """Also where werkzeug sends it, as it does for Flask."""
    ours, expected = make(), theirs()
    assert (ours.status_code, ours.status, ours.get_data()) == (
        expected.status_code, expected.status, expected.get_data(),
    )  # fmt: skip
    assert (sent(ours, "GET"), sent(make(), "HEAD")) == (sent(expected, "GET"), sent(theirs(), "HEAD"))


def test_no_header_has_a_line_feed() -> None:
    with pytest.raises(ValueError, match="newline"):
        ReadyResponse(200, [("X-A", "b\r\nSet-Cookie: c=d")])
