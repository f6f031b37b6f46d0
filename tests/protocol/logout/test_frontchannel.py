"""What signing out does for the other applications of the session: notices queued, frames shown, the way on."""

import threading
import time
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import TestResponse

from idp.accounts.account import AccountId
from idp.accounts.charter import CharterEvidence
from idp.accounts.logouts import NoticeState
from idp.adapters.key_files.keys_in_force import KeysInForce
from idp.adapters.sql.logouts import SqlLogoutNotices
from idp.adapters.sql.schema import logout_notices
from idp.adapters.sql.store import SqlStore
from idp.core.clock import SystemClock
from idp.core.ephemeral import Kind
from idp.wiring.resources import open_key_directory
from tests.limits import within
from tests.people import an_account, an_identity
from tests.provider import (
    AFTER_LOGOUT,
    ISSUER,
    LONG_AGO,
    PASSWORD,
    RP,
    SECRETS,
    Browser,
    Provider,
    answer_of,
    audited,
    basic,
)

FRAMED = "https://grand-age.example/front?x=1"
OWN_FRAME = "https://trajectoire.example/front"
SIBLING = "grand-age"


@pytest.fixture
def house(fresh: Provider) -> Provider:
    """ViaTrajectoire is called, Trajectoire Grand Âge is framed."""
    fresh.register(RP, backchannel_logout_uri="https://trajectoire.example/back")
    return fresh.register(SIBLING, frontchannel_logout_uri=FRAMED)


@pytest.fixture
def both(house: Provider) -> tuple[Browser, dict[str, Any]]:
    """Signed in at both with one session; the tokens of the first."""
    browser = house.browser()
    tokens = house.exchange(browser.sign_in()).get_json()
    visit_sibling(house, browser)
    return browser, tokens


def visit_sibling(house: Provider, browser: Browser) -> None:
    address = "https://grand-age.example/callback"
    code = browser.sign_in(client_id=SIBLING, redirect_uri=address)
    assert house.exchange(code, SIBLING, redirect_uri=address).status_code == 200


def leave(browser: Browser, **parameters: str) -> TestResponse:
    return browser.get(f"/end_session?{urlencode(parameters)}")


def sid_of(tokens: dict[str, Any]) -> str:
    claims = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    return str(claims["sid"])


def page_of(response: TestResponse) -> BeautifulSoup:
    return BeautifulSoup(response.text, "html.parser")


def queued(house: Provider) -> list[tuple[str, str]]:
    with house.database.connect() as connection:
        rows = connection.execute(sa.select(logout_notices.c.client_id, logout_notices.c.sid))
        return sorted((row.client_id, row.sid) for row in rows)


def refresh_of(response: TestResponse) -> str | None:
    tag = page_of(response).find("meta", attrs={"http-equiv": "refresh"})
    return None if tag is None else str(tag["content"]).removeprefix("0; url=")


# --- frames


def test_framed_application_gets_iss_and_sid_and_the_browser_goes_on_by_itself(
    both: tuple[Browser, dict[str, Any]],
) -> None:
    browser, tokens = both
    response = leave(
        browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=AFTER_LOGOUT, state="s/é &"
    )
    assert response.status_code == 200
    (frame,) = page_of(response).find_all("iframe")
    parts = urlsplit(str(frame["src"]))
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == "https://grand-age.example/front"
    assert parse_qs(parts.query) == {"x": ["1"], "iss": [ISSUER], "sid": [sid_of(tokens)]}
    onward = f"{AFTER_LOGOUT}?{urlencode({'state': 's/é &'})}"
    assert refresh_of(response) == onward
    button = page_of(response).find("a", href=onward)
    assert button is not None
    assert button.get_text(strip=True) == "Revenir à ViaTrajectoire"
    assert "Trajectoire Grand Âge" in response.text


