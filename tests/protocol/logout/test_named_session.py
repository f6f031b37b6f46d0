"""/end_session with a hint: what it names ends, whoever brings it and whatever the ephemeral store forgot."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
import sqlalchemy as sa
from bs4 import BeautifulSoup
from werkzeug.test import Client, TestResponse

from idp.accounts.account import AccountId
from idp.accounts.charter import CharterEvidence
from idp.adapters.sql.logouts import SqlLogoutNotices
from idp.adapters.sql.schema import ephemeral
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

SIBLING, SIBLINGS_ADDRESS = "grand-age", "https://grand-age.example/callback"
FRAME = "https://grand-age.example/front"


def registered(house: Provider) -> Provider:
    """The first refreshes and is called; the second is called and framed."""
    house.register(
        RP,
        grant_types="[authorization_code, refresh_token]",
        backchannel_logout_uri="https://trajectoire.example/back",
    )
    return house.register(
        SIBLING, backchannel_logout_uri="https://grand-age.example/back", frontchannel_logout_uri=FRAME
    )


@pytest.fixture
def house(fresh: Provider) -> Provider:
    return registered(fresh)


def _signed_in(house: Provider) -> tuple[Browser, dict[str, Any]]:
    """A browser with one session at both applications, and the tokens of the first."""
    browser = house.browser()
    tokens = dict(house.exchange(browser.sign_in()).get_json())
    code = browser.sign_in(client_id=SIBLING, redirect_uri=SIBLINGS_ADDRESS)
    assert house.exchange(code, SIBLING, redirect_uri=SIBLINGS_ADDRESS).status_code == 200
    return browser, tokens


@pytest.fixture
def signed_in(house: Provider) -> tuple[Browser, dict[str, Any]]:
    return _signed_in(house)


def lose_the_ephemeral_store(house: Provider) -> None:
    """As Redis does that comes back empty."""
    with house.database.begin() as connection:
        connection.execute(sa.delete(ephemeral))


def leave(browser: Browser, **parameters: str) -> TestResponse:
    return browser.get(f"/end_session?{urlencode(parameters)}")


def refresh_error(house: Provider, tokens: dict[str, Any]) -> str | None:
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    sent = basic(RP, SECRETS[RP])
    answer = Client(house.app, TestResponse).post("/token", base_url=ISSUER, data=form, headers=sent)
    found: str | None = answer.get_json().get("error")
    return found


def told(house: Provider) -> list[tuple[str, str]]:
    notices = SqlLogoutNotices(house.database).newest(99, client_id=None, state=None)
    return sorted((notice.client_id, notice.sid) for notice in notices)


def sid_of(tokens: dict[str, Any]) -> str:
    return str(jwt.decode(tokens["id_token"], options={"verify_signature": False})["sid"])


def is_question(response: TestResponse) -> bool:
    soup = BeautifulSoup(response.text, "html.parser")
    return soup.find("form", action="/end_session/confirm") is not None


def is_signed_in(browser: Browser) -> bool:
    return "code" in answer_of(browser.authorize(prompt="none"))


def has_ended(house: Provider, tokens: dict[str, Any]) -> bool:
    """Both applications are told, once, and nothing of the session is good any more."""
    sid = sid_of(tokens)
    assert told(house) in ([], [(SIBLING, sid), (RP, sid)])
    return bool(told(house)) and refresh_error(house, tokens) == "invalid_grant"


def test_session_whose_record_was_lost_ends_for_good(
    house: Provider, signed_in: tuple[Browser, dict[str, Any]]
) -> None:
    browser, tokens = signed_in
    lose_the_ephemeral_store(house)
    assert refresh_error(house, tokens) is None
    leave(browser, id_token_hint=tokens["id_token"])
    assert has_ended(house, tokens)
    assert audited(house).count("session:end:accepted") == 1
    # Its own session at Pro Santé Connect may live on (facts/security PS10).
    assert browser.client.get_cookie("caducee_left") is not None


def test_code_not_yet_redeemed_is_void_with_it(
    house: Provider, signed_in: tuple[Browser, dict[str, Any]]
) -> None:
    browser, tokens = signed_in
    code = answer_of(browser.authorize())["code"]
    leave(house.browser(), id_token_hint=tokens["id_token"])
    assert house.exchange(code).get_json()["error"] == "invalid_grant"


def test_hint_again_tells_nobody_a_second_time(
    house: Provider, signed_in: tuple[Browser, dict[str, Any]]
) -> None:
    browser, tokens = signed_in
    lose_the_ephemeral_store(house)
    for who in (browser, browser, house.browser()):
        response = leave(who, id_token_hint=tokens["id_token"], post_logout_redirect_uri=AFTER_LOGOUT)
    # The frames were shown the first time: now it leads on.
    assert response.headers["Location"] == AFTER_LOGOUT
    assert len(told(house)) == 2
    assert audited(house).count("session:end:accepted") == 1


def test_call_without_a_cookie_ends_the_living_session(
    house: Provider, signed_in: tuple[Browser, dict[str, Any]]
) -> None:
    """From server to server: a Keycloak in front of us, which takes any page for success."""
    browser, tokens = signed_in
    answer = leave(house.browser(), id_token_hint=tokens["id_token"], client_id=RP, state="s")
    assert (answer.status_code, is_question(answer)) == (200, False)
    assert FRAME in answer.text
    assert has_ended(house, tokens)
    assert not is_signed_in(browser)


def _enrol_bob(house: Provider) -> str:
    """A colleague with the same password. Returns the RPPS."""
    bob = an_account(
        id=AccountId("account-of-bob"),
        subject="subject-bob",
        identity=an_identity(rpps="10000000025", family_name="MARTIN"),
        email="bob@hopital.example",
        password_hash=house.accounts.get(house.account.id).password_hash,
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
    return bob.identity.rpps


@pytest.mark.parametrize("is_lost", [False, True], ids=["living", "its record lost"])
def test_browser_of_another_person_keeps_their_session_and_asks(
    house: Provider, signed_in: tuple[Browser, dict[str, Any]], is_lost: bool
) -> None:
    _browser, tokens = signed_in
    rpps = _enrol_bob(house)
    if is_lost:
        lose_the_ephemeral_store(house)
    other = house.browser()
    page = other.submit(other.follow(other.authorize()), "/password", rpps=rpps, password=PASSWORD)
    other.submit(page, "/email_otp", code=house.last_code())
    page = leave(other, id_token_hint=tokens["id_token"])
    assert is_question(page)
    assert "MARTIN" in page.text
    # An application that heeds no `sid` would end what it has of Bob.
    assert "<iframe" not in page.text
    assert has_ended(house, tokens)
    assert is_signed_in(other)


def test_hint_that_names_one_client_and_request_that_names_another_end_nothing(
    house: Provider, signed_in: tuple[Browser, dict[str, Any]]
) -> None:
    _browser, tokens = signed_in
    lose_the_ephemeral_store(house)
    leave(house.browser(), id_token_hint=tokens["id_token"], client_id=SIBLING)
    assert not has_ended(house, tokens)


def test_hint_of_a_client_that_left_ends_nothing(
    house: Provider, signed_in: tuple[Browser, dict[str, Any]]
) -> None:
    browser, tokens = signed_in
    file = house.settings.where.clients_file
    known = file.read_text()
    file.write_text(known.replace(f"client_id: {RP}\n", "client_id: renamed\n"))
    leave(house.browser(), id_token_hint=tokens["id_token"])
    file.write_text(known)
    assert not has_ended(house, tokens)
    assert is_signed_in(browser)


def test_expired_hint_is_good(app_factory: Callable[..., Provider]) -> None:
    """RP-Initiated Logout §2: seldom fresh when a person signs out."""
    house = registered(app_factory(id_token_life=timedelta(seconds=1)))
    _browser, tokens = _signed_in(house)
    lose_the_ephemeral_store(house)
    claims = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 1
    leave(house.browser(), id_token_hint=tokens["id_token"])
    assert has_ended(house, tokens)


def test_what_ends_in_other_ways_ends_without_the_ephemeral_store_too(
    house: Provider, signed_in: tuple[Browser, dict[str, Any]]
) -> None:
    """The relying party gives its refresh token back; a new password, or the operator, ends all of the person's."""
    _browser, tokens = signed_in
    _, others = _signed_in(house)
    lose_the_ephemeral_store(house)
    form, sent = {"token": tokens["refresh_token"]}, basic(RP, SECRETS[RP])
    assert house.browser().post("/revoke", data=form, headers=sent).status_code == 200
    assert (refresh_error(house, tokens), refresh_error(house, others)) == ("invalid_grant", None)
    house.accounts.save(house.accounts.get(house.account.id).next_generation())
    assert refresh_error(house, others) == "invalid_grant"
