"""Whatever is sent, wherever: no server error, no stack trace, no redirect to an address that is not registered."""

import socket
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest
import requests

from sandbox.demo.driver import Browser
from sandbox.demo.forms import read_document
from tests.demonstration import Demonstration
from tests.journeys import gestures as do
from tests.journeys.own_party import OwnParty
from tests.limits import within

Browse = Callable[..., Browser]
SOMEBODY = "A" * 43  # as long as an interaction
MACHINES = (
    "/token",
    "/userinfo",
    "/jwks",
    "/.well-known/openid-configuration",
    "/health/live",
    "/health/ready",
)
PAGES = (
    "/",
    "/authorize",
    "/end_session",
    "/end_session/confirm",
    "/end_session/psc",
    "/psc/callback",
    "/cps/stale",
    "/static/caducee.css",
    "/nowhere",
    f"/interaction/{SOMEBODY}",
    *(
        f"/interaction/{SOMEBODY}/{stop}"
        for stop in (
            "choice",
            "cancel",
            "restart",
            "password",
            "email_otp",
            "email_otp/resend",
            "enrolment",
            "enrolment/back",
            "first_connection",
            "charter",
            "charter/refuse",
            "cps",
            "psc",
        )
    ),
)
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "BREW")
_TRACES = ("Traceback", 'File "', '.py"', "werkzeug", "sqlalchemy", "jinja2", "granian", "site-packages")


@pytest.fixture
def http() -> Any:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def ask(
    http: requests.Session, demo: Demonstration, method: str, path: str, **sent: Any
) -> requests.Response:
    """On a connection of its own: a server may close one whose body it would not read (RFC 9112 §9.6)."""
    sent["headers"] = {"Connection": "close", **sent.get("headers", {})}
    return http.request(method, f"{demo.issuer}{path}", allow_redirects=False, timeout=within(20), **sent)


def assert_sane(demo: Demonstration, answer: requests.Response, place: object = "") -> None:
    """What holds of every answer to nonsense."""
    where = (answer.request.method, answer.url[:120], place)
    assert answer.status_code < 500, where
    assert not [trace for trace in _TRACES if trace in answer.text], where
    location = answer.headers.get("Location")
    if location is not None:
        target = urlsplit(location)
        assert not location.startswith(("//", "/\\")), where
        assert target.netloc in {"", urlsplit(demo.issuer).netloc} or location.startswith(onward(demo)), where
    if answer.headers.get("Content-Type", "").startswith("text/html") and answer.status_code >= 400:
        assert_error_page(answer, where)


def onward(demo: Demonstration) -> tuple[str, ...]:
    """Where our own redirects may lead: registered addresses, the card host, Pro Santé Connect."""
    registered = [f"{client['redirect_uri']}?" for client in demo.ready["clients"]]
    wallet = urlsplit(demo.ready["psc"]["issuer"])
    return (
        *registered,
        f"{demo.ready['card_host']}/card/",
        f"http://localhost:{(wallet.port or 0) + 1}/auth?",
    )


def assert_error_page(answer: requests.Response, where: object) -> None:
    page = read_document(answer.content.decode("utf-8"))
    if answer.request.method != "HEAD":
        assert page.title.endswith("– Caducée"), where
        # With an incident id, or a form shown again.
        assert "Référence à donner" in page.text or any(form.buttons for form in page.forms), where
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'"), where
    assert answer.headers["Cache-Control"] == "no-store", where


@pytest.mark.parametrize("method", METHODS)
def test_every_address_survives_every_method(
    demo: Demonstration, http: requests.Session, method: str
) -> None:
    for path in (*PAGES, *MACHINES):
        assert_sane(demo, ask(http, demo, method, path))