def test_policy_of_that_page_frames_exactly_the_registered_origins(
    both: tuple[Browser, dict[str, Any]],
) -> None:
    browser, tokens = both
    ordinary = browser.get("/.well-known/openid-configuration").headers["Content-Security-Policy"]
    assert "frame-src" not in browser.get("/").headers["Content-Security-Policy"]
    response = leave(browser, id_token_hint=tokens["id_token"])
    policy = response.headers["Content-Security-Policy"]
    assert policy == f"{ordinary}; frame-src https://grand-age.example"
    assert "<script" not in response.text
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Frame-Options"] == "DENY"
    assert "frame-src" not in browser.get("/").headers["Content-Security-Policy"]


def test_application_that_asked_is_framed_too(fresh: Provider) -> None:
    """Front-Channel Logout §3 makes no exception of who began it."""
    house = fresh.register(RP, frontchannel_logout_uri=OWN_FRAME)
    browser = house.browser()
    tokens = house.exchange(browser.sign_in()).get_json()
    response = leave(browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=AFTER_LOGOUT)
    assert [urlsplit(str(f["src"])).path for f in page_of(response).find_all("iframe")] == ["/front"]
    assert refresh_of(response) == AFTER_LOGOUT
    assert "Nous avons aussi demandé" not in response.text


def test_without_a_return_address_the_page_stays(both: tuple[Browser, dict[str, Any]]) -> None:
    browser, tokens = both
    response = leave(
        browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri="https://evil.example/"
    )
    assert refresh_of(response) is None
    assert len(page_of(response).find_all("iframe")) == 1
    assert page_of(response).find("a", href="https://trajectoire.example/")
    assert "evil" not in response.text


def test_click_of_the_person_shows_the_frames_as_well(both: tuple[Browser, dict[str, Any]]) -> None:
    browser, _tokens = both
    page = leave(browser, client_id=RP, post_logout_redirect_uri=AFTER_LOGOUT, state="s")
    assert not page_of(page).find_all("iframe")
    response = browser.submit(page, "/end_session/confirm")
    assert len(page_of(response).find_all("iframe")) == 1
    assert "frame-src https://grand-age.example" in response.headers["Content-Security-Policy"]
    assert refresh_of(response) == f"{AFTER_LOGOUT}?state=s"


def test_reload_of_the_frames_leads_on(both: tuple[Browser, dict[str, Any]]) -> None:
    browser, tokens = both
    asked = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": AFTER_LOGOUT}
    leave(browser, **asked)
    assert leave(browser, **asked).headers["Location"] == AFTER_LOGOUT


def test_application_visited_without_redeeming_its_code_is_not_framed(house: Provider) -> None:
    browser = house.browser()
    tokens = house.exchange(browser.sign_in()).get_json()
    browser.sign_in(client_id=SIBLING, redirect_uri="https://grand-age.example/callback")
    response = leave(browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=AFTER_LOGOUT)
    assert response.headers["Location"] == AFTER_LOGOUT


def test_without_framed_applications_the_return_is_immediate(house: Provider) -> None:
    browser = house.browser()
    tokens = house.exchange(browser.sign_in()).get_json()
    response = leave(browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=AFTER_LOGOUT)
    assert (response.status_code, response.headers["Location"]) == (303, AFTER_LOGOUT)
    assert queued(house) == [(RP, sid_of(tokens))]


def test_words_of_the_page_follow_ui_locales_unless_the_person_chose(
    both: tuple[Browser, dict[str, Any]],
) -> None:
    browser, _tokens = both
    assert '<html lang="en"' in leave(browser, client_id=RP, ui_locales="xx en-GB fr").text
    assert '<html lang="en"' in leave(browser, client_id=RP, ui_locales="XX EN-gb FR").text
    assert '<html lang="fr"' in leave(browser, client_id=RP, ui_locales="<script> %00").text
    browser.get("/?lang=fr")
    assert '<html lang="fr"' in leave(browser, client_id=RP, ui_locales="en").text


def test_logout_hint_is_taken_and_changes_nothing(both: tuple[Browser, dict[str, Any]]) -> None:
    browser, tokens = both
    response = leave(browser, id_token_hint=tokens["id_token"], logout_hint="somebody@else.example")
    assert response.status_code == 200
    assert "somebody" not in response.text


