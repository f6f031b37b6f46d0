"""The Pro Santé Connect simulator as a process: sign-in pages, tokens, sessions, refusals and logout."""

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from joserfc.errors import BadSignatureError

from sandbox.psc.exercices import ACTIVITY_MEMBERS
from tests.sandbox.processes import stop
from tests.sandbox.psc_driver import (
    CALLBACK,
    CLIENT_ID,
    SECRET,
    SIGNED_OUT,
    TIMEOUT,
    Browser,
    Psc,
    basic,
    s256,
    start_psc,
)

FEDERATED = "f:550dc1c8-d97b-4b1e-ac8c-8eb4471cf9dd:"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Psc]:
    psc = start_psc(tmp_path_factory.mktemp("psc"), "--validation")
    yield psc
    assert stop(psc.process) == 0


@pytest.fixture
def psc(running: Psc) -> Psc:
    running.reset()
    return running


@pytest.fixture
def browsers(psc: Psc) -> Iterator[Callable[[], Browser]]:
    opened: list[Browser] = []

    def new() -> Browser:
        opened.append(Browser(psc))
        return opened[-1]

    yield new
    for one in opened:
        one.http.close()


@pytest.fixture
def browser(browsers: Callable[[], Browser]) -> Browser:
    return browsers()


def tokens(psc: Psc, browser: Browser, identity: str = "kit") -> dict[str, Any]:
    """The token response of an ordinary card login."""
    browser.ask()
    response = psc.redeem(browser.by_card(identity))
    assert response.status_code == 200, response.text
    received: dict[str, Any] = response.json()
    return received


def assert_refused(response: requests.Response, status: int, error: str, description: str) -> None:
    assert (response.status_code, response.json()) == (
        status,
        {"error": error, "error_description": description},
    )


def test_discovery_is_only_at_the_wallet_path(psc: Psc) -> None:
    assert requests.get(f"{psc.issuer}/.well-known/openid-configuration", timeout=TIMEOUT).status_code == 404
    metadata = psc.metadata
    assert metadata["issuer"] == psc.issuer
    assert metadata["authorization_endpoint"].endswith("/auth")
    assert not metadata["authorization_endpoint"].startswith(psc.issuer.split("/auth/realms")[0])
    assert metadata["token_endpoint"] == f"{psc.issuer}/protocol/openid-connect/token"
    assert metadata["mtls_endpoint_aliases"]["token_endpoint"] == metadata["token_endpoint"]
    assert metadata["acr_values_supported"] == ["0", "0"]
    assert {"eidas1", "scope_all"} <= set(metadata["scopes_supported"])


def test_card_journey_gives_the_published_tokens_and_userinfo(psc: Psc, browser: Browser) -> None:
    verifier = "v" * 64
    browser.ask(state="é&=", nonce="n-1", code_challenge=s256(verifier), code_challenge_method="S256")
    answer = browser.by_card("kit")
    assert answer.keys() == {"from", "state", "session_state", "iss", "code"}
    assert (answer["state"], answer["iss"]) == ("é&=", psc.issuer)
    received = psc.redeem(answer, verifier).json()
    assert {name: received[name] for name in ("expires_in", "token_type", "not-before-policy", "scope")} == {
        "expires_in": 120,
        "token_type": "Bearer",
        "not-before-policy": 0,
        "scope": "openid profile scope_all identity",
    }
    assert received["refresh_expires_in"] == 1800
    assert received["session_state"] == answer["session_state"]
    header, claims = psc.verified(received["id_token"])
    assert (header["alg"], header["typ"]) == ("RS256", "JWT")
    assert claims == {
        **{name: claims[name] for name in ("exp", "iat", "auth_time", "jti", "at_hash")},
        "iss": psc.issuer,
        "aud": CLIENT_ID,
        "sub": f"{FEDERATED}899700427885",
        "typ": "ID",
        "azp": CLIENT_ID,
        "nonce": "n-1",
        "session_state": answer["session_state"],
        "sid": answer["session_state"],
        "authMode": "CARD",
        "acr": "eidas1",
        "SubjectNameID": "899700427885",
        "preferred_username": "899700427885",
        "given_name": "KIT",
        "family_name": "DOC0042788",
    }
    assert claims["exp"] - claims["iat"] == 120
    assert abs(claims["auth_time"] - time.time()) < 30
    assert claims["at_hash"] == s256_half(received["access_token"])
    assert psc.userinfo(received["access_token"]).json() == P2


