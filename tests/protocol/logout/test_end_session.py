"""/end_session: who may end a session without a click, and where one is sent afterwards."""

import dataclasses
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.adapters.key_files.keys_in_force import KeysInForce
from idp.core.clock import SystemClock
from idp.signing.key_ring import b64u
from idp.wiring.resources import open_key_directory
from tests.provider import AFTER_LOGOUT, RP, Browser, Provider, answer_of, audited


@pytest.fixture
def signed_in(provider: Provider) -> tuple[Browser, dict[str, Any]]:
    browser = provider.browser()
    return browser, provider.exchange(browser.sign_in()).get_json()


def leave(browser: Browser, **parameters: str) -> TestResponse:
    return browser.get(f"/end_session?{urlencode(parameters)}")


def is_signed_in(browser: Browser) -> bool:
    return "code" in answer_of(browser.authorize(prompt="none"))


def test_a_hint_of_this_session_ends_it_and_returns_state(
    provider: Provider, signed_in: tuple[Browser, dict[str, Any]]
) -> None:
    browser, tokens = signed_in
    response = leave(
        browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=AFTER_LOGOUT, state="s/é &"
    )
    assert response.headers["Location"].partition("?")[0] == AFTER_LOGOUT
    assert answer_of(response) == {"state": "s/é &"}
    assert not is_signed_in(browser)
    assert provider.userinfo(tokens["access_token"]).status_code == 401


def test_a_request_by_head_ends_nothing(signed_in: tuple[Browser, dict[str, Any]]) -> None:
    """RFC 9110 §9.2.1: so ask programs that look through the links of a mail, with the cookies of a proxy's user."""
    browser, tokens = signed_in
    answer = browser.client.head("/end_session", query_string={"id_token_hint": tokens["id_token"]})
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, OPTIONS, POST")
    assert is_signed_in(browser)


def test_a_posted_request_is_equal(signed_in: tuple[Browser, dict[str, Any]]) -> None:
    browser, tokens = signed_in
    data = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": AFTER_LOGOUT}
    assert browser.follow(browser.post("/end_session", data=data)).headers["Location"] == AFTER_LOGOUT
    assert not is_signed_in(browser)


def test_the_query_of_the_registered_address_is_kept(signed_in: tuple[Browser, dict[str, Any]]) -> None:
    browser, tokens = signed_in
    uri = "https://trajectoire.example/bye?x=1"
    response = leave(browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=uri, state="s")
    assert answer_of(response) == {"x": "1", "state": "s"}


def test_ending_a_session_ends_its_codes_too(
    provider: Provider, signed_in: tuple[Browser, dict[str, Any]]
) -> None:
    browser, tokens = signed_in
    code = answer_of(browser.authorize())["code"]
    leave(browser, id_token_hint=tokens["id_token"])
    assert provider.exchange(code).get_json()["error"] == "invalid_grant"


def test_other_sessions_of_the_person_live_on(
    provider: Provider, signed_in: tuple[Browser, dict[str, Any]]
) -> None:
    browser, tokens = signed_in
    other = provider.browser()
    other.sign_in()
    leave(browser, id_token_hint=tokens["id_token"])
    assert is_signed_in(other)


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/",
        AFTER_LOGOUT + "/",
        AFTER_LOGOUT + "?x=1",
        AFTER_LOGOUT + "#x",
        AFTER_LOGOUT.upper(),
        "https://grand-age.example/bye",
        "https://trajectoire.example/callback",
        "//evil.example",
        "javascript:alert(1)",
        "",
    ],
)
def test_an_address_that_is_not_registered_ends_the_session_and_stays_here(
    signed_in: tuple[Browser, dict[str, Any]], uri: str
) -> None:
    browser, tokens = signed_in
    response = leave(browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=uri, state="s")
    assert response.status_code == 200
    assert "Location" not in response.headers
    assert "evil" not in response.text
    # An empty parameter is an absent one (RFC 6749 §3.1).
    assert ('role="alert"' in response.text) is (uri != "")
    assert not is_signed_in(browser)