BODIES: Mapping[str, dict[str, Any]] = {
    "no body": {},
    "json": {"json": {"client_id": "viatrajectoire"}},
    "text": {"data": b"code=1", "headers": {"Content-Type": "text/plain"}},
    "no type": {"data": b"code=1", "headers": {"Content-Type": ""}},
    "odd type": {
        "data": b"code=1",
        "headers": {"Content-Type": "application/x-www-form-urlencoded; charset=\xff"},
    },
    "multipart without boundary": {"data": b"--x", "headers": {"Content-Type": "multipart/form-data"}},
    "multipart cut": {
        "data": b"--x\r\nContent-Disp",
        "headers": {"Content-Type": "multipart/form-data; boundary=x"},
    },
    "file": {"files": {"password": ("x", b"\x00" * 100)}},
    "not UTF-8": {
        "data": b"client_id=%ff%fe&code=\xff\xfe&csrf=%80",
        "headers": {"Content-Type": "application/x-www-form-urlencoded"},
    },
    "null bytes": {"data": {"client_id": "\0", "code": "\0", "csrf": "\0", "rpps": "\0"}},
    "repeated": {
        "data": [
            ("csrf", "a"),
            ("csrf", "b"),
            ("code", "1"),
            ("code", "2"),
            ("client_id", "x"),
            ("client_id", "x"),
        ]
    },
    "9 KiB parameter": {"data": {"csrf": "x" * 9 * 1024, "code": "y"}},
    "70 KiB body": {"data": {f"p{rank}": "x" * 7000 for rank in range(10)}},
    "many parameters": {"data": {f"p{rank}": "x" for rank in range(3000)}},
    "long name": {"data": {"x" * 5000: "y"}},
    "surrogates": {
        "data": b"csrf=%ED%A0%80&rpps=%F0%9F%98%80",
        "headers": {"Content-Type": "application/x-www-form-urlencoded"},
    },
    "percent": {
        "data": b"csrf=%&code=%zz&%=%",
        "headers": {"Content-Type": "application/x-www-form-urlencoded"},
    },
}


@pytest.mark.parametrize("body", BODIES)
def test_every_address_survives_every_body(demo: Demonstration, http: requests.Session, body: str) -> None:
    for cookies in (
        {},
        {
            "caducee_browser": "A" * 43,
            "caducee_session": "x.y",
            "caducee_device": "z",
            "caducee_locale": "xx",
        },
    ):
        for path in (*PAGES, *MACHINES):
            assert_sane(demo, ask(http, demo, "POST", path, cookies=cookies, **BODIES[body]), body)


QUERIES = (
    "lang=en",
    "lang=xx&lang=en",
    "%ff=%fe",
    "%00=%00",
    "=&=&&&",
    "client_id=viatrajectoire",
    "client_id=viatrajectoire&client_id=viatrajectoire",
    "state=x&code=%00",
    "presentation=%0d%0aSet-Cookie:%20x=y",
    "post_logout_redirect_uri=https://attaquant.example",
    "id_token_hint=" + "x" * 9 * 1024,
    "x=" + "y" * 9 * 1024,
)


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_every_address_survives_every_query(demo: Demonstration, http: requests.Session, query: str) -> None:
    for path in (*PAGES, *MACHINES):
        assert_sane(demo, ask(http, demo, "GET", f"{path}?{query}"))


PATHS = (
    "//attaquant.example",
    "//attaquant.example/interaction/x",
    "/%5Cattaquant.example",
    "/%2F%2Fattaquant.example",
    "/%0d%0aLocation:%20https:%2F%2Fattaquant.example",
    "/%00",
    "/%ff%fe",
    "/..%2f..%2fetc%2fpasswd",
    "/static/../../settings.py",
    "/static/%2e%2e/%2e%2e/settings.py",
    "/static//etc/passwd",
    "/interaction/%00",
    "/interaction/" + "x" * 3000,
    "/interaction/é",
    "/interaction/..%2f..",
    "/interaction//charter",
    "/.well-known/wallet-openid-configuration",
)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("query", ["", "?lang=en"])
def test_odd_paths_lead_nowhere_else(demo: Demonstration, path: str, query: str) -> None:
    """Sent as it stands: no library tidies it up."""
    status, head = raw(demo, f"GET {quote(path, safe='/%')}{query} HTTP/1.1")
    assert status < 500, head
    assert "etc/passwd" not in head or status >= 300
    assert "\r\nLocation: https:" not in head
    location = next((line[10:] for line in head.split("\r\n") if line.lower().startswith("location: ")), "/")
    assert location.startswith("/"), location
    assert not location.startswith(("//", "/\\")), location


