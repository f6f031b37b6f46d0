"""The demo's browser: what it reads on a page, what it sends, where it goes and where it stops."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox.demo.driver import Browser, NotOnThePage, TooManyRedirects
from sandbox.demo.forms import read_document

PAGE = """<!doctype html><html><head><title>Une page</title><style>p { color: red }</style></head><body>
<script>alert("invisible")</script>
<h1>Connexion</h1><p>L’écran&nbsp;de <strong>Paul</strong>.</p><p>Suite</p>
<p><a href="/next?a=1&amp;b=2">Aller   plus loin</a></p>
<form method="post" action="/save">
 <input type="hidden" name="csrf" value="x&amp;y">
 <label for="c">Code</label><input id="c" name="code" autocomplete="one-time-code">
 <input type="checkbox" name="accepted" value="yes"><input type="checkbox" name="kept" checked>
 <input name="off" value="1" disabled>
 <select name="identity"><option value="">…</option><option value="paul" selected>Paul</option></select>
 <textarea name="note">déjà</textarea>
 <button type="submit" name="decision" value="ok"><svg><path d="M0"/></svg><span>Valider</span></button>
 <button type="submit" name="decision" value="no">Refuser</button>
 <button type="button">Aide</button>
</form>
<form method="post" action="/other"><button>Valider</button></form>
<form action="/search?old=1"><input name="q"><input type="submit" value="Chercher"></form>
</body></html>"""

Seen = list[tuple[str, str, dict[str, list[str]], str | None]]


class _Site(BaseHTTPRequestHandler):
    seen: Seen

    def do_GET(self) -> None:
        self._answer("")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _answer(self, body: str) -> None:
        path = urlsplit(self.path).path
        sent = parse_qs(body or urlsplit(self.path).query, keep_blank_values=True)
        self.seen.append((self.command, path, sent, self.headers["Origin"]))
        status, headers = _ROUTES.get(path, (200, {}))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        content = PAGE.encode() if status == 200 else b""
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


_ROUTES: dict[str, tuple[int, dict[str, str]]] = {
    "/save": (303, {"Location": "/saved", "Set-Cookie": "who=paul; Path=/"}),
    "/again": (307, {"Location": "/other"}),
    "/loop": (302, {"Location": "/loop"}),
    "/to-rp": (302, {"Location": "/callback?code=abc&state=s%20t#_=_"}),
    "/quiet": (200, {"Referrer-Policy": "no-referrer"}),
}


@pytest.fixture
def site() -> Iterator[tuple[str, Seen]]:
    seen: Seen = []
    handler = type("Site", (_Site,), {"seen": seen})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://localhost:{server.server_port}", seen
        server.shutdown()
        thread.join()


@pytest.fixture
def browse() -> Iterator[Callable[..., Browser]]:
    opened: list[Browser] = []

    def open_one(**options: Any) -> Browser:
        opened.append(Browser(**options))
        return opened[-1]

    yield open_one
    for browser in opened:
        browser.close()


def test_page_is_read_as_a_person_sees_it() -> None:
    document = read_document(PAGE)
    assert document.title == "Une page"
    assert "L'écran de Paul. Suite" in document.text
    assert "invisible" not in document.text
    assert "color" not in document.text
    assert document.link("Aller plus loin") == "/next?a=1&b=2"


def test_form_is_sent_with_what_was_typed_and_what_stood_there(
    site: tuple[str, Seen], browse: Callable[..., Browser]
) -> None:
    home, seen = site
    browser = browse()
    browser.get(f"{home}/")
    page = browser.submit("Valider", one_time_code="123", accepted=True, kept=False)
    assert seen[1][:3] == (
        "POST",
        "/save",
        {
            "csrf": ["x&y"],
            "code": ["123"],
            "accepted": ["yes"],
            "identity": ["paul"],
            "note": ["déjà"],
            "decision": ["ok"],
        },
    )
    assert (page.url, page.hops) == (f"{home}/saved", (f"{home}/save", f"{home}/saved"))
    assert browser.cookies.get("who") == "paul"


def test_button_decides_what_is_sent(site: tuple[str, Seen], browse: Callable[..., Browser]) -> None:
    home, seen = site
    browser = browse()
    browser.get(f"{home}/")
    browser.click("Refuser")
    assert seen[1][2]["decision"] == ["no"]
    assert seen[1][2]["kept"] == ["on"]


def test_get_form_replaces_the_query(site: tuple[str, Seen], browse: Callable[..., Browser]) -> None:
    home, _ = site
    browser = browse()
    browser.get(f"{home}/")
    assert browser.submit("Chercher", q="é t").url == f"{home}/search?q=%C3%A9+t"


def test_post_is_repeated_after_307_only(site: tuple[str, Seen], browse: Callable[..., Browser]) -> None:
    home, seen = site
    browser = browse()
    browser.post(f"{home}/again", {"a": "1"})
    browser.post(f"{home}/save", {"a": "1"})
    assert [(method, path) for method, path, _, _ in seen] == [
        ("POST", "/again"),
        ("POST", "/other"),
        ("POST", "/save"),
        ("GET", "/saved"),
    ]


def test_redirect_to_the_relying_party_is_not_followed_when_asked(
    site: tuple[str, Seen], browse: Callable[..., Browser]
) -> None:
    home, seen = site
    browser = browse(stop_at=[f"{home}/callback"])
    page = browser.get(f"{home}/to-rp")
    assert (page.status, page.query) == (0, {"code": "abc", "state": "s t"})
    assert [path for _, path, _, _ in seen] == ["/to-rp"]


def test_origin_is_null_from_a_page_without_referrer(
    site: tuple[str, Seen], browse: Callable[..., Browser]
) -> None:
    home, seen = site
    browser = browse()
    for path in ("/", "/quiet"):
        browser.get(f"{home}{path}")
        browser.submit("Refuser")
    assert [origin for method, _, _, origin in seen if method == "POST"] == [home, "null"]


def test_what_is_not_on_the_page_is_told_with_what_is(
    site: tuple[str, Seen], browse: Callable[..., Browser]
) -> None:
    home, _ = site
    browser = browse()
    browser.get(f"{home}/")
    with pytest.raises(NotOnThePage, match="Refuser"):
        browser.submit("Refuser", surname="x")
    with pytest.raises(NotOnThePage, match="several|2 forms"):
        browser.submit("Valider")


def test_endless_redirects_end(site: tuple[str, Seen], browse: Callable[..., Browser]) -> None:
    with pytest.raises(TooManyRedirects):
        browse().get(f"{site[0]}/loop")


def test_document_knows_its_frames_and_where_it_goes_at_once() -> None:
    page = read_document(
        '<head><meta charset="utf-8"><meta http-equiv="Refresh" content="0; URL=/next?a=1&amp;b=2"></head>'
        '<iframe src="/one"></iframe><iframe></iframe><iframe src="/two?x=y"></iframe>'
    )
    assert page.frames == ("/one", "/two?x=y")
    assert page.refresh == "/next?a=1&b=2"
    assert read_document('<meta http-equiv="refresh" content="30; url=/later">').refresh is None
    assert read_document('<meta name="refresh" content="0; url=/other">').refresh is None
