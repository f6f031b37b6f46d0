"""/authorize and bad input: a page until client and redirect_uri are proved, then a registered code with `iss`."""

from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from werkzeug.test import TestResponse

from tests.provider import CHALLENGE, ISSUER, REDIRECT, Browser, Provider, answer_of, authorization

STATE = authorization()["state"]


def ask(browser: Browser, pairs: list[tuple[str, str]], method: str) -> TestResponse:
    """By GET, or by POST to the end of its first redirect to ourselves."""
    if method == "GET":
        return browser.get(f"/authorize?{urlencode(pairs)}")
    posted = browser.post(
        "/authorize", data=urlencode(pairs), content_type="application/x-www-form-urlencoded"
    )
    location = posted.headers.get("Location", "")
    return browser.get(location) if location.startswith("/authorize") else posted


def pairs_of(**changes: str | None) -> list[tuple[str, str]]:
    return list(authorization(**changes).items())


both_methods = pytest.mark.parametrize("method", ["GET", "POST"])

# No proof of client and address: never a redirect.
UNPROVED: list[tuple[str, list[tuple[str, str]]]] = [
    ("nothing", []),
    ("no client", pairs_of(client_id=None)),
    ("empty client", pairs_of(client_id="")),
    ("unknown client", pairs_of(client_id="nobody")),
    ("client in other letters", pairs_of(client_id="ViaTrajectoire")),
    ("client with a space", pairs_of(client_id="viatrajectoire ")),
    ("client twice", [*pairs_of(), ("client_id", "viatrajectoire")]),
    ("two clients", [*pairs_of(), ("client_id", "grand-age")]),
    ("huge client", pairs_of(client_id="a" * 5000)),
    ("control characters in the client", pairs_of(client_id="via\r\nSet-Cookie: x=1")),
    ("no redirect_uri", pairs_of(redirect_uri=None)),
    ("empty redirect_uri", pairs_of(redirect_uri="")),
    ("redirect_uri twice", [*pairs_of(), ("redirect_uri", REDIRECT)]),
    ("two redirect_uris", [*pairs_of(), ("redirect_uri", "https://evil.example/")]),
    *(
        (uri, pairs_of(client_id="public", redirect_uri=uri))
        for uri in (
            "http://127.0.0.1:9998/callback",
            "http://127.0.0.1/callback",
            "http://localhost:9999/callback",
        )
    ),
    # facts/security L1: whatever else is wrong, an address that is not proved hears nothing of it.
    *(
        (
            f"two redirect faults: {name}",
            pairs_of(redirect_uri="https://evil.example/callback", **{name: value}),
        )
        for name, value in (
            ("scope", "profile"),
            ("scope", None),
            ("response_type", "token"),
            ("prompt", "none login"),
            ("request", "x"),
            ("claims", "{"),
            ("code_challenge", None),
            ("max_age", "abc"),
        )
    ),
    ("that of another client", pairs_of(redirect_uri="https://grand-age.example/callback")),
    *(
        (uri, pairs_of(redirect_uri=uri))
        for uri in (
            "https://evil.example/callback",
            REDIRECT + "/",
            REDIRECT + "?x=1",
            REDIRECT + "#",
            REDIRECT + "#x",
            REDIRECT + ".evil.example",
            REDIRECT + "/../other",
            REDIRECT + "%20",
            REDIRECT + " ",
            REDIRECT[:-1],
            "https://trajectoire.example.evil.example/callback",
            "https://trajectoire.example@evil.example/callback",
            "https://user:x@trajectoire.example/callback",
            "https://trajectoire.example:443/callback",
            "https://trajectoire.example:8443/callback",
            "http://trajectoire.example/callback",
            "HTTPS://trajectoire.example/callback",
            "https://TRAJECTOIRE.example/callback",
            "https://trajectoire.example/Callback",
            "https://trajectoire.example//callback",
            "https://trajectoire.example/%63allback",
            "//trajectoire.example/callback",
            "javascript:alert(1)",
            "https://trajectoire.example/cb",
            "https://trajectoire.example/cb?tenant=b",
            "https://trajectoire.example/callback\u0000",
        )
    ),
]


@both_methods
@pytest.mark.parametrize(("_name", "pairs"), UNPROVED, ids=[name for name, _pairs in UNPROVED])
def test_without_a_proved_client_and_address_there_is_a_page_and_no_redirect(
    browser: Browser, _name: str, pairs: list[tuple[str, str]], method: str
) -> None:
    response = ask(browser, pairs, method)
    assert response.status_code == 400
    assert "Location" not in response.headers
    assert "evil" not in response.text
    assert "Refresh" not in response.headers


