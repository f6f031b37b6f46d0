"""SSO sessions of the simulator: how they spare a login, how they end, and the life of the process itself."""

import signal
import time
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.limits import within
from tests.sandbox.psc.driver import (
    CLIENT_ID,
    SIGNED_OUT,
    TIMEOUT,
    Browser,
    Psc,
    assert_refused,
    start_psc,
    tokens,
)


def test_live_session_signs_in_without_a_page_and_keeps_its_auth_time(psc: Psc, browser: Browser) -> None:
    _, first = psc.verified(tokens(psc, browser)["id_token"])
    psc.switch(clock_offset_seconds=600)
    browser.ask(prompt="none")
    _, second = psc.verified(psc.redeem(browser.answer()).json()["id_token"])
    assert (second["auth_time"], second["sid"]) == (first["auth_time"], first["sid"])
    assert second["iat"] >= first["iat"] + 600


@pytest.mark.parametrize(
    ("steps", "is_open"), [((29 * 60,), True), ((31 * 60,), False), (tuple(range(1500, 14_400, 1500)), True)]
)
def test_session_ends_after_thirty_idle_minutes(
    psc: Psc, browser: Browser, steps: tuple[int, ...], is_open: bool
) -> None:
    browser.ask()
    browser.by_card()
    for offset in steps:
        psc.switch(clock_offset_seconds=offset)
        browser.ask(prompt="none")
    assert ("code" in browser.answer()) == is_open


def test_session_ends_after_four_hours_however_busy(psc: Psc, browser: Browser) -> None:
    browser.ask()
    browser.by_card()
    for offset in (*range(1500, 14_400, 1500), 14_401):
        psc.switch(clock_offset_seconds=offset)
        browser.ask(prompt="none")
    assert browser.answer()["error"] == "login_required"


def test_prompt_none_without_session_is_login_required(browser: Browser) -> None:
    browser.ask(prompt="none", state="s-2")
    assert (browser.answer()["error"], browser.answer()["state"]) == ("login_required", "s-2")


@pytest.mark.parametrize(("changes", "offset"), [({"prompt": "login"}, 0), ({"max_age": "60"}, 61)])
def test_fresh_login_asked_for_shows_the_page_and_renews_auth_time(
    psc: Psc, browser: Browser, changes: dict[str, str], offset: int
) -> None:
    _, first = psc.verified(tokens(psc, browser)["id_token"])
    psc.switch(clock_offset_seconds=offset + 5)
    browser.ask(**changes)
    assert browser.is_at_sign_in
    _, second = psc.verified(psc.redeem(browser.by_card()).json()["id_token"])
    assert second["auth_time"] >= first["auth_time"] + offset + 5
    assert second["sid"] != first["sid"]


def test_logout_comes_back_with_state_and_ends_session_and_tokens(psc: Psc, browser: Browser) -> None:
    received = tokens(psc, browser)
    psc.switch(clock_offset_seconds=300)  # the hint has expired: accepted all the same
    hint = {"id_token_hint": received["id_token"], "post_logout_redirect_uri": SIGNED_OUT, "state": "bye"}
    browser.visit(psc.metadata["end_session_endpoint"], params=hint)
    assert browser.page.headers["Location"] == f"{SIGNED_OUT}?state=bye"
    assert "psc_sim_session" not in browser.http.cookies
    assert_refused(psc.refresh(received["refresh_token"]), 400, "invalid_grant", "Session not active")
    browser.ask()
    assert browser.is_at_sign_in


@pytest.mark.parametrize("hint", [{"post_logout_redirect_uri": SIGNED_OUT}, {"id_token_hint": "e30.e30.e30"}])
def test_logout_without_a_valid_hint_goes_nowhere(psc: Psc, browser: Browser, hint: dict[str, str]) -> None:
    tokens(psc, browser)
    browser.visit(psc.metadata["end_session_endpoint"], params=hint)
    assert (browser.page.status_code, "Location" in browser.page.headers) == (400, False)
    browser.ask()
    assert browser.answer()["code"]


def test_logout_to_an_unregistered_address_goes_nowhere(psc: Psc, browser: Browser) -> None:
    sent = {"id_token_hint": tokens(psc, browser)["id_token"], "post_logout_redirect_uri": f"{SIGNED_OUT}/"}
    browser.visit(psc.metadata["end_session_endpoint"], params=sent)
    assert (browser.page.status_code, "Location" in browser.page.headers) == (400, False)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_hint_alone_without_a_browser_ends_the_session(psc: Psc, browser: Browser, method: str) -> None:
    received = tokens(psc, browser)
    place = "params" if method == "GET" else "data"
    sent: dict[str, Any] = {place: {"id_token_hint": received["id_token"]}}
    closed = requests.request(method, psc.metadata["end_session_endpoint"], timeout=TIMEOUT, **sent)
    assert closed.status_code == 200
    assert "session est fermée" in closed.text
    browser.ask()
    assert browser.is_at_sign_in


def test_logout_without_hint_asks_first(psc: Psc, browser: Browser) -> None:
    tokens(psc, browser)
    browser.visit(psc.metadata["end_session_endpoint"])
    assert "Se déconnecter ?" in browser.text
    browser.submit("Se déconnecter")
    assert "session est fermée" in browser.text
    browser.ask()
    assert browser.is_at_sign_in


def test_logout_by_client_id_asks_first_then_comes_back(psc: Psc, browser: Browser) -> None:
    tokens(psc, browser)
    sent = {"client_id": CLIENT_ID, "post_logout_redirect_uri": SIGNED_OUT, "state": "bye"}
    browser.visit(psc.metadata["end_session_endpoint"], params=sent)
    browser.submit("Se déconnecter")
    assert browser.page.headers["Location"] == f"{SIGNED_OUT}?state=bye"
    browser.visit(psc.metadata["end_session_endpoint"], params=sent)
    assert browser.page.headers["Location"] == f"{SIGNED_OUT}?state=bye"


@pytest.mark.parametrize(
    "wrong", [{"client_id": "inconnu"}, {"client_id": CLIENT_ID, "post_logout_redirect_uri": "http://x/"}]
)
def test_logout_by_a_wrong_client_or_address_goes_nowhere(
    psc: Psc, browser: Browser, wrong: dict[str, str]
) -> None:
    browser.visit(psc.metadata["end_session_endpoint"], params=wrong)
    assert (browser.page.status_code, "Location" in browser.page.headers) == (400, False)


def test_key_is_kept_in_the_state_directory_and_the_end_is_quick(tmp_path: Path) -> None:
    kids = []
    for _ in range(2):
        psc = start_psc(tmp_path, "--state-dir", str(tmp_path / "state"))
        kids.append(
            [key["kid"] for key in requests.get(psc.metadata["jwks_uri"], timeout=TIMEOUT).json()["keys"]]
        )
        asked_at = time.monotonic()
        psc.process.send_signal(signal.SIGINT)
        psc.process.communicate(timeout=within(5))
        assert time.monotonic() - asked_at < within(2)
        assert psc.process.returncode == 0
    assert kids[0] == kids[1]
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "state").iterdir()] == [0o600]