# --- notices


def test_notice_of_each_called_application_is_there_before_the_answer(
    house: Provider, both: tuple[Browser, dict[str, Any]]
) -> None:
    browser, tokens = both
    leave(browser, id_token_hint=tokens["id_token"])
    assert queued(house) == [(RP, sid_of(tokens))]
    newest = SqlLogoutNotices(house.database).newest(1, client_id=None, state=None)[0]
    assert (newest.state, newest.account_id) == (NoticeState.WAITING, house.account.id)


def test_two_sign_outs_at_once_give_one_notice_and_one_line_of_audit(
    house: Provider, both: tuple[Browser, dict[str, Any]]
) -> None:
    browser, tokens = both
    cookies = {
        name: browser.client.get_cookie(f"caducee_{name}", "localhost") for name in ("session", "browser")
    }
    barrier, statuses = threading.Barrier(8), []

    def sign_out() -> None:
        tab = house.browser()
        for name, cookie in cookies.items():
            assert cookie is not None
            tab.client.set_cookie(f"caducee_{name}", cookie.value, domain="localhost")
        barrier.wait()
        statuses.append(leave(tab, id_token_hint=tokens["id_token"]).status_code)

    threads = [threading.Thread(target=sign_out) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 8
    assert queued(house) == [(RP, sid_of(tokens))]
    assert audited(house).count("session:end:accepted") == 1


def expire(house: Provider, tokens: dict[str, Any]) -> None:
    """As if the person had come last an hour ago."""
    store = SqlStore(house.database, SystemClock())
    stored = store.get(Kind.SESSION, sid_of(tokens))
    assert stored is not None
    seen = (SystemClock().now() - timedelta(hours=1)).isoformat()
    store.put(Kind.SESSION, sid_of(tokens), {**stored.value, "last_seen_at": seen}, timedelta(hours=1))


def enrol_bob(house: Provider) -> str:
    """Make a colleague with the same password. Returns the RPPS."""
    rpps = "10000000025"
    bob = an_account(
        id=AccountId("account-of-bob"),
        subject="subject-of-bob",
        email="bob@example.org",
        identity=an_identity(rpps=rpps),
        password_hash=house.account.password_hash,
    )
    house.accounts.add(bob)
    house.charters.accept(
        CharterEvidence(
            account_id=bob.id,
            revision="2026-1",
            text_sha256="0" * 64,
            accepted_at=LONG_AGO,
            authenticator="cps",
            client_id=RP,
        )
    )
    return rpps


@pytest.mark.parametrize("has_expired", [False, True])
def test_next_person_at_the_same_browser_signs_the_one_before_out_everywhere(
    house: Provider, both: tuple[Browser, dict[str, Any]], has_expired: bool
) -> None:
    """facts/security T12: two colleagues, one workstation; relying parties may live longer than our session."""
    browser, tokens = both
    rpps = enrol_bob(house)
    if has_expired:
        expire(house, tokens)
    page = browser.follow(browser.authorize(prompt="login"))
    page = browser.submit(page, "/password", rpps=rpps, password=PASSWORD)
    assert "code" in answer_of(browser.submit(page, "/email_otp", code=house.last_code()))
    assert queued(house) == [(RP, sid_of(tokens))]
    assert house.userinfo(tokens["access_token"]).status_code == 401
    assert audited(house).count("session:end:accepted") == 1


def test_session_that_expired_is_signed_out_of_everywhere_by_its_hint(
    house: Provider, both: tuple[Browser, dict[str, Any]]
) -> None:
    """Expiry tells nobody; the person who signs out afterwards means every application."""
    browser, tokens = both
    expire(house, tokens)
    assert answer_of(browser.authorize(prompt="none"))["error"] == "login_required"
    assert queued(house) == []
    response = leave(browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=AFTER_LOGOUT)
    assert len(page_of(response).find_all("iframe")) == 1
    assert queued(house) == [(RP, sid_of(tokens))]
    assert house.userinfo(tokens["access_token"]).status_code == 401


def test_expired_session_without_its_hint_ends_nothing(
    house: Provider, both: tuple[Browser, dict[str, Any]]
) -> None:
    browser, tokens = both
    expire(house, tokens)
    assert leave(browser, client_id=RP, post_logout_redirect_uri=AFTER_LOGOUT).status_code == 303
    thief = house.browser()
    thief.client.set_cookie("caducee_session", f"{sid_of(tokens)}.guess", domain="localhost")
    leave(thief, client_id=RP)
    assert queued(house) == []
    assert house.userinfo(tokens["access_token"]).status_code == 200


def test_database_down_while_signing_out_is_a_page_and_the_session_lives_on(
    house: Provider, both: tuple[Browser, dict[str, Any]]
) -> None:
    browser, tokens = both
    with house.database.begin() as connection:
        connection.execute(sa.text("ALTER TABLE logout_notices RENAME TO elsewhere"))
    assert leave(browser, id_token_hint=tokens["id_token"]).status_code == 503
    assert house.userinfo(tokens["access_token"]).status_code == 200
    with house.database.begin() as connection:
        connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO logout_notices"))
    assert leave(browser, id_token_hint=tokens["id_token"]).status_code == 200
    assert queued(house) == [(RP, sid_of(tokens))]


def test_session_has_one_sid_wherever_it_is_named(
    house: Provider, both: tuple[Browser, dict[str, Any]]
) -> None:
    browser, tokens = both
    described = browser.post(
        "/introspect", data={"token": tokens["access_token"]}, headers=basic(RP, SECRETS[RP])
    )
    response = leave(browser, id_token_hint=tokens["id_token"])
    framed = parse_qs(urlsplit(str(page_of(response).find_all("iframe")[0]["src"])).query)["sid"]
    (noticed,) = queued(house)
    assert {sid_of(tokens), described.get_json()["sid"], *framed, noticed[1]} == {sid_of(tokens)}


def test_session_whose_record_outlived_its_end_gives_no_code_and_is_gone_then(
    house: Provider, both: tuple[Browser, dict[str, Any]]
) -> None:
    """The ephemeral store was down in the middle of a sign-out, and nobody clicked again."""
    browser, tokens = both
    house.grants.end_session(sid_of(tokens), SystemClock().now(), ())
    refused = answer_of(browser.authorize(prompt="none"))
    assert (refused["error"], refused.get("code")) == ("login_required", None)
    assert SqlStore(house.database, SystemClock()).get(Kind.SESSION, sid_of(tokens)) is None
    assert house.exchange(browser.sign_in()).status_code == 200


# --- what a hint must be


def test_hint_of_a_client_that_left_asks_first_and_leads_nowhere(
    house: Provider, both: tuple[Browser, dict[str, Any]]
) -> None:
    browser, tokens = both
    path = house.settings.where.clients_file
    path.write_text(path.read_text().replace(f"client_id: {RP}\n", "client_id: renamed\n"))
    response = leave(browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=AFTER_LOGOUT)
    assert page_of(response).find("form", action="/end_session/confirm")
    confirmed = browser.submit(response, "/end_session/confirm")
    assert refresh_of(confirmed) is None
    assert len(page_of(confirmed).find_all("iframe")) == 1
    assert "trajectoire.example" not in confirmed.text


def test_hint_signed_by_a_key_that_left_asks_first(
    house: Provider, both: tuple[Browser, dict[str, Any]]
) -> None:
    browser, tokens = both
    directory = open_key_directory(house.settings, SystemClock())
    kid = str(jwt.get_unverified_header(tokens["id_token"])["kid"])
    directory.revoke(kid)
    assert kid not in {key["kid"] for key in KeysInForce(directory).jwks()["keys"]}
    deadline = time.monotonic() + within(5)
    while kid in browser.get("/jwks").text and time.monotonic() < deadline:
        time.sleep(0.05)
    response = leave(browser, id_token_hint=tokens["id_token"], post_logout_redirect_uri=AFTER_LOGOUT)
    assert page_of(response).find("form", action="/end_session/confirm")
    assert queued(house) == []
