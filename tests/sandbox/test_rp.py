"""The relying parties as a process, before a real OpenID Provider that sometimes misbehaves."""

import base64
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from joserfc.jwk import KeySet, RSAKey

from tests.limits import within
from tests.sandbox.openid_double import PERSON, OpenIdDouble, listening
from tests.sandbox.processes import ROOT, free_port, stop
from tests.sandbox.relying_parties import (
    Parties,
    assert_refused,
    callback_of,
    claims_of,
    is_signed_in,
    read,
    sign_in,
    start_parties,
    text_of,
)


@pytest.mark.parametrize(("party", "alg"), [("via", "RS256"), ("grand_age", "ES256")])
def test_sign_in_shows_the_person_and_the_claims(
    parties: Parties, provider: OpenIdDouble, browser: requests.Session, party: str, alg: str
) -> None:
    home = getattr(parties, party)
    answer = sign_in(browser, home)
    page = read(answer)
    assert answer.url == f"{home}/"
    assert text_of(page, "h1") == "Vous êtes connecté"
    userinfo = claims_of(page, "userinfo")
    assert userinfo["profession"] == "Médecin (10)"
    assert userinfo["specialities"] == "Médecine générale (SM54)"
    assert (userinfo["name"], userinfo["rpps"]) == (PERSON["name"], PERSON["rpps"])
    assert claims_of(page, "id-token")["acr"] == "urn:caducee:acr:cps"
    assert "<script" not in answer.text
    assert "<b>" not in answer.text

    session = browser.get(f"{home}/session.json").json()
    assert session["userinfo"] == PERSON
    assert session["id_token"]["nonce"] == provider.authorizations[0]["nonce"]
    assert session["id_token_raw"] == text_of(page, "#id-token-raw")
    header = session["id_token_raw"].split(".")[0]
    assert json.loads(base64.urlsafe_b64decode(header + "=="))["alg"] == alg


def test_the_authorization_request_carries_pkce_state_and_nonce_anew_each_time(
    parties: Parties, provider: OpenIdDouble, browser: requests.Session
) -> None:
    sign_in(browser, parties.via)
    browser.get(f"{parties.via}/login")
    first, second = provider.authorizations
    assert (first["response_type"], first["code_challenge_method"]) == ("code", "S256")
    assert (first["client_id"], first["redirect_uri"]) == ("viatrajectoire", f"{parties.via}/callback")
    assert first["scope"] == "openid profile professional"
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 43
        assert first[name] != second[name]


@pytest.mark.parametrize(
    ("asked", "name", "value"),
    [
        ("prompt=login", "prompt", "login"),
        ("prompt=none", "prompt", "none"),
        ("max_age=0", "max_age", "0"),
        ("acr_values=urn%3Acaducee%3Aacr%3Acps", "acr_values", "urn:caducee:acr:cps"),
    ],
)
def test_the_home_page_offers_particular_requests(
    parties: Parties, provider: OpenIdDouble, browser: requests.Session, asked: str, name: str, value: str
) -> None:
    link = read(browser.get(f"{parties.via}/")).select_one(f'.trials a[href="/login?{asked}"]')
    assert link is not None
    browser.get(f"{parties.via}{link['href']}")
    assert provider.authorizations[0][name] == value


@pytest.mark.parametrize(
    ("claims", "detail"),
    [
        ({"nonce": "another"}, "invalid_claim nonce"),
        ({"iss": "http://attacker.example"}, "invalid_claim iss"),
        ({"aud": "grand-age"}, "invalid_claim aud"),
        ({"aud": ["viatrajectoire", "grand-age"]}, "missing_claim azp"),
        ({"exp": 1_000_000_000}, "expired_token exp"),
        ({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}, "invalid_claim at_hash"),
    ],
)
def test_an_id_token_with_a_wrong_claim_is_refused(
    parties: Parties, provider: OpenIdDouble, browser: requests.Session, claims: dict[str, Any], detail: str
) -> None:
    provider.token_claims = claims
    assert_refused(sign_in(browser, parties.via), "id_token_refused", detail)
    assert not is_signed_in(browser, parties.via)