def raw(demo: Demonstration, line: str, *headers: str) -> tuple[int, str]:
    """Status (0: the connection was closed) and head of the answer to these very bytes."""
    parts = urlsplit(demo.issuer)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=within(10)) as connection:
        lines = (line, f"Host: {parts.netloc}", "Connection: close", *headers, "", "")
        connection.sendall("\r\n".join(lines).encode("latin-1"))
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    head = received.partition(b"\r\n\r\n")[0].decode("latin-1")
    return int(head.split()[1]) if head else 0, head


@pytest.mark.parametrize("length", [9, 20, 100, 300])
def test_long_addresses_are_refused_without_harm(demo: Demonstration, length: int) -> None:
    for path in ("/authorize", "/", f"/interaction/{SOMEBODY}", "/psc/callback", "/token"):
        status, _head = raw(demo, f"GET {path}?x={'y' * length * 1024} HTTP/1.1")
        assert status < 500
    assert requests.get(f"{demo.issuer}/health/live", timeout=within(10)).status_code == 200


def test_odd_headers_are_survived(demo: Demonstration, http: requests.Session) -> None:
    odd = (
        {"Accept-Language": "*;q=x, \xff, " + "fr," * 2000},
        {"Cookie": "caducee_browser=\xff; caducee_session=" + "x" * 4000},
        {"Cookie": "caducee_session=.; caducee_session=..; caducee_device=.; caducee_locale=/"},
        {"Authorization": "Basic \xff"},
        {"Authorization": "Bearer " + "x" * 4000},
        {"Authorization": "Basic " + "x" * 4000},
        {"X-Forwarded-For": "\xff, x, ::::, 999.1.1.1", "X-Forwarded-Host": "attaquant.example"},
        {"Host": "attaquant.example"},
        {"Origin": "\xff", "Referer": "\xff"},
        {"Content-Length": "0", "Content-Encoding": "gzip"},
    )
    for headers in odd:
        for path in ("/", "/authorize", "/userinfo", f"/interaction/{SOMEBODY}", "/end_session"):
            answer = ask(http, demo, "GET", path, headers=headers)
            assert_sane(demo, answer, headers)
            assert "attaquant.example" not in answer.text + str(answer.headers)
        answer = ask(http, demo, "POST", "/token", headers=headers, data={"grant_type": "authorization_code"})
        assert answer.status_code in (400, 401)
        assert_sane(demo, answer, headers)


# /authorize: first the client and its address, then the rest.

UNPROVED: Mapping[str, dict[str, str | None]] = {
    "unknown client": {"client_id": "nobody"},
    "no client": {"client_id": None},
    "empty client": {"client_id": ""},
    "client of other letter case": {"client_id": "ViaTrajectoire"},
    "client with a null": {"client_id": "viatrajectoire\0"},
    "no address": {"redirect_uri": None},
    "other host": {"redirect_uri": "https://attaquant.example/callback"},
    "other client's address": {"redirect_uri": "{sibling}"},
    "slash added": {"redirect_uri": "{own}/"},
    "query added": {"redirect_uri": "{own}?x=y"},
    "fragment added": {"redirect_uri": "{own}#x"},
    "user name added": {"redirect_uri": "http://localhost@attaquant.example/callback"},
    "path climbed": {"redirect_uri": "{own}/../callback"},
    "other port": {"redirect_uri": "http://localhost:1/callback"},
    "loopback by number": {"redirect_uri": "{number}"},
    "script": {"redirect_uri": "javascript:alert(1)"},
}


@pytest.mark.parametrize("fault", UNPROVED)
def test_unproved_client_or_address_gets_a_page_and_never_a_redirect(
    demo: Demonstration, http: requests.Session, fault: str
) -> None:
    party = OwnParty.of(demo)
    own = party.redirect_uri
    filled = {
        "own": own,
        "sibling": OwnParty.of(demo, do.SIBLING).redirect_uri,
        "number": own.replace("localhost", "127.0.0.1"),
    }
    changes = {name: value and value.format(**filled) for name, value in UNPROVED[fault].items()}
    for more in ({}, {"prompt": "none"}, {"scope": ""}):
        answer = ask(http, demo, "GET", "/authorize", params=party.parameters(**{**more, **changes}))
        assert_sane(demo, answer)
        assert (answer.status_code, "Location" in answer.headers) == (400, False)
        assert "Application non reconnue" in answer.text
        assert "Référence à donner" in answer.text
        assert "attaquant" not in answer.text
        assert "alert(1)" not in answer.text


