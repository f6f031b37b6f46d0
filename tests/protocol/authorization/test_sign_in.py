"""From /authorize to the claims: the line of a login, with what must hold on the way."""

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt
import pytest
from bs4 import BeautifulSoup, Tag
from werkzeug.test import Client, TestResponse

from idp.accounts.charter import CharterEvidence, CharterRevision
from tests.fakes import NOON
from tests.provider import (
    AFTER_LOGOUT,
    ISSUER,
    PASSWORD,
    REDIRECT,
    RP,
    RPPS,
    Browser,
    Provider,
    answer_of,
    audited,
)


def claims_of(provider: Provider, token: str, client_id: str = RP) -> dict[str, object]:
    """Verified with PyJWT against the key set we publish."""
    keys = Client(provider.app, TestResponse).get("/jwks", base_url=ISSUER).get_json()
    kid = jwt.get_unverified_header(token)["kid"]
    (key,) = [key for key in keys["keys"] if key["kid"] == kid]
    claims: dict[str, object] = jwt.decode(
        token, jwt.PyJWK(key), algorithms=["RS256", "ES256"], audience=client_id, issuer=ISSUER
    )
    return claims


def test_a_password_and_a_mail_code_lead_to_an_honest_id_token(provider: Provider, browser: Browser) -> None:
    answer = provider.exchange(browser.sign_in())
    assert answer.status_code == 200
    tokens = answer.get_json()
    assert set(tokens) == {"access_token", "token_type", "expires_in", "id_token", "scope"}
    assert (tokens["token_type"], tokens["expires_in"], tokens["scope"]) == ("Bearer", 300, "openid")
    claims = claims_of(provider, tokens["id_token"])
    assert set(claims) == {
        "iss", "sub", "aud", "iat", "exp", "nonce", "at_hash", "acr", "amr", "auth_time", "sid",
    }  # fmt: skip
    assert claims["sub"] == provider.account.subject
    assert claims["acr"] == "urn:caducee:acr:pwd-otp"
    assert claims["amr"] == ["pwd", "otp"]
    assert claims["nonce"] == "nonce-1"
    assert abs(float(str(claims["auth_time"])) - datetime.now(UTC).timestamp()) < 60
    assert int(str(claims["exp"])) - int(str(claims["iat"])) == 300
    at_hash = jwt.utils.base64url_encode(
        jwt.get_algorithm_by_name("RS256").compute_hash_digest(tokens["access_token"].encode())[:16]
    )
    assert claims["at_hash"] == at_hash.decode()


def test_a_client_that_chose_es256_gets_es256(provider: Provider, browser: Browser) -> None:
    uri = "https://grand-age.example/callback"
    code = browser.sign_in(client_id="grand-age", redirect_uri=uri)
    tokens = provider.exchange(code, "grand-age", redirect_uri=uri).get_json()
    assert jwt.get_unverified_header(tokens["id_token"])["alg"] == "ES256"
    assert claims_of(provider, tokens["id_token"], "grand-age")["sub"] == provider.account.subject


def test_the_id_token_never_carries_the_person_even_when_all_scopes_are_granted(
    provider: Provider, browser: Browser
) -> None:
    tokens = provider.exchange(browser.sign_in(scope="openid profile email address professional")).get_json()
    text = json.dumps(claims_of(provider, tokens["id_token"]))
    for personal in (RPPS, "DUPONT", "aicha", "75001", "+331"):
        assert personal not in text


def test_a_request_without_nonce_gets_none(provider: Provider, browser: Browser) -> None:
    tokens = provider.exchange(browser.sign_in(nonce=None)).get_json()
    assert "nonce" not in claims_of(provider, tokens["id_token"])


def test_a_second_relying_party_gets_in_by_sso_without_any_page(provider: Provider, browser: Browser) -> None:
    first = claims_of(provider, provider.exchange(browser.sign_in()).get_json()["id_token"])
    uri = "https://grand-age.example/callback"
    response = browser.authorize(client_id="grand-age", redirect_uri=uri)
    assert response.headers["Location"].startswith(uri)
    tokens = provider.exchange(answer_of(response)["code"], "grand-age", redirect_uri=uri).get_json()
    second = claims_of(provider, tokens["id_token"], "grand-age")
    assert (first["sid"], first["auth_time"], first["sub"]) == (
        second["sid"],
        second["auth_time"],
        second["sub"],
    )