# Client and address proved: what the relying party is told.
FAULTS: list[tuple[str, list[tuple[str, str]], str]] = [
    ("no response_type", pairs_of(response_type=None), "invalid_request"),
    ("empty response_type", pairs_of(response_type=""), "invalid_request"),
    *(
        (f"response_type {kind}", pairs_of(response_type=kind), "unsupported_response_type")
        for kind in ("token", "id_token", "code id_token", "code token", "id_token token", "none", "CODE", "code code")
    ),
    ("response_type twice", [*pairs_of(), ("response_type", "code")], "invalid_request"),
    *(
        (f"response_mode {mode}", pairs_of(response_mode=mode), "invalid_request")
        for mode in ("fragment", "fragment.jwt", "web_message", "query form_post", "JWT")
    ),
    ("no scope", pairs_of(scope=None), "invalid_scope"),
    ("scope without openid", pairs_of(scope="profile email"), "invalid_scope"),
    ("openid in capitals", pairs_of(scope="OPENID"), "invalid_scope"),
    ("scope twice", [*pairs_of(), ("scope", "openid")], "invalid_request"),
    ("no PKCE", pairs_of(code_challenge=None, code_challenge_method=None), "invalid_request"),
    ("PKCE plain", pairs_of(code_challenge_method="plain"), "invalid_request"),
    ("PKCE without its method", pairs_of(code_challenge_method=None), "invalid_request"),
    ("PKCE s256", pairs_of(code_challenge_method="s256"), "invalid_request"),
    ("PKCE method alone", pairs_of(code_challenge=None), "invalid_request"),
    ("PKCE too short", pairs_of(code_challenge=CHALLENGE[:-1]), "invalid_request"),
    ("PKCE too long", pairs_of(code_challenge=CHALLENGE + "A"), "invalid_request"),
    ("PKCE with a sign", pairs_of(code_challenge="=" + CHALLENGE[1:]), "invalid_request"),
    ("PKCE with a newline", pairs_of(code_challenge=CHALLENGE[:-1] + "\n"), "invalid_request"),
    *(
        (f"max_age {age!r}", pairs_of(max_age=age), "invalid_request")
        # int() reads the last ones: digits of other scripts, what Python writes, what a form pads.
        for age in ("abc", "-1", "1.5", "1e3", "0x10", "9" * 5000, "--1", "1 2", "٣٠", "３０", "1_0", "+5", " 5", "5\n")
    ),
    ("max_age twice", [*pairs_of(max_age="1"), ("max_age", "1")], "invalid_request"),
    *(
        (f"prompt {prompt!r}", pairs_of(prompt=prompt), "invalid_request")
        for prompt in ("none login", "login none", "none consent select_account", "create", "NONE", "login;x")
    ),
    ("a request object", pairs_of(request="eyJhbGciOiJub25lIn0.e30."), "request_not_supported"),
    ("a request_uri", pairs_of(request_uri="https://trajectoire.example/r"), "request_uri_not_supported"),
    ("a pushed request_uri", pairs_of(request_uri="urn:ietf:params:oauth:request_uri:x"), "invalid_request_uri"),
    ("a registration", pairs_of(registration="{}"), "registration_not_supported"),
    *(
        (f"claims {claims!r}", pairs_of(claims=claims), "invalid_request")
        for claims in (
            '{"id_token":{"acr":{"essential":true,"value":"x"}},"id_token":{}}',
            '{"id_token":{"acr":null,"acr":null}}',
            '{"id_token":{"acr":{"value":"urn:x","value":"urn:caducee:acr:cps"}}}',
            '{"x":{"y":1,"y":2}}',
            "[]",
            '{"x":NaN}',
        )
    ),
    ("display of another kind", pairs_of(display="hologram"), "invalid_request"),
    ("an unknown parameter twice", [*pairs_of(), ("x", "1"), ("x", "2")], "invalid_request"),
    ("an oversized nonce", pairs_of(nonce="n" * 9000), "invalid_request"),
    ("an oversized unknown parameter", pairs_of(x="n" * 9000), "invalid_request"),
    ("too much in all", pairs_of(nonce="n" * 6000, x="x" * 6000, y="y" * 6000), "invalid_request"),
    ("an oversized name", [*pairs_of(), ("n" * 101, "1")], "invalid_request"),
]  # fmt: skip


@both_methods
@pytest.mark.parametrize(("_name", "pairs", "expected"), FAULTS, ids=[name[:40] for name, _p, _e in FAULTS])
def test_a_fault_of_a_proved_client_is_returned_with_its_code_state_and_iss(
    browser: Browser, _name: str, pairs: list[tuple[str, str]], expected: str, method: str
) -> None:
    response = ask(browser, pairs, method)
    assert response.status_code == 303
    assert response.headers["Location"].partition("?")[0] == REDIRECT
    answer = answer_of(response)
    assert answer["error"] == expected
    assert (answer["iss"], answer["state"]) == (ISSUER, STATE)
    assert set(answer) == {"error", "error_description", "iss", "state"}


@both_methods
@pytest.mark.parametrize(
    "state", ["a\nb", "a\r\nSet-Cookie: x=1", "a\x00b", "é", "a\tb", "\x7f", "\u202e", "a" * 9000]
)
def test_a_state_that_cannot_be_one_is_an_error_and_no_header(
    browser: Browser, state: str, method: str
) -> None:
    response = ask(browser, pairs_of(state=state), method)
    assert answer_of(response)["error"] == "invalid_request"
    assert "\n" not in response.headers["Location"]
    # One that is too long does not come back: no proxy would take it.
    assert len(response.headers["Location"]) < 1000
    assert "Set-Cookie" not in response.headers