@pytest.mark.parametrize("name", ["client_id", "redirect_uri"])
def test_repeated_client_or_address_gets_a_page(
    demo: Demonstration, http: requests.Session, name: str
) -> None:
    parameters = OwnParty.of(demo).parameters()
    for second in (parameters[name], "https://attaquant.example/"):
        sent = [*parameters.items(), (name, second)]
        answer = ask(http, demo, "GET", f"/authorize?{urlencode(sent)}")
        assert (answer.status_code, "Location" in answer.headers) == (400, False)


RETURNED: Mapping[str, tuple[dict[str, str | None], str]] = {
    "no response_type": ({"response_type": None}, "invalid_request"),
    "implicit": ({"response_type": "id_token"}, "unsupported_response_type"),
    "hybrid": ({"response_type": "code id_token"}, "unsupported_response_type"),
    "no scope": ({"scope": None}, "invalid_scope"),
    "no openid": ({"scope": "profile email"}, "invalid_scope"),
    "no challenge": ({"code_challenge": None}, "invalid_request"),
    "plain challenge": ({"code_challenge_method": "plain"}, "invalid_request"),
    "no method": ({"code_challenge_method": None}, "invalid_request"),
    "short challenge": ({"code_challenge": "x"}, "invalid_request"),
    "challenge of other letters": ({"code_challenge": "é" * 43}, "invalid_request"),
    "challenge with bits left over": ({"code_challenge": "a" * 43}, "invalid_request"),
    "fragment mode": ({"response_mode": "fragment"}, "invalid_request"),
    "negative max_age": ({"max_age": "-1"}, "invalid_request"),
    "max_age in words": ({"max_age": "soon"}, "invalid_request"),
    "unknown prompt": ({"prompt": "please"}, "invalid_request"),
    "prompt none and login": ({"prompt": "none login"}, "invalid_request"),
    "request object": ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
    "request uri": ({"request_uri": "https://attaquant.example/r"}, "request_uri_not_supported"),
    "registration": ({"registration": "{}"}, "registration_not_supported"),
    "9 KiB state": ({"state": "x" * 9 * 1024}, "invalid_request"),
    "9 KiB nonce": ({"nonce": "x" * 9 * 1024}, "invalid_request"),
    "state with a null": ({"state": "a\0b"}, "invalid_request"),
    "state with a line": ({"state": "a\r\nb"}, "invalid_request"),
}


@pytest.mark.parametrize("fault", RETURNED)
def test_fault_of_a_proved_client_is_returned_to_it(
    demo: Demonstration, http: requests.Session, fault: str
) -> None:
    changes, expected = RETURNED[fault]
    party = OwnParty.of(demo)
    answer = ask(http, demo, "GET", "/authorize", params=party.parameters(**changes))
    assert_sane(demo, answer)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"{party.redirect_uri}?")
    returned = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    assert (returned["error"], returned["iss"]) == (expected, demo.issuer)
    assert "code" not in returned
    if "state" not in changes:
        assert returned["state"] == party.state
    for value in changes.values():
        assert not value or value not in returned["error_description"]


@pytest.mark.parametrize(
    "name", ["scope", "state", "nonce", "prompt", "code_challenge", "max_age", "response_type"]
)
def test_repeated_parameter_of_a_proved_client_is_returned_to_it(
    demo: Demonstration, http: requests.Session, name: str
) -> None:
    party = OwnParty.of(demo)
    sent = [*party.parameters().items(), (name, "1"), (name, "2")]
    answer = ask(http, demo, "GET", f"/authorize?{urlencode(sent)}")
    returned = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    assert answer.headers["Location"].startswith(f"{party.redirect_uri}?")
    assert returned["error"] == "invalid_request"


def test_unknown_parameters_are_ignored(demo: Demonstration, http: requests.Session) -> None:
    party = OwnParty.of(demo)
    more = {
        "unknown": "x",
        "display": "popup",
        "login_hint": "x",
        "resource": "y",
        "ui_locales": "xx fr",
    }
    answer = ask(http, demo, "GET", "/authorize", params=party.parameters(**more))
    assert answer.headers["Location"].startswith(("/interaction/", f"{demo.issuer}/interaction/"))