@pytest.mark.parametrize(
    ("party", "client_id", "alg", "key"),
    [("via", "viatrajectoire", "ES256", "ec"), ("grand_age", "grand-age", "RS256", "rsa")],
)
def test_a_published_key_of_another_algorithm_is_refused(
    parties: Parties,
    provider: OpenIdDouble,
    browser: requests.Session,
    party: str,
    client_id: str,
    alg: str,
    key: str,
) -> None:
    provider.signs_with[client_id] = (alg, getattr(provider, key))
    assert_refused(sign_in(browser, getattr(parties, party)), "id_token_refused", "unsupported_algorithm")
    assert not is_signed_in(browser, getattr(parties, party))


def test_a_key_the_issuer_does_not_publish_is_refused(
    parties: Parties, provider: OpenIdDouble, browser: requests.Session
) -> None:
    provider.signs_with["viatrajectoire"] = ("RS256", RSAKey.generate_key(2048, {"kid": "rsa"}))
    assert_refused(sign_in(browser, parties.via), "id_token_refused", "bad_signature")


def test_a_new_key_is_fetched_when_its_kid_is_unknown(
    parties: Parties, provider: OpenIdDouble, browser: requests.Session
) -> None:
    sign_in(browser, parties.via)
    fresh = RSAKey.generate_key(2048, {"kid": "rsa-2"})
    provider.signs_with["viatrajectoire"] = ("RS256", fresh)
    assert_refused(browser.get(f"{parties.via}/login"), "id_token_refused", "invalid_key_id")
    provider.published = KeySet([fresh, provider.rsa, provider.ec])
    assert text_of(read(browser.get(f"{parties.via}/login")), "h1") == "Vous êtes connecté"


@pytest.mark.parametrize("error", [{}, {"error": "access_denied"}])
@pytest.mark.parametrize("iss", ["http://attacker.example", ""])
def test_a_callback_from_another_issuer_is_refused(
    parties: Parties, provider: OpenIdDouble, browser: requests.Session, iss: str, error: dict[str, str]
) -> None:
    provider.answers = {"iss": iss, **error}
    assert_refused(sign_in(browser, parties.via), "issuer_mismatch")
    assert not is_signed_in(browser, parties.via)


def test_a_callback_under_another_state_is_refused(
    parties: Parties, provider: OpenIdDouble, browser: requests.Session
) -> None:
    provider.answers = {"state": "another"}
    assert_refused(sign_in(browser, parties.via), "state_mismatch")


def test_a_callback_is_refused_in_a_browser_that_did_not_start_it(
    parties: Parties, provider: OpenIdDouble, browser: requests.Session
) -> None:
    callback = callback_of(browser, parties.via)
    assert_refused(requests.get(callback, timeout=within(5)), "state_mismatch")
    assert text_of(read(browser.get(callback)), "h1") == "Vous êtes connecté"
    assert_refused(browser.get(callback), "state_mismatch")
    assert is_signed_in(browser, parties.via)


def test_a_repeated_parameter_is_refused(
    parties: Parties, provider: OpenIdDouble, browser: requests.Session
) -> None:
    assert_refused(browser.get(callback_of(browser, parties.via) + "&code=second"), "malformed_answer")


def test_userinfo_of_another_person_is_refused(
    parties: Parties, provider: OpenIdDouble, browser: requests.Session
) -> None:
    provider.person["sub"] = "p-2"
    assert_refused(sign_in(browser, parties.via), "subject_mismatch")
    assert not is_signed_in(browser, parties.via)


def test_an_old_sign_in_does_not_answer_max_age(
    parties: Parties, provider: OpenIdDouble, browser: requests.Session
) -> None:
    provider.token_claims = {"auth_time": int(time.time()) - 60}
    assert_refused(browser.get(f"{parties.via}/login?max_age=0"), "sign_in_too_old")
    assert text_of(read(browser.get(f"{parties.via}/login?max_age=300")), "h1") == "Vous êtes connecté"


@pytest.mark.parametrize(
    ("error", "title"),
    [
        ("access_denied", "Connexion abandonnée"),
        ("login_required", "Une connexion est nécessaire"),
        ("something_else", "La connexion n’a pas abouti"),
    ],
)
def test_an_error_of_the_provider_gets_a_page_with_its_code_and_a_retry(
    parties: Parties, provider: OpenIdDouble, browser: requests.Session, error: str, title: str
) -> None:
    provider.answers = {"error": error, "error_description": "<i>why</i>"}
    answer = sign_in(browser, parties.via)
    page = read(answer)
    assert (text_of(page, "h1"), text_of(page, "#error")) == (title, error)
    assert text_of(page, "#error-description") == "<i>why</i>"
    assert page.find("a", string="Se connecter")


