"""Pages in a browser that call us by themselves: those of a public client read its answers, and nobody else's."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Request, Response

from idp.core.ephemeral import StoreUnavailable
from idp.protocol.client_auth.cross_origin import CrossOrigin
from idp.protocol.published.dispatcher import PlainEndpoints, Route
from tests.protocol.keyed import with_clients
from tests.protocol.policed import signed_in_by
from tests.provider import ISSUER, RP, SECRETS, Provider, answer_of, authorization, basic

SPA, OTHER = "https://spa.example", "https://other.example"
#: What a browser looks for.
OPEN, VARY = "Access-Control-Allow-Origin", "Vary"
ENDPOINTS = {"/token": "POST", "/revoke": "POST", "/par": "POST", "/userinfo": "GET, POST"}


def entry(client_id: str, *redirect_uris: str, **members: Any) -> str:
    known = {
        "client_id": client_id,
        "client_name": client_id,
        "client_uri": "https://spa.example/",
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "redirect_uris": redirect_uris,
    }
    return f"  - {json.dumps({**known, **members})}\n"


@pytest.fixture(scope="module")
def house(app_factory: Callable[..., Provider]) -> Provider:
    made = app_factory()
    with_clients(
        made.settings.where.clients_file,
        entry("spa", f"{SPA}/callback", "https://SPA.example:443/silent", "http://[::1]:3000/callback"),
        entry("other", f"{OTHER}/callback", "com.example.app:/callback", application_type="native"),
        entry("listed", "https://listed.example/cb", allowed_origins=["https://app.example:8443"]),
        entry("closed", "https://closed.example/cb", allowed_origins=[]),
    )
    return made


def ask(house: Provider, method: str, path: str, origin: str | None, **sent: Any) -> TestResponse:
    headers = {**({} if origin is None else {"Origin": origin}), **sent.pop("headers", {})}
    return Client(house.app, TestResponse).open(path, method=method, base_url=ISSUER, headers=headers, **sent)


def preflight(house: Provider, path: str, origin: str) -> TestResponse:
    return ask(house, "OPTIONS", path, origin, headers={"Access-Control-Request-Method": "POST"})


def tokens(house: Provider, client: str = "spa", address: str = f"{SPA}/callback") -> dict[str, Any]:
    browser = signed_in_by(house, "password", "email_otp")
    code = answer_of(browser.authorize(client_id=client, redirect_uri=address))["code"]
    answer = house.exchange(code, headers={}, client_id=client, redirect_uri=address)
    return dict(answer.get_json())


@pytest.mark.parametrize("path", ENDPOINTS)
def test_a_page_of_a_public_client_may_ask(house: Provider, path: str) -> None:
    answer = preflight(house, path, SPA)
    told = {name: value for name, value in answer.headers if name.startswith("Access-Control")}
    assert (answer.status_code, answer.headers[VARY], answer.data) == (200, "Origin", b"")
    assert told == {
        OPEN: SPA,
        "Access-Control-Allow-Methods": ENDPOINTS[path],
        "Access-Control-Allow-Headers": "Authorization, Content-Type, DPoP",
        "Access-Control-Max-Age": "600",
    }


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "*",
        "",
        "https://spa.example.evil.example",
        "https://evil-spa.example",
        "https://sub.spa.example",
        "https://spa.example:444",
        "https://spa.example:443",
        "https://SPA.example",
        "https://spa.example/",
        "http://spa.example",
        "https://spa.example, https://other.example",
        "https://user@spa.example",
        "spa.example",
        "com.example.app://callback",
        "com.example.app",
        # Of a client with a secret, of one that lists others, of one that wants none.
        "https://trajectoire.example",
        "https://listed.example",
        "https://closed.example",
        "http://[::1]",
        "https://spa.example\xe9",
    ],
)
def test_no_other_page_may_ask_or_read(house: Provider, origin: str) -> None:
    asked = preflight(house, "/token", origin)
    read = ask(house, "POST", "/token", origin, data={"client_id": "spa", "grant_type": "x"})
    for answer in (asked, read):
        assert answer.headers[VARY] == "Origin"
        assert not [name for name in answer.headers.keys() if name.startswith("Access-Control")]  # noqa: SIM118


@pytest.mark.parametrize("origin", [SPA, "http://[::1]:3000"])
def test_a_page_reads_what_is_answered_to_its_client(house: Provider, origin: str) -> None:
    browser = signed_in_by(house, "password", "email_otp")
    form = {"client_id": "spa", "redirect_uri": f"{SPA}/callback"}
    code = answer_of(browser.authorize(**form))["code"]
    redeemed = house.exchange(code, headers={"Origin": origin}, **form)
    assert (redeemed.status_code, redeemed.headers[OPEN]) == (200, origin)
    assert "Access-Control-Allow-Credentials" not in redeemed.headers
    token = redeemed.get_json()["access_token"]
    claims = ask(house, "GET", "/userinfo", origin, headers={"Authorization": f"Bearer {token}"})
    assert (claims.status_code, claims.headers[OPEN]) == (200, origin)
    pushed = ask(house, "POST", "/par", origin, data=authorization(**form))
    assert (pushed.status_code, pushed.headers[OPEN]) == (201, origin)
    ended = ask(house, "POST", "/revoke", origin, data={"client_id": "spa", "token": token})
    assert (ended.status_code, ended.headers[OPEN]) == (200, origin)


def test_it_reads_what_went_wrong_and_the_headers_that_say_how(house: Provider) -> None:
    spent = ask(house, "POST", "/token", SPA, data={"client_id": "spa", "grant_type": "authorization_code"})
    assert (spent.status_code, spent.headers[OPEN]) == (400, SPA)
    refused = ask(house, "GET", "/userinfo", SPA, headers={"Authorization": "Bearer x"})
    assert (refused.status_code, refused.headers[OPEN]) == (401, SPA)
    assert refused.headers["Access-Control-Expose-Headers"] == "WWW-Authenticate, DPoP-Nonce"
    # Of nobody: not even registered.
    nobody = ask(house, "POST", "/token", SPA, data={"client_id": "spaa", "grant_type": "x"})
    assert (nobody.status_code, nobody.headers[OPEN]) == (401, SPA)


def test_it_reads_that_a_store_is_down(house: Provider) -> None:
    """Otherwise a script hears of no answer at all."""

    def endpoint(request: Request) -> Response:
        raise StoreUnavailable("silent")

    assert house.parts is not None
    route = Route(("POST",), endpoint, CrossOrigin(house.parts.clients))
    plain = PlainEndpoints(routes={"/token": route}, where=house.settings.where, body_bytes=1000)
    client = Client(plain.in_front_of(house.app), TestResponse)
    answer = client.post("/token", base_url=ISSUER, headers={"Origin": SPA})
    assert (answer.status_code, answer.headers[OPEN]) == (503, SPA)
    assert client.put("/token", base_url=ISSUER, headers={"Origin": SPA}).headers[OPEN] == SPA


@pytest.mark.parametrize(
    ("headers", "form"), [({}, {"client_id": "spa"}), (basic(RP, SECRETS[RP]), {})], ids=["public", "proved"]
)
@pytest.mark.parametrize("path", ["/token", "/revoke", "/par"])
def test_a_page_of_one_client_reads_nothing_of_another(
    house: Provider, path: str, headers: Mapping[str, str], form: Mapping[str, str]
) -> None:
    answer = ask(house, "POST", path, OTHER, headers=dict(headers), data={**form, "token": "x"})
    assert (OPEN in answer.headers, answer.headers[VARY]) == (False, "Origin")


@pytest.mark.parametrize("path", ["/token", "/revoke", "/par"])
def test_who_proves_nothing_does_not_learn_by_it_which_clients_there_are(house: Provider, path: str) -> None:
    """The same refusal for each of them (docs/adr/0053), and any page of a public client reads it."""
    for client_id in ("nobody", RP, "poster", "spa", "closed"):
        for sent in (
            {"headers": basic(client_id, "wrong")},
            {"data": {"client_id": client_id, "client_secret": "wrong"}},
        ):
            refused = ask(
                house, "POST", path, OTHER, **sent, content_type="application/x-www-form-urlencoded"
            )
            assert (refused.status_code, refused.headers.get(OPEN)) == (401, OTHER), client_id
            assert OPEN not in ask(house, "POST", path, "https://evil.example", **sent).headers


def test_nor_does_it_with_a_token_of_another(house: Provider) -> None:
    bearer = {"Authorization": f"Bearer {tokens(house)['access_token']}"}
    answer = ask(house, "GET", "/userinfo", OTHER, headers=bearer)
    assert (answer.status_code, OPEN in answer.headers) == (200, False)
    assert OPEN in ask(house, "GET", "/userinfo", SPA, headers=bearer).headers


def test_a_page_of_a_listed_origin_reads_in_place_of_those_of_the_redirect_addresses(house: Provider) -> None:
    form = {"client_id": "listed", "token": "x"}
    assert OPEN in ask(house, "POST", "/revoke", "https://app.example:8443", data=form).headers
    for origin in ("https://listed.example", "https://app.example", SPA):
        assert OPEN not in ask(house, "POST", "/revoke", origin, data=form).headers
    # One that lists none wants no page at all.
    none = {"client_id": "closed", "token": "x"}
    assert OPEN not in ask(house, "POST", "/revoke", "https://closed.example", data=none).headers


def test_a_caller_that_is_no_page_is_answered_as_ever(house: Provider) -> None:
    answer = ask(house, "POST", "/token", None, data={"client_id": "spa"})
    assert (answer.status_code, OPEN in answer.headers, answer.headers[VARY]) == (400, False, "Origin")


@pytest.mark.parametrize("path", ["/introspect", "/health/ready", "/authorize", "/end_session"])
def test_what_no_page_calls_is_open_to_none(house: Provider, path: str) -> None:
    assert OPEN not in preflight(house, path, SPA).headers
    assert OPEN not in ask(house, "POST", path, SPA, data={"client_id": "spa", "token": "x"}).headers


@pytest.mark.parametrize("path", ["/jwks", "/.well-known/openid-configuration"])
def test_what_anybody_may_read_any_page_may(house: Provider, path: str) -> None:
    answer = preflight(house, path, "https://anybody.example")
    assert (answer.status_code, answer.headers[OPEN]) == (200, "*")
    assert ask(house, "GET", path, "https://anybody.example").headers[OPEN] == "*"
    assert ask(house, "OPTIONS", path, "https://anybody.example").status_code == 405


def test_an_application_that_is_gone_is_closed_at_once(fresh: Provider) -> None:
    file = fresh.settings.where.clients_file
    before = file.read_text()
    with_clients(file, entry("spa", f"{SPA}/callback"))
    assert OPEN in preflight(fresh, "/token", SPA).headers
    file.write_text(before)
    assert OPEN not in preflight(fresh, "/token", SPA).headers