def test_a_repeated_state_is_an_error_that_returns_neither(browser: Browser) -> None:
    answer = answer_of(ask(browser, [*pairs_of(), ("state", "other")], "GET"))
    assert (answer["error"], answer["iss"]) == ("invalid_request", ISSUER)
    assert "state" not in answer


def test_an_error_description_never_repeats_what_was_sent(browser: Browser) -> None:
    for _name, pairs, _expected in FAULTS:
        marked = [(name, f"zyx{value}" if name == "display" else value) for name, value in pairs]
        description = answer_of(ask(browser, marked, "GET"))["error_description"]
        assert "zyx" not in description
        assert len(description) < 180


def test_an_error_keeps_the_query_of_the_registered_address(browser: Browser) -> None:
    uri = "https://trajectoire.example/cb?tenant=a"
    answer = answer_of(browser.authorize(redirect_uri=uri, prompt="none"))
    assert (answer["tenant"], answer["error"], answer["iss"]) == ("a", "login_required", ISSUER)


@both_methods
@pytest.mark.parametrize(
    "change",
    [
        {},
        {"state": None},
        {"nonce": None},
        {"response_mode": "query"},
        {"max_age": "0"},
        {"max_age": "1000000000000000"},
        {"prompt": "login"},
        {"prompt": "select_account consent"},
        {"ui_locales": "en fr"},
        {"ui_locales": "zz \u0000"},
        {"acr_values": "eidas3 urn:unknown"},
        {"display": "page"},
        {"login_hint": "10000000017"},
        {"unknown": "é\u0000<script>"},
        {"claims": '{"id_token":{"acr":{"essential":true}}}'},
        {"scope": "openid offline_access admin unknown"},
        {"resource": "https://x.example"},
        *(
            {name: ""}
            for name in (
                "max_age state nonce prompt display response_mode acr_values claims id_token_hint login_hint request "
                "request_uri registration unknown"
            ).split()
        ),
    ],
)
def test_a_good_request_begins_an_interaction_whatever_is_unknown_in_it(
    browser: Browser, change: dict[str, Any], method: str
) -> None:
    response = ask(browser, pairs_of(**change), method)
    assert response.status_code == 303
    assert response.headers["Location"].startswith("/interaction/")
    assert browser.follow(response).status_code == 200


def test_a_posted_request_is_bounded(browser: Browser) -> None:
    assert browser.post("/authorize", data={"x": "y" * 70_000}).status_code == 413
    assert browser.post("/authorize", data={"x": "y" * 40_000}).status_code == 413


class TestSilence:
    """prompt=none: never a page."""

    def test_without_a_session_login_is_required(self, provider: Provider) -> None:
        browser = provider.browser()
        response = browser.authorize(prompt="none")
        answer = answer_of(response)
        assert (answer["error"], answer["iss"], answer["state"]) == ("login_required", ISSUER, STATE)
        assert response.headers["Location"].partition("?")[0] == REDIRECT

    def test_with_a_session_there_is_a_code_at_once(self, provider: Provider) -> None:
        browser = provider.browser()
        browser.sign_in()
        answer = answer_of(browser.authorize(prompt="none"))
        assert set(answer) == {"code", "iss", "state"}

    def test_a_session_older_than_max_age_is_no_session(self, provider: Provider) -> None:
        browser = provider.browser()
        browser.sign_in()
        assert answer_of(browser.authorize(prompt="none", max_age="0"))["error"] == "login_required"
        assert "code" in answer_of(browser.authorize(prompt="none", max_age="3600"))

    @pytest.mark.parametrize("cookie", ["", "x", "x.y", "é", "a" * 5000, "../../etc.passwd", "%00.%00"])
    def test_a_forged_session_cookie_is_no_session(self, provider: Provider, cookie: str) -> None:
        browser = provider.browser()
        header = {"Cookie": f"caducee_session={cookie}".encode().decode("latin-1")}
        response = browser.get(f"/authorize?{urlencode(authorization(prompt='none'))}", headers=header)
        assert answer_of(response)["error"] == "login_required"


def test_every_answer_is_never_stored_and_leads_nowhere_by_referrer(browser: Browser) -> None:
    for response in (
        browser.authorize(),
        browser.authorize(client_id="nobody"),
        browser.authorize(scope="x"),
    ):
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "Access-Control-Allow-Origin" not in response.headers
        assert "frame-ancestors 'none'" in response.headers["Content-Security-Policy"]


def test_the_success_answer_has_code_state_and_iss_only(provider: Provider) -> None:
    browser = provider.browser()
    browser.sign_in()
    response = browser.authorize()
    assert set(answer_of(response)) == {"code", "state", "iss"}
    assert set(answer_of(browser.authorize(state=None))) == {"code", "iss"}
    assert urlsplit(response.headers["Location"]).fragment == ""


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH"])
def test_other_methods_are_not_allowed(browser: Browser, method: str) -> None:
    assert browser.client.open("/authorize", method=method, base_url=ISSUER).status_code == 405