def s256_half(access: str) -> str:
    """OpenID Connect Core §3.1.3.6, written otherwise than in the simulator."""
    import base64
    import hashlib

    return base64.urlsafe_b64encode(hashlib.sha256(access.encode()).digest()[:16]).decode().rstrip("=")


def test_access_token_is_like_the_published_one_without_audience(psc: Psc, browser: Browser) -> None:
    _, claims = psc.verified(tokens(psc, browser)["access_token"])
    assert "aud" not in claims
    assert (claims["typ"], claims["nonce"], claims["azp"]) == ("Bearer", "", CLIENT_ID)
    assert claims["otherIds"] == [{"identifiant": "899700427885", "origine": "RPPS", "qualite": 1}]


def test_phone_shows_the_number_of_the_page_and_signs_in(psc: Psc, browser: Browser) -> None:
    browser.ask()
    browser.submit("Se connecter avec e-CPS", identifier="99700 000 013")
    shown = [tag.get_text() for tag in browser.soup.select(".number strong")]
    assert len(shown) == 2
    assert shown[0] == shown[1]
    assert len(shown[0]) == 2
    assert "Téléphone simulé" in browser.text
    assert "Marie LEFEBVRE" in browser.text
    browser.submit("Confirmer")
    _, claims = psc.verified(psc.redeem(browser.answer()).json()["id_token"])
    assert (claims["authMode"], claims["SubjectNameID"]) == ("MOBILE", "899700000013")


def test_unknown_identifier_stays_in_its_field(browser: Browser) -> None:
    browser.ask()
    browser.submit("Se connecter avec e-CPS", identifier="12<34")
    field = browser.soup.select_one("#identifier[aria-invalid]")
    assert field is not None
    assert field["value"] == "12<34"
    assert "pas connu" in browser.text


def test_rejection_on_the_phone_leads_back_to_the_choice(browser: Browser) -> None:
    browser.ask()
    browser.by_phone("899700000013", "Rejeter")
    assert "rejetée" in browser.text
    assert browser.by_card()["code"]


def test_wrong_pin_counts_down_then_locks_that_card_until_reset(psc: Psc, browser: Browser) -> None:
    browser.ask()
    browser.follow("Carte CPS")
    for remark in ("restants : 2", "restants : 1", "bloquée", "bloquée"):
        browser.submit("Se connecter avec la carte", identity="kit", pin="0000")
        assert remark in browser.text
    browser.submit("Se connecter avec la carte", identity="kit", pin="1234")
    assert "bloquée" in browser.text
    browser.submit("Se connecter avec la carte", identity="lefebvre", pin="1234")
    assert browser.answer()["code"]
    psc.reset()
    browser.ask()
    assert browser.by_card("kit")["code"]


def test_cancelling_brings_access_denied_back(psc: Psc, browser: Browser) -> None:
    browser.ask(state="s-1")
    browser.submit("Annuler")
    answer = browser.answer()
    assert (answer["error"], answer["state"], answer["iss"]) == ("access_denied", "s-1", psc.issuer)
    assert "code" not in answer


def test_login_in_another_browser_or_already_over_is_a_page(browsers: Callable[[], Browser]) -> None:
    mine, other = browsers(), browsers()
    mine.ask()
    address = mine.page.url
    other.visit(address)
    assert other.page.status_code == 400
    mine.by_card()
    mine.visit(address)
    assert mine.page.status_code == 400
    assert "recommencez" in mine.text


def test_live_session_signs_in_without_a_page_and_keeps_its_auth_time(psc: Psc, browser: Browser) -> None:
    _, first = psc.verified(tokens(psc, browser)["id_token"])
    psc.switch(clock_offset_seconds=600)
    browser.ask(prompt="none")
    _, second = psc.verified(psc.redeem(browser.answer()).json()["id_token"])
    assert (second["auth_time"], second["sid"]) == (first["auth_time"], first["sid"])
    assert second["iat"] >= first["iat"] + 600