def _forged(tokens: dict[str, Any], header: dict[str, Any]) -> str:
    payload = tokens["id_token"].split(".")[1]
    return f"{b64u(json.dumps(header).encode())}.{payload}."


def _hints(provider: Provider, tokens: dict[str, Any]) -> dict[str, str]:
    keys = KeysInForce(open_key_directory(provider.settings, SystemClock()))
    our_kid = next(key["kid"] for key in keys.jwks()["keys"] if key["alg"] == "RS256")
    claims = {"iss": "https://evil.example", "aud": RP, "sub": provider.account.subject, "sid": "x"}
    other = provider.exchange(provider.browser().sign_in()).get_json()["id_token"]
    return {
        "none": "",
        "alg none": _forged(tokens, {"alg": "none"}),
        "alg none with our kid": _forged(tokens, {"alg": "none", "kid": our_kid}),
        "foreign issuer": keys.sign_jwt(claims, alg="RS256"),
        "without signature": tokens["id_token"].rpartition(".")[0] + ".",
        "changed": tokens["id_token"][:-4] + "AAAA",
        "nested without end": f"{b64u(b'[' * 3000)}.{b64u(b'[' * 3000)}.AAAA",
        "oversized": "a." + "b" * 16_300 + ".c",
        "junk": "junk",
        "of another session": other,
    }


@pytest.mark.parametrize(
    "kind",
    ["none", "alg none", "alg none with our kid", "foreign issuer", "without signature", "changed", "oversized",
     "nested without end", "junk", "of another session"],
)  # fmt: skip
def test_without_a_hint_of_this_very_session_the_person_decides(
    provider: Provider, signed_in: tuple[Browser, dict[str, Any]], kind: str
) -> None:
    browser, tokens = signed_in
    response = leave(
        browser, id_token_hint=_hints(provider, tokens)[kind], post_logout_redirect_uri=AFTER_LOGOUT
    )
    assert response.status_code == 200
    assert BeautifulSoup(response.text, "html.parser").find("form", action="/end_session/confirm")
    assert is_signed_in(browser)
    assert provider.userinfo(tokens["access_token"]).status_code == 200


def test_the_click_of_the_person_ends_the_session_and_goes_where_the_client_asked(
    signed_in: tuple[Browser, dict[str, Any]],
) -> None:
    browser, _tokens = signed_in
    page = leave(browser, client_id=RP, post_logout_redirect_uri=AFTER_LOGOUT, state="s")
    response = browser.submit(page, "/end_session/confirm")
    assert response.headers["Location"] == f"{AFTER_LOGOUT}?state=s"
    assert not is_signed_in(browser)


def test_the_confirmation_needs_the_token_of_its_form(signed_in: tuple[Browser, dict[str, Any]]) -> None:
    browser, _tokens = signed_in
    leave(browser)
    assert browser.post("/end_session/confirm").status_code == 403
    assert browser.post("/end_session/confirm", data={"csrf": "x", "request": "y"}).status_code == 403
    read = browser.get("/end_session/confirm")
    assert (read.status_code, read.headers["Allow"]) == (405, "OPTIONS, POST")
    assert is_signed_in(browser)


def test_a_confirmation_twice_is_harmless(signed_in: tuple[Browser, dict[str, Any]]) -> None:
    browser, _tokens = signed_in
    page = leave(browser, client_id=RP, post_logout_redirect_uri=AFTER_LOGOUT)
    browser.submit(page, "/end_session/confirm")
    assert browser.submit(page, "/end_session/confirm").status_code == 200