def test_sign_out_goes_to_the_provider_with_hint_state_and_return_address(
    parties: Parties, provider: OpenIdDouble, browser: requests.Session
) -> None:
    page = read(sign_in(browser, parties.via))
    door = page.find("a", string="Se déconnecter")
    assert door is not None
    sent = urlsplit(browser.get(f"{parties.via}{door['href']}", allow_redirects=False).headers["Location"])
    query = {name: value for name, (value,) in parse_qs(sent.query).items()}
    state = query.pop("state")
    assert f"{sent.scheme}://{sent.netloc}{sent.path}" == f"{provider.issuer}/end_session"
    assert query == {
        "tenant": "1",
        "id_token_hint": text_of(page, "#id-token-raw"),
        "client_id": "viatrajectoire",
        "post_logout_redirect_uri": f"{parties.via}/signed-out",
    }
    assert not is_signed_in(browser, parties.via)
    signed_out = f"{parties.via}/signed-out?state="
    assert "le fournisseur d’identité a terminé" in browser.get(signed_out + state).text
    assert "le fournisseur d’identité a terminé" not in browser.get(signed_out + state).text


def test_signing_out_of_one_party_only_stays_here_and_keeps_the_other(
    parties: Parties, provider: OpenIdDouble, browser: requests.Session
) -> None:
    page = read(sign_in(browser, parties.via))
    sign_in(browser, parties.grand_age)
    button = page.find("button", string="Se déconnecter de cette application seulement")
    assert button is not None
    form = button.find_parent("form")
    assert form is not None
    answer = browser.post(f"{parties.via}{form['action']}")
    assert answer.url == f"{parties.via}/"
    assert not is_signed_in(browser, parties.via)
    assert is_signed_in(browser, parties.grand_age)


def test_the_session_cookie_is_opaque_named_after_the_client_and_changes_at_sign_in(
    parties: Parties, provider: OpenIdDouble, browser: requests.Session
) -> None:
    browser.get(f"{parties.via}/login", allow_redirects=False)
    before = browser.cookies["rp_viatrajectoire_session"]
    callback = callback_of(browser, parties.via)
    cookie = browser.get(callback, allow_redirects=False).headers["Set-Cookie"]
    after = browser.cookies["rp_viatrajectoire_session"]
    assert before != after
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    stale = requests.get(
        f"{parties.via}/session.json", cookies={"rp_viatrajectoire_session": before}, timeout=within(5)
    )
    assert stale.status_code == 401


def test_every_page_forbids_scripts_and_keeps_the_code_out_of_referrers(
    parties: Parties, provider: OpenIdDouble, browser: requests.Session
) -> None:
    for answer in (
        browser.get(f"{parties.via}/"),
        sign_in(browser, parties.via),
        browser.get(f"{parties.via}/callback"),
    ):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_provider_that_starts_later_is_found_then(tmp_path: Path, browser: requests.Session) -> None:
    port = free_port()
    double = OpenIdDouble(f"http://localhost:{port}")
    late = start_parties(double.issuer, tmp_path)
    try:
        refused = browser.get(f"{late.via}/login")
        assert refused.status_code == 503
        assert read(refused).find("a", string="Réessayer")
        with listening(double, port):
            assert text_of(read(browser.get(f"{late.via}/login")), "h1") == "Vous êtes connecté"
    finally:
        asked = time.monotonic()
        assert stop(late.process) == 0
        assert time.monotonic() - asked < within(2)


def test_a_wrong_configuration_is_refused_with_its_place(tmp_path: Path) -> None:
    config = tmp_path / "rp.json"
    config.write_text('{"issuer": "http://localhost:1", "parties": [{"name": "A"}]}')
    command = [sys.executable, "-m", "sandbox.rp", "--config", str(config)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "parties[0]: expected exactly the keys" in ended.stderr


@pytest.mark.parametrize(
    ("members", "said"),
    [('"ca_bundle": 1', "ca_bundle: expected a path"), ('"other": 1', 'and perhaps "ca_bundle"')],
)
def test_a_wrong_member_beside_the_parties_is_refused(tmp_path: Path, members: str, said: str) -> None:
    config = tmp_path / "rp.json"
    config.write_text(f'{{"issuer": "http://localhost:1", "parties": [], {members}}}')
    command = [sys.executable, "-m", "sandbox.rp", "--config", str(config)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert said in ended.stderr