@pytest.mark.parametrize(
    ("steps", "is_open"),
    [((29 * 60,), True), ((31 * 60,), False), (tuple(range(1500, 14_400, 1500)), True)],
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


@pytest.mark.parametrize(
    ("verifier", "description"),
    [("w" * 64, "PKCE verification failed"), ("", "PKCE code verifier not specified")],
)
def test_wrong_verifier_is_refused_and_spends_the_code(
    psc: Psc, browser: Browser, verifier: str, description: str
) -> None:
    browser.ask(code_challenge=s256("v" * 64), code_challenge_method="S256")
    answer = browser.by_card()
    assert_refused(psc.redeem(answer, verifier), 400, "invalid_grant", description)
    assert_refused(psc.redeem(answer, "v" * 64), 400, "invalid_grant", "Code not valid")


def test_code_is_refused_the_second_time_and_its_tokens_die(psc: Psc, browser: Browser) -> None:
    browser.ask()
    answer = browser.by_card()
    access = psc.redeem(answer).json()["access_token"]
    assert psc.userinfo(access).status_code == 200
    assert_refused(psc.redeem(answer), 400, "invalid_grant", "Code not valid")
    assert psc.userinfo(access).status_code == 401


def test_code_is_refused_after_a_minute_or_to_another_client(psc: Psc, browser: Browser) -> None:
    browser.ask()
    answer = browser.by_card()
    psc.switch(clock_offset_seconds=61)
    assert_refused(psc.redeem(answer), 400, "invalid_grant", "Code not valid")
    browser.ask()
    refused = psc.redeem(browser.answer(), auth=basic("autre", "other"))
    assert_refused(refused, 400, "invalid_grant", "Code not valid")


def test_code_is_refused_with_another_redirect_uri(psc: Psc, browser: Browser) -> None:
    browser.ask()
    form = {"grant_type": "authorization_code", "code": browser.by_card()["code"], "redirect_uri": SIGNED_OUT}
    assert_refused(psc.post("token_endpoint", form), 400, "invalid_grant", "Incorrect redirect_uri")


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "inconnu"},
        {"client_id": None},
        {"redirect_uri": f"{CALLBACK}/"},
        {"redirect_uri": None},
        {"redirect_uri": "http://localhost:1/autre"},
    ],
)
def test_unproved_client_or_address_gets_a_page_and_no_redirect(
    browser: Browser, changes: dict[str, str | None]
) -> None:
    browser.ask(**changes)
    assert browser.page.status_code == 400
    assert "Location" not in browser.page.headers
    assert "Nous sommes désolés" in browser.text


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "id_token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"scope": "scope_all"}, "invalid_scope"),
        ({"scope": "openid inconnu"}, "invalid_scope"),
        ({"acr_values": "eidas2"}, "invalid_request"),
        ({"acr_values": None}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"code_challenge": "court", "code_challenge_method": "S256"}, "invalid_request"),
        ({"code_challenge": "c" * 43, "code_challenge_method": "S512"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
    ],
)
def test_bad_request_of_a_proved_client_goes_back_as_an_error(
    browser: Browser, changes: dict[str, str | None], error: str
) -> None:
    browser.ask(**changes, state="s-3")
    assert (browser.answer()["error"], browser.answer()["state"]) == (error, "s-3")


def test_client_signs_in_by_basic_or_post_and_in_no_other_way(psc: Psc, browser: Browser) -> None:
    browser.ask()
    browser.by_card()

    def redeem(auth: dict[str, str], **form: str) -> requests.Response:
        browser.ask()
        asked = {"grant_type": "authorization_code", "code": browser.answer()["code"]}
        return psc.post("token_endpoint", {**asked, "redirect_uri": CALLBACK, **form}, auth=auth)

    assert redeem(basic(CLIENT_ID, SECRET)).status_code == 200
    assert redeem({}, client_id=CLIENT_ID, client_secret=SECRET).status_code == 200
    for refused, error in (
        (redeem(basic(CLIENT_ID, "faux")), "unauthorized_client"),
        (redeem(basic("inconnu", SECRET)), "invalid_client"),
        (redeem({}, client_id=CLIENT_ID), "unauthorized_client"),
        (redeem({}, client_id=CLIENT_ID, client_assertion="a.b.c"), "invalid_client"),
    ):
        assert (refused.status_code, refused.json()["error"]) == (401, error)
    assert redeem(basic(CLIENT_ID, "faux")).headers["WWW-Authenticate"].startswith("Basic ")