def test_sso_never_lifts_a_password_session_to_a_card_client(browser: Browser) -> None:
    browser.sign_in()
    page = browser.follow(
        browser.authorize(client_id="card-only", redirect_uri="https://card.example/callback")
    )
    assert page.status_code == 200
    silent = browser.authorize(
        client_id="card-only", redirect_uri="https://card.example/callback", prompt="none"
    )
    assert answer_of(silent)["error"] == "login_required"


def test_an_asked_acr_above_the_session_is_a_step_up_and_never_a_lower_token(
    app_factory: Callable[..., Provider], every_door: dict[str, Any]
) -> None:
    browser = app_factory(**every_door).browser()
    browser.sign_in()
    answer = answer_of(browser.authorize(acr_values="urn:caducee:acr:cps", prompt="none"))
    assert answer["error"] == "login_required"


def test_prompt_login_asks_again_and_auth_time_moves(provider: Provider, browser: Browser) -> None:
    browser.sign_in()
    before = datetime.now(UTC)
    page = browser.follow(browser.authorize(prompt="login"))
    assert page.status_code == 200
    code = answer_of(browser.prove(page))["code"]
    claims = claims_of(provider, provider.exchange(code).get_json()["id_token"])
    assert float(str(claims["auth_time"])) >= int(before.timestamp())


def test_the_cookie_changes_at_each_authentication_and_the_old_one_is_dead(
    provider: Provider, browser: Browser
) -> None:
    browser.sign_in()
    old = browser.client.get_cookie("caducee_session", domain="localhost")
    assert old is not None
    browser.prove(browser.follow(browser.authorize(prompt="login")))
    new = browser.client.get_cookie("caducee_session", domain="localhost")
    assert new is not None
    assert new.value != old.value
    thief = provider.browser()
    thief.client.set_cookie("caducee_session", old.value, domain="localhost")
    assert answer_of(thief.authorize(prompt="none"))["error"] == "login_required"


def test_no_session_cookie_is_given_before_the_last_step(provider: Provider) -> None:
    browser = provider.browser()
    page = browser.follow(browser.authorize())
    browser.submit(page, "/password", rpps=RPPS, password="violon tambour 9 orage lac")
    assert browser.client.get_cookie("caducee_session", domain="localhost") is None


def begun(browser: Browser) -> str:
    """The address of the hub of a new interaction, whose first page is named at once."""
    return browser.authorize().headers["Location"].removesuffix("/choice")


def test_the_browser_goes_to_the_page_that_is_due_without_a_detour(browser: Browser) -> None:
    page = browser.get(browser.authorize().headers["Location"])
    assert page.status_code == 200
    assert page.request.path.endswith("/choice")


def test_a_link_to_somebody_elses_interaction_opens_nothing(provider: Provider, browser: Browser) -> None:
    location = browser.authorize().headers["Location"]
    victim = provider.browser()
    victim.authorize()
    assert victim.get(location).status_code == 403
    assert provider.browser().get(location).status_code == 400


def test_no_page_can_be_jumped_to(browser: Browser) -> None:
    hub = begun(browser)
    for page in ("charter", "email_otp", "enrolment", "first_connection"):
        assert browser.get(f"{hub}/{page}").headers["Location"] == hub


def test_a_finished_interaction_leads_back_to_the_application(browser: Browser) -> None:
    hub = begun(browser)
    browser.prove(browser.follow(browser.get(hub)))
    late = browser.get(hub)
    assert late.status_code == 409
    assert "https://trajectoire.example/" in late.text


def test_cancelling_returns_access_denied(browser: Browser) -> None:
    page = browser.follow(browser.authorize())
    answer = answer_of(browser.submit(page, "/cancel"))
    assert (answer["error"], answer["iss"], answer["state"]) == ("access_denied", ISSUER, "st/a=te&+%")