def test_request_by_post_is_the_same_request(demo: Demonstration, browse: Browse) -> None:
    """Core §3.1.2.1."""
    party, browser = OwnParty.of(demo), browse("martin")
    browser.stop_at = (party.redirect_uri,)
    assert browser.post(f"{demo.issuer}/authorize", party.parameters()).says("Identifiez-vous")
    do.by_card(browser)
    assert party.tokens(browser.page)["id_token"]


# The token endpoint.

TOKEN_FAULTS: Mapping[str, tuple[dict[str, str | None], int, str]] = {
    "no grant_type": ({"grant_type": None}, 400, "invalid_request"),
    "password grant": ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    "client_credentials": ({"grant_type": "client_credentials"}, 400, "unsupported_grant_type"),
    "no code": ({"code": None}, 400, "invalid_request"),
    "empty code": ({"code": ""}, 400, "invalid_request"),
    "unknown code": ({"code": "x"}, 400, "invalid_grant"),
    "code with a null": ({"code": "\0"}, 400, "invalid_grant"),
    "code of other letters": ({"code": "é😀"}, 400, "invalid_grant"),
    "no verifier": ({"code_verifier": None}, 400, "invalid_grant"),
    "no address": ({"redirect_uri": None}, 400, "invalid_request"),
    "two methods": ({"client_secret": "x"}, 400, "invalid_request"),
    "other client": ({"client_id": "grand-age"}, 401, "invalid_client"),
    "9 KiB code": ({"code": "x" * 9 * 1024}, 400, "invalid_request"),
}


@pytest.mark.parametrize("fault", TOKEN_FAULTS)
def test_token_endpoint_answers_nonsense_in_its_own_words(
    demo: Demonstration, http: requests.Session, fault: str
) -> None:
    changes, status, error = TOKEN_FAULTS[fault]
    party = OwnParty.of(demo)
    ordinary = {
        "grant_type": "authorization_code",
        "code": "x",
        "redirect_uri": party.redirect_uri,
        "code_verifier": "v" * 43,
    }
    form = {name: value for name, value in {**ordinary, **changes}.items() if value is not None}
    answer = ask(http, demo, "POST", "/token", data=form, auth=(party.client_id, party.client_secret))
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["Cache-Control"] == "no-store"
    assert set(answer.json()) == {"error", "error_description"}


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "Basic",
        "Basic !!!",
        "Basic eA==",
        "Basic Og==",
        "Basic dmlhdHJhamVjdG9pcmU6eA==",
        "Bearer x",
        "Basic /////w==",
        "Digest x",
    ],
)
def test_client_that_proves_nothing_is_refused(
    demo: Demonstration, http: requests.Session, authorization: str | None
) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    form = {"grant_type": "authorization_code", "code": "x", "client_id": "viatrajectoire"}
    answer = ask(http, demo, "POST", "/token", data=form, headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert ("WWW-Authenticate" in answer.headers) == (authorization is not None)


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        (None, 401),
        ("Bearer", 400),
        ("Bearer x", 401),
        ("Bearer x y", 400),
        ("Basic eDp5", 401),
        ("Bearer \xff", 400),
        ("Bearer " + "x" * 300, 400),
    ],
)
def test_userinfo_refuses_what_is_no_token(
    demo: Demonstration, http: requests.Session, authorization: str | None, status: int
) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    for method in ("GET", "POST"):
        answer = ask(http, demo, method, "/userinfo", headers=headers)
        assert answer.status_code == status
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert ask(http, demo, "GET", "/userinfo?access_token=x").status_code == 401


# The pages: cookies, other browsers, forms of other sites.


def test_without_cookies_the_person_hears_why(
    demo: Demonstration, browse: Browse, http: requests.Session
) -> None:
    browser = browse()
    path = do.interaction_path(do.arrive(browser, demo))
    for stop in ("", "/choice", "/charter"):
        answer = ask(http, demo, "GET", path + stop)
        assert answer.status_code == 400
        assert "La connexion ne peut pas continuer sans cookie" in answer.text
        assert f'href="{do.home(demo)}"' in answer.text
        http.cookies.clear()


