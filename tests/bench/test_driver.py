"""The driver reads pages and cookies as a browser does."""

from bench.check.in_process import environ_of
from bench.driver.browser import Form, Jar
from bench.driver.connection import Answer
from bench.driver.target import Endpoints, Target

TARGET = Target(
    discovery_url="http://127.0.0.1:8400/.well-known/openid-configuration",
    client_id="rp",
    client_secret="a b",
    redirect_uri="http://127.0.0.1:9/cb",
    users=[("a", "b")],
)
METADATA = {
    "issuer": "http://127.0.0.1:8400",
    "authorization_endpoint": "http://127.0.0.1:8400/authorize",
    "token_endpoint": "http://127.0.0.1:8400/token",
    "userinfo_endpoint": "http://127.0.0.1:8400/userinfo",
    "jwks_uri": "http://127.0.0.1:8400/jwks",
}


def setting(*cookies: bytes) -> Answer:
    return Answer(200, [(b"set-cookie", cookie) for cookie in cookies], b"")


def test_a_cookie_is_sent_below_its_path_until_it_is_taken_back() -> None:
    jar = Jar()
    jar.take(setting(b"sid=1; Path=/; HttpOnly", b"tab=2; Path=/interaction/x"))
    assert jar.line("/authorize?a=b") == b"Cookie: sid=1\r\n"
    assert jar.line("/interaction/x/hub") == b"Cookie: sid=1; tab=2\r\n"
    assert jar.line("/interaction/xy") == b"Cookie: sid=1\r\n"
    jar.take(setting(b"sid=; Path=/; Max-Age=0"))
    assert jar.line("/authorize") == b""


def test_a_form_sends_what_is_in_it() -> None:
    form = Form(
        b' method="post" action="/x?a=1&amp;b=2"',
        b"<input type=hidden name=csrf value='t&eacute;'><input name=\"rpps\">"
        b'<input type="checkbox" name="no"><input type="checkbox" name="yes" value="1" checked>'
        b'<button name="door" value="cps">Carte</button>',
    )
    assert (form.action, form.asks_password) == ("/x?a=1&b=2", False)
    assert form.fields == {"csrf": "té", "rpps": "", "yes": "1"}
    assert form.pressed() == {**form.fields, "door": "cps"}


def test_a_request_of_the_driver_is_an_environ() -> None:
    octets = Endpoints(TARGET, METADATA).exchange("c%2Fd", "v" * 43)
    environ = environ_of(octets)
    body = environ["wsgi.input"].read()
    assert (environ["REQUEST_METHOD"], environ["PATH_INFO"]) == ("POST", "/token")
    assert environ["HTTP_AUTHORIZATION"] == "Basic cnA6YSUyMGI="
    assert environ["CONTENT_LENGTH"] == str(len(body))
    assert b"code=c%2Fd&" in body