def test_a_form_without_its_token_or_from_another_site_is_refused(browser: Browser) -> None:
    hub = begun(browser)
    assert browser.post(f"{hub}/cancel").status_code == 403
    assert browser.post(f"{hub}/cancel", data={"csrf": "x"}).status_code == 403
    page = browser.follow(browser.get(hub))
    field = BeautifulSoup(page.text, "html.parser").find("input", attrs={"name": "csrf"})
    assert isinstance(field, Tag)
    right = {"csrf": str(field["value"])}
    for origin in ("https://evil.example", "http://localhost:8401", "http://localhost:8400.evil.example"):
        evil = browser.post(f"{hub}/cancel", data=right, headers={"Origin": origin})
        assert evil.status_code == 403, origin
    stranger = begun(browser)
    assert browser.post(f"{stranger}/cancel", data=right).status_code == 403
    assert browser.follow(browser.get(hub)).status_code == 200


def test_a_new_charter_is_due_for_everyone_and_silence_cannot_skip_it(fresh: Provider) -> None:
    browser = fresh.browser()
    token = fresh.exchange(browser.sign_in()).get_json()["access_token"]
    fresh.charters.publish(CharterRevision(revision="2027-1", published_at=NOON, texts={"fr": "# Nouvelle"}))
    assert answer_of(browser.authorize(prompt="none"))["error"] == "interaction_required"
    page = browser.follow(browser.authorize())
    assert "Nouvelle" in page.text
    assert fresh.userinfo(token).status_code == 401
    answer = answer_of(browser.submit(page, "/charter", accepted="yes"))
    assert fresh.userinfo(token).status_code == 200
    assert fresh.exchange(answer["code"]).status_code == 200


def test_refusing_the_charter_returns_access_denied(fresh: Provider) -> None:
    browser = fresh.browser()
    fresh.charters.publish(CharterRevision(revision="2027-1", published_at=NOON, texts={"fr": "# Nouvelle"}))
    page = browser.prove(browser.follow(browser.authorize()))
    assert answer_of(browser.submit(page, "/charter/refuse"))["error"] == "access_denied"
    assert browser.client.get_cookie("caducee_session", domain="localhost") is None


def test_a_charter_published_between_the_code_and_its_redemption_stops_the_tokens(fresh: Provider) -> None:
    code = fresh.browser().sign_in()
    fresh.charters.publish(CharterRevision(revision="2027-1", published_at=NOON, texts={"fr": "# Nouvelle"}))
    assert fresh.exchange(code).get_json()["error"] == "invalid_grant"


def _disable(provider: Provider, *, enabled: bool = False) -> None:
    account = provider.accounts.get(provider.account.id)
    provider.accounts.save(dataclasses.replace(account, enabled=enabled).next_generation())


def test_disabling_an_account_ends_its_codes_its_session_and_its_tokens(fresh: Provider) -> None:
    browser = fresh.browser()
    token = fresh.exchange(browser.sign_in()).get_json()["access_token"]
    code = answer_of(browser.authorize())["code"]
    _disable(fresh)
    assert fresh.exchange(code).get_json()["error"] == "invalid_grant"
    assert fresh.userinfo(token).status_code == 401
    assert answer_of(browser.authorize(prompt="none"))["error"] == "login_required"


def test_what_began_before_an_account_was_disabled_stays_void_when_it_is_enabled_again(
    fresh: Provider,
) -> None:
    browser = fresh.browser()
    token = fresh.exchange(browser.sign_in()).get_json()["access_token"]
    code = answer_of(browser.authorize())["code"]
    _disable(fresh)
    _disable(fresh, enabled=True)
    assert fresh.exchange(code).get_json()["error"] == "invalid_grant"
    assert answer_of(browser.authorize(prompt="none"))["error"] == "login_required"
    assert fresh.userinfo(token).status_code == 401