def test_link_of_another_browser_opens_nothing(demo: Demonstration, browse: Browse) -> None:
    own, other = browse("martin"), browse("martin")
    path = do.interaction_path(do.arrive(own, demo))
    do.arrive(other, demo)
    csrf = other.page.field("csrf")
    assert csrf is not None
    for stop in ("", "/choice", "/charter", "/cps", "/psc", "/email_otp"):
        page = other.get(f"{demo.issuer}{path}{stop}")
        assert (page.status, page.says("Cette connexion a commencé dans un autre navigateur")) == (
            403,
            True,
        ), stop
    for stop in ("/cps", "/psc", "/password", "/cancel", "/restart"):
        page = other.post(f"{demo.issuer}{path}{stop}", {"csrf": csrf.value or ""})
        assert page.status == 403, stop
    own.reload()
    assert do.is_at_home(do.by_card(own), demo)


def test_form_without_the_token_of_this_page_is_refused_and_changes_nothing(
    demo: Demonstration, browse: Browse
) -> None:
    browser = browse("martin")
    path = do.interaction_path(do.arrive(browser, demo))
    own = browser.page.field("csrf")
    with do.tab(browser) as other:
        elsewhere = do.arrive(other, demo).field("csrf")
    foreign = do.arrive(browse(), demo).field("csrf")
    assert own is not None
    assert elsewhere is not None
    assert foreign is not None
    for csrf in (None, "", "0" * 64, "é", elsewhere.value, foreign.value, f"{own.value} "):
        sent = {} if csrf is None else {"csrf": csrf or ""}
        for stop in ("/cps", "/psc", "/password", "/cancel"):
            with do.tab(browser) as other:
                page = other.post(f"{demo.issuer}{path}{stop}", sent)
            assert (page.status, page.says("Ce formulaire n'est plus valable")) == (403, True), (stop, csrf)
    browser.reload()
    assert do.is_at_home(do.by_card(browser), demo)


@pytest.mark.parametrize(
    "origin",
    [
        "https://attaquant.example",
        "http://localhost",
        "http://localhost:1",
        "{issuer}.attaquant.example",
        "{issuer}/",
        "{rp}",
    ],
)
def test_form_of_another_origin_is_refused_even_with_the_right_token(
    demo: Demonstration, browse: Browse, http: requests.Session, origin: str
) -> None:
    browser = browse()
    path = do.interaction_path(do.arrive(browser, demo))
    csrf = browser.page.field("csrf")
    assert csrf is not None
    headers = {"Origin": origin.format(issuer=demo.issuer, rp=do.home(demo).rstrip("/"))}
    for stop in ("/cps", "/cancel"):
        answer = ask(
            http,
            demo,
            "POST",
            path + stop,
            data={"csrf": csrf.value or ""},
            headers=headers,
            cookies=browser.cookies,
        )
        assert answer.status_code == 403, stop
    assert browser.reload().says("Identifiez-vous")


@pytest.mark.parametrize("body", [body for body in BODIES if body not in ("no body",)])
def test_forms_of_a_living_interaction_survive_every_body(
    demo: Demonstration, browse: Browse, http: requests.Session, body: str
) -> None:
    """With the right cookie and token this time."""
    browser = browse()
    path = do.interaction_path(do.arrive(browser, demo))
    csrf = browser.page.field("csrf")
    assert csrf is not None
    sent = dict(BODIES[body])
    if isinstance(sent.get("data"), dict):
        sent["data"] = {**sent["data"], "csrf": csrf.value or ""}
    for stop in ("/password", "/cps", "/psc", "/enrolment", "/charter", "/email_otp"):
        assert_sane(demo, ask(http, demo, "POST", path + stop, cookies=browser.cookies, **sent), body)
    assert browser.reload().says("Identifiez-vous")


def test_what_was_typed_comes_back_harmless(demo: Demonstration, browse: Browse) -> None:
    browser = browse()
    do.arrive(browser, demo)
    page = do.type_password(browser, '"><script>alert(1)</script>{{1337*7331}}', "x")
    assert page.status == 422
    assert "<script>" not in page.html
    assert "9801547" not in page.text