def test_another_language_keeps_what_the_application_asked_for(
    signed_in: tuple[Browser, dict[str, Any]],
) -> None:
    browser, _tokens = signed_in
    page = leave(browser, client_id=RP, post_logout_redirect_uri=AFTER_LOGOUT, state="s 1")
    for language in ("en", "fr", "en"):
        link = BeautifulSoup(page.text, "html.parser").select_one(f'a[hreflang="{language}"]')
        assert link is not None
        page = browser.follow(browser.get(str(link["href"])))
        assert f'<html lang="{language}"' in page.text
    left = browser.submit(page, "/end_session/confirm")
    assert left.headers["Location"] == f"{AFTER_LOGOUT}?state=s+1"
    # Nobody is signed in any more, and no such request is kept.
    assert browser.get(str(link["href"])).headers["Location"].startswith("/")
    assert "Aucune session" in browser.follow(browser.get("/end_session/confirm/x?lang=fr")).text


def test_the_client_must_be_the_audience_of_the_hint(signed_in: tuple[Browser, dict[str, Any]]) -> None:
    browser, tokens = signed_in
    response = leave(
        browser,
        id_token_hint=tokens["id_token"],
        client_id="grand-age",
        post_logout_redirect_uri="https://grand-age.example/bye",
    )
    assert response.status_code == 200
    assert is_signed_in(browser)


def test_a_person_already_signed_out_goes_on_to_the_registered_address(provider: Provider) -> None:
    response = leave(provider.browser(), client_id=RP, post_logout_redirect_uri=AFTER_LOGOUT, state="s")
    assert response.headers["Location"] == f"{AFTER_LOGOUT}?state=s"


@pytest.mark.parametrize("path", ["/end_session/psc", "/end_session/psc?state=x"])
def test_a_link_to_the_return_from_upstream_signs_nobody_out(
    signed_in: tuple[Browser, dict[str, Any]], path: str
) -> None:
    """A GET changes nothing (facts/security T45)."""
    browser, _tokens = signed_in
    assert browser.get(path).status_code == 200
    assert is_signed_in(browser)


def test_a_repeated_or_oversized_parameter_is_a_page(signed_in: tuple[Browser, dict[str, Any]]) -> None:
    browser, _tokens = signed_in
    assert browser.get("/end_session?state=a&state=b").status_code == 400
    assert leave(browser, state="s" * 20_000).status_code == 400
    assert is_signed_in(browser)


def test_the_end_of_a_session_is_audited_once(fresh: Provider) -> None:
    browser = fresh.browser()
    tokens = fresh.exchange(browser.sign_in()).get_json()
    leave(browser, id_token_hint=tokens["id_token"])
    leave(browser, id_token_hint=tokens["id_token"])
    assert audited(fresh).count("session:end:accepted") == 1


def test_signing_out_reaches_applications_of_before_the_session_lapsed(
    app_factory: Callable[..., Provider],
) -> None:
    """They keep their own sessions and refresh tokens, whose `sid` is the only way to them."""
    house = app_factory(session_idle=timedelta(seconds=1))
    browser = house.browser()
    before = house.exchange(browser.sign_in()).get_json()
    time.sleep(1.1)
    page = browser.follow(browser.authorize())
    assert page.status_code == 200  # It lapsed: the person signs in again, at the same browser.
    now = house.exchange(answer_of(browser.prove(page))["code"]).get_json()
    assert house.userinfo(before["access_token"]).status_code == 200
    leave(browser, id_token_hint=now["id_token"])
    for tokens in (now, before):
        assert house.userinfo(tokens["access_token"]).status_code == 401


def test_a_session_voided_with_its_account_lends_its_name_to_none(
    app_factory: Callable[..., Provider],
) -> None:
    """Disabled, and enabled again: that `sid` is over for good."""
    house = app_factory(session_idle=timedelta(seconds=1))
    browser = house.browser()
    before = house.exchange(browser.sign_in()).get_json()
    for enabled in (False, True):
        now, account = datetime.now(UTC), house.accounts.get(house.account.id)
        house.accounts.save(dataclasses.replace(account, enabled=enabled).next_generation())
        house.grants.end_sessions_of(account.id, now, ())
    after = house.exchange(browser.sign_in()).get_json()
    sids = [jwt.decode(t["id_token"], options={"verify_signature": False})["sid"] for t in (before, after)]
    assert len(set(sids)) == 2
    assert house.userinfo(after["access_token"]).status_code == 200