def test_userinfo_refuses_unknown_and_expired_tokens(psc: Psc, browser: Browser) -> None:
    access = tokens(psc, browser)["access_token"]
    assert psc.userinfo(access).status_code == 200
    psc.switch(clock_offset_seconds=121)
    for token in (access, "inconnu"):
        refused = psc.userinfo(token)
        assert refused.status_code == 401
        assert refused.headers["WWW-Authenticate"].startswith("Bearer ")
        assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]
    assert requests.get(psc.metadata["userinfo_endpoint"], timeout=TIMEOUT).status_code == 401


def test_refresh_gives_new_tokens_until_half_an_hour(psc: Psc, browser: Browser) -> None:
    received = tokens(psc, browser)
    psc.switch(clock_offset_seconds=1790)
    renewed = psc.refresh(received["refresh_token"]).json()
    _, claims = psc.verified(renewed["id_token"])
    assert claims["sid"] == received["session_state"]
    assert "nonce" not in claims
    assert psc.userinfo(renewed["access_token"]).json()["SubjectNameID"] == "899700427885"
    psc.switch(clock_offset_seconds=1801)
    assert_refused(psc.refresh(received["refresh_token"]), 400, "invalid_grant", "Token is not active")
    assert psc.refresh(renewed["refresh_token"]).status_code == 200


def test_introspection_tells_the_identifier_for_an_access_token_only(psc: Psc, browser: Browser) -> None:
    received = tokens(psc, browser)
    told = psc.post("introspection_endpoint", {"token": received["access_token"]}).json()
    assert (told["active"], told["client_id"], told["username"]) == (True, CLIENT_ID, "899700427885")
    assert told["SubjectNameID"] == "899700427885"
    assert told["acr"] == "eidas1"
    told = psc.post("introspection_endpoint", {"token": received["refresh_token"]}).json()
    assert told["active"] is True
    assert "SubjectNameID" not in told
    assert psc.post("introspection_endpoint", {"token": "inconnu"}).json() == {"active": False}
    assert psc.post("introspection_endpoint", {"token": "x"}, auth={}).status_code == 401


def test_revoked_refresh_token_takes_its_family_along(psc: Psc, browser: Browser) -> None:
    received = tokens(psc, browser)
    theirs = {"auth": basic("autre", "other")}
    assert psc.post("revocation_endpoint", {"token": received["refresh_token"]}, **theirs).status_code == 200
    assert psc.userinfo(received["access_token"]).status_code == 200
    assert psc.post("revocation_endpoint", {"token": received["refresh_token"]}).status_code == 200
    assert psc.userinfo(received["access_token"]).status_code == 401
    assert psc.refresh(received["refresh_token"]).status_code == 400


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


@pytest.mark.parametrize(
    "hint", [{"post_logout_redirect_uri": SIGNED_OUT}, {"id_token_hint": "e30.e30.e30"}]
)
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


def test_cookies_have_names_of_their_own_and_are_closed_to_scripts(browser: Browser) -> None:
    browser.ask()
    browser.by_card()
    cookies = list(browser.http.cookies)
    assert {cookie.name for cookie in cookies} == {"psc_sim_browser", "psc_sim_session"}
    for cookie in cookies:
        assert cookie.has_nonstandard_attr("HttpOnly")
        assert cookie.get_nonstandard_attr("SameSite") == "Lax"


def test_wallet_page_needs_no_script_and_speaks_english_too(browser: Browser) -> None:
    browser.ask()
    assert "PSC SIMULATEUR" in browser.text
    assert not browser.soup.find(["script", "style"])
    assert "default-src 'none'" in browser.page.headers["Content-Security-Policy"]
    for field in browser.soup.select("form input"):
        assert browser.soup.find("label", {"for": field["id"]})
    browser.follow("English")
    assert "Sign in" in browser.text
    browser.follow("CPS card")
    assert "PIN" in browser.text


def test_key_is_kept_in_the_state_directory_and_the_end_is_quick(tmp_path: Path) -> None:
    kids = []
    for _ in range(2):
        psc = start_psc(tmp_path, "--state-dir", str(tmp_path / "state"))
        kids.append([key["kid"] for key in requests.get(psc.metadata["jwks_uri"], timeout=TIMEOUT).json()["keys"]])
        asked_at = time.monotonic()
        psc.process.send_signal(signal.SIGINT)
        psc.process.communicate(timeout=5)
        assert time.monotonic() - asked_at < 2
        assert psc.process.returncode == 0
    assert kids[0] == kids[1]
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "state").iterdir()] == [0o600]