def test_signing_out_in_another_tab_takes_back_what_the_session_had_proved(fresh: Provider) -> None:
    browser = fresh.browser()
    tokens = fresh.exchange(browser.sign_in()).get_json()
    fresh.charters.publish(CharterRevision(revision="2027-1", published_at=NOON, texts={"fr": "# Nouvelle"}))
    left_open = browser.follow(browser.authorize())
    assert "Nouvelle" in left_open.text
    browser.get(f"/end_session?id_token_hint={tokens['id_token']}&post_logout_redirect_uri={AFTER_LOGOUT}")
    after = browser.submit(left_open, "/charter", accepted="yes")
    assert after.status_code == 200
    assert "password" in after.text


def test_an_expired_interaction_offers_to_begin_again_and_does(app_factory: Callable[..., Provider]) -> None:
    provider = app_factory(interaction_life=timedelta(microseconds=1))
    browser = provider.browser()
    expired = browser.follow(browser.authorize())
    assert expired.status_code == 410
    again = browser.submit(expired, "/restart")
    assert again.status_code == 410
    assert again.request.path != expired.request.path


def test_a_removed_redirect_uri_ends_on_a_page_and_not_there(fresh: Provider) -> None:
    browser = fresh.browser()
    page = browser.follow(browser.authorize())
    file = fresh.settings.where.clients_file
    file.write_text(file.read_text().replace(f'"{REDIRECT}", ', ""))
    assert browser.prove(page).status_code == 400


def test_a_client_removed_meanwhile_ends_on_a_page_too(fresh: Provider) -> None:
    browser = fresh.browser()
    page = browser.submit(browser.follow(browser.authorize()), "/password", rpps=RPPS, password=PASSWORD)
    file = fresh.settings.where.clients_file
    file.write_text(file.read_text().replace(f"client_id: {RP}\n", "client_id: renamed\n"))
    answer = browser.submit(page, "/email_otp", code=fresh.last_code())
    assert (answer.status_code, answer.headers.get("Location")) == (400, None)
    assert browser.client.get_cookie("caducee_session", domain="localhost") is None


def test_a_removed_redirect_uri_hears_of_no_refusal_either(fresh: Provider) -> None:
    browser = fresh.browser()
    page = browser.follow(browser.authorize())
    file = fresh.settings.where.clients_file
    file.write_text(file.read_text().replace(f'"{REDIRECT}", ', ""))
    answer = browser.submit(page, "/cancel")
    assert (answer.status_code, answer.headers.get("Location")) == (400, None)


def test_the_audit_tells_the_story_without_the_person(fresh: Provider) -> None:
    fresh.exchange(fresh.browser().sign_in())
    assert audited(fresh) == [
        "password:check:accepted",
        "mail_code:send:accepted",
        "mail_code:check:accepted",
        "session:start:accepted",
        "code:issue:accepted",
        "code:redeem:accepted",
    ]


def test_the_evidence_of_the_charter_is_written_before_the_code(fresh: Provider) -> None:
    fresh.charters.publish(CharterRevision(revision="2027-1", published_at=NOON, texts={"fr": "# Nouvelle"}))
    browser = fresh.browser()
    page = browser.prove(browser.follow(browser.authorize()))
    browser.submit(page, "/charter", accepted="yes")
    evidence: list[CharterEvidence] = fresh.charters.evidence_of(fresh.account.id)
    assert [known.revision for known in evidence] == ["2026-1", "2027-1"]
    assert (evidence[1].client_id, evidence[1].authenticator) == (RP, "password+email_otp")


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_a_relying_party_may_send_a_parameter_named_lang(browser: Browser, lang: str) -> None:
    """RFC 6749 §3.1: unrecognised parameters are ignored."""
    assert browser.authorize(lang=lang).headers["Location"].startswith("/interaction/")


@pytest.mark.parametrize(
    "path", ["//evil.example/", "/%5Cevil.example", "/%2Fevil.example", "///evil.example"]
)
def test_changing_the_language_never_leads_elsewhere(browser: Browser, path: str) -> None:
    response = browser.client.open(path=path, query_string={"lang": "en"}, base_url=ISSUER)
    location = response.headers["Location"]
    assert location.startswith("/")
    assert not location.startswith(("//", "/\\"))
    assert urlsplit(location).netloc == ""
