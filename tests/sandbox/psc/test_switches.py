"""Each switch of the simulator does what it says, from the JSON side and from the page."""

import base64
import json
import re
import time
import uuid
from typing import Any

import pytest
import requests
from joserfc.errors import BadSignatureError, JoseError

from tests.sandbox.psc.driver import CLIENT_ID, SIGNED_OUT, TIMEOUT, Browser, Psc, tokens


def id_token_claims(psc: Psc, browser: Browser) -> dict[str, Any]:
    _, claims = psc.verified(tokens(psc, browser)["id_token"])
    return claims


def raw_claims(token: str) -> str:
    body = token.split(".")[1]
    return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()


def test_sub_becomes_a_uuid_stable_for_the_person(psc: Psc, browser: Browser) -> None:
    psc.switch(sub_format="uuid")
    received = tokens(psc, browser)
    _, claims = psc.verified(received["id_token"])
    assert str(uuid.UUID(claims["sub"])) == claims["sub"]
    assert psc.userinfo(received["access_token"]).json()["sub"] == claims["sub"]
    browser.ask(prompt="login")
    _, again = psc.verified(psc.redeem(browser.by_card()).json()["id_token"])
    assert again["sub"] == claims["sub"]


@pytest.mark.parametrize("acr", ["eidas1", "eidas3", "0"])
def test_acr_takes_the_value_chosen(psc: Psc, browser: Browser, acr: str) -> None:
    psc.switch(acr=acr)
    assert id_token_claims(psc, browser)["acr"] == acr


def test_acr_can_be_absent_or_written_twice(psc: Psc, browser: Browser) -> None:
    psc.switch(acr="absent")
    received = tokens(psc, browser)
    assert "acr" not in json.loads(raw_claims(received["id_token"]))
    psc.switch(acr="duplicated")
    browser.ask()
    received = psc.redeem(browser.answer()).json()
    for token in (received["id_token"], received["access_token"]):
        assert re.findall('"acr":"([^"]*)"', raw_claims(token)) == ["1", "eidas1"]


def test_auth_mode_disappears_everywhere(psc: Psc, browser: Browser) -> None:
    psc.switch(auth_mode=False)
    received = tokens(psc, browser)
    for claims in (psc.verified(received["id_token"])[1], psc.verified(received["access_token"])[1]):
        assert "authMode" not in claims
    assert "authMode" not in psc.userinfo(received["access_token"]).json()


def test_callback_can_come_without_iss(psc: Psc, browser: Browser) -> None:
    psc.switch(callback_iss=False)
    browser.ask()
    assert "iss" not in browser.by_card()
    browser.ask(prompt="login")
    browser.submit("Annuler")
    assert "iss" not in browser.answer()


def test_acr_values_can_be_left_out_when_told_so(psc: Psc, browser: Browser) -> None:
    psc.switch(acr_values_required=False)
    browser.ask(acr_values=None)
    assert browser.is_at_sign_in


def test_everyone_cancels(psc: Psc, browser: Browser) -> None:
    psc.switch(user_cancel=True)
    browser.ask()
    assert browser.answer()["error"] == "access_denied"


def test_userinfo_can_speak_of_somebody_else(psc: Psc, browser: Browser) -> None:
    psc.switch(userinfo_sub_mismatch=True)
    received = tokens(psc, browser)
    told = psc.userinfo(received["access_token"]).json()
    assert told["sub"] != psc.verified(received["id_token"])[1]["sub"]
    assert told["SubjectNameID"] == "899700427885"


@pytest.mark.parametrize(
    ("fault", "claim", "right"),
    [("wrong_aud", "aud", CLIENT_ID), ("wrong_nonce", "nonce", "n-1"), ("wrong_iss", "iss", None)],
)
def test_id_token_lies_about_one_claim(
    psc: Psc, browser: Browser, fault: str, claim: str, right: str | None
) -> None:
    psc.switch(id_token=fault)
    browser.ask(nonce="n-1")
    _, claims = psc.verified(psc.redeem(browser.by_card()).json()["id_token"])
    honest = {"aud": CLIENT_ID, "nonce": "n-1", "iss": psc.issuer}
    assert right in (honest[claim], None)
    assert claims[claim] != honest.pop(claim)
    assert {name: claims[name] for name in honest} == honest


def test_id_token_can_be_expired_or_badly_signed(psc: Psc, browser: Browser) -> None:
    psc.switch(id_token="expired")
    claims = id_token_claims(psc, browser)
    assert claims["iat"] < claims["exp"] < time.time() - 60
    psc.switch(id_token="bad_signature")
    browser.ask()
    received = psc.redeem(browser.answer()).json()
    with pytest.raises(BadSignatureError):
        psc.verified(received["id_token"])
    psc.verified(received["access_token"])


def test_rotated_key_signs_and_the_former_stays_published(psc: Psc, browser: Browser) -> None:
    header, _ = psc.verified(tokens(psc, browser)["id_token"])
    psc.switch(key_generation=2)
    browser.ask()
    rotated, _ = psc.verified(psc.redeem(browser.answer()).json()["id_token"])
    published = [key["kid"] for key in requests.get(psc.metadata["jwks_uri"], timeout=TIMEOUT).json()["keys"]]
    assert published == [rotated["kid"], header["kid"]]


def test_outage_strikes_its_target_and_spares_the_rest(psc: Psc, browser: Browser) -> None:
    psc.switch(outage="token")
    browser.ask()
    answer = browser.by_card()
    assert psc.redeem(answer).status_code == 503
    psc.switch(outage="everything")
    browser.ask()
    assert browser.page.status_code == 503
    for endpoint in ("jwks_uri", "userinfo_endpoint", "end_session_endpoint"):
        assert requests.get(psc.metadata[endpoint], timeout=TIMEOUT).status_code == 503
    psc.switch(outage="none")
    assert psc.redeem(answer).status_code == 200


def test_delay_slows_its_target_only(psc: Psc) -> None:
    psc.switch(delay_on="certs", delay_seconds=1.5)
    assert requests.get(psc.metadata["jwks_uri"], timeout=TIMEOUT).elapsed.total_seconds() >= 1.5
    assert requests.get(f"{psc.control}/api/switches", timeout=TIMEOUT).elapsed.total_seconds() < 1.5
    assert psc.userinfo("inconnu").elapsed.total_seconds() < 1.5


@pytest.mark.parametrize(("how", "query"), [("missing", ""), ("changed", "?state=bye-changed")])
def test_state_can_be_lost_at_logout(psc: Psc, browser: Browser, how: str, query: str) -> None:
    psc.switch(logout_state=how)
    hint = tokens(psc, browser)["id_token"]
    sent = {"id_token_hint": hint, "post_logout_redirect_uri": SIGNED_OUT, "state": "bye"}
    browser.visit(psc.metadata["end_session_endpoint"], params=sent)
    assert browser.page.headers["Location"] == SIGNED_OUT + query


def test_hint_of_a_withdrawn_key_is_refused_as_keycloak_does(psc: Psc, browser: Browser) -> None:
    hint = tokens(psc, browser)["id_token"]
    psc.switch(key_generation=2, old_keys="withdrawn")
    assert len(psc.keys().keys) == 1
    sent = {"id_token_hint": hint, "post_logout_redirect_uri": SIGNED_OUT, "state": "bye"}
    browser.visit(psc.metadata["end_session_endpoint"], params=sent)
    assert browser.page.status_code == 400


def test_tokens_can_have_no_kid(psc: Psc, browser: Browser) -> None:
    psc.switch(token_kid=False)
    hint = tokens(psc, browser)["id_token"]
    assert "kid" not in raw_claims(f".{hint.split('.')[0]}.")
    sent = {"id_token_hint": hint, "post_logout_redirect_uri": SIGNED_OUT}
    browser.visit(psc.metadata["end_session_endpoint"], params=sent)
    assert browser.page.headers["Location"] == SIGNED_OUT


def test_sid_and_sub_can_contain_a_space(psc: Psc, browser: Browser) -> None:
    psc.switch(sid_with_space=True, sub_format="with_space")
    claims = id_token_claims(psc, browser)
    assert " " in claims["sid"]
    assert " " in claims["sub"]


@pytest.mark.parametrize(
    "wanted",
    [
        {"inconnu": 1},
        {"acr": "eidas9"},
        {"auth_mode": "on"},
        {"delay_seconds": 61},
        {"key_generation": 0},
        [],
    ],
)
def test_bad_switch_is_refused_and_nothing_changes(psc: Psc, wanted: object) -> None:
    address = f"{psc.control}/api/switches"
    before = requests.get(address, timeout=TIMEOUT).json()
    sent = {**wanted, "callback_iss": False} if isinstance(wanted, dict) else wanted
    refused = requests.put(address, json=sent, timeout=TIMEOUT)
    assert refused.status_code == 400
    assert refused.json()["error"]
    assert requests.get(address, timeout=TIMEOUT).json() == before


def test_control_page_changes_and_resets_the_same_switches(psc: Psc, browser: Browser) -> None:
    browser.visit(psc.control)
    form = browser.soup.select_one("form.switches")
    assert form is not None
    values = requests.get(f"{psc.control}/api/switches", timeout=TIMEOUT).json()
    assert {str(field["name"]) for field in form.select("input, select")} == values.keys()
    for name in values:
        assert form.find("label", {"for": name})
    browser.submit(
        "Enregistrer",
        **{name: str(value) for name, value in values.items() if not isinstance(value, bool)}
        | {"acr": "eidas3"},
    )
    assert "enregistré" in browser.text
    changed = requests.get(f"{psc.control}/api/switches", timeout=TIMEOUT).json()
    assert changed["acr"] == "eidas3"
    assert changed["auth_mode"] is False  # its box was not ticked
    browser.submit("Réinitialiser le simulateur")
    assert requests.get(f"{psc.control}/api/switches", timeout=TIMEOUT).json() == values


def test_control_is_refused_to_pages_of_other_origins(psc: Psc) -> None:
    elsewhere = {"Origin": "http://localhost:1"}
    refused = requests.post(f"{psc.control}/api/reset", headers=elsewhere, timeout=TIMEOUT)
    assert refused.status_code == 403


def test_prompt_login_can_be_ignored(psc: Psc, browser: Browser) -> None:
    _, first = psc.verified(tokens(psc, browser)["id_token"])
    psc.switch(prompt_login_ignored=True)
    browser.ask(prompt="login")
    _, again = psc.verified(psc.redeem(browser.answer()).json()["id_token"])
    assert again["auth_time"] == first["auth_time"]


def test_everybody_can_have_changed_their_name(psc: Psc, browser: Browser) -> None:
    psc.switch(new_name=True)
    received = tokens(psc, browser)
    told = psc.userinfo(received["access_token"]).json()
    assert told["family_name"] == "DOC0042788 MARIAGE"
    assert [one["nomDexercice"] for one in told["SubjectRefPro"]["exercices"]] == ["DOC0042788 MARIAGE"]
    assert psc.verified(received["id_token"])[1]["family_name"] == "DOC0042788 MARIAGE"


def test_one_sub_can_be_given_to_everybody(psc: Psc, browser: Browser) -> None:
    psc.switch(sub_format="same_for_all")
    _, first = psc.verified(tokens(psc, browser)["id_token"])
    browser.ask(prompt="login")
    _, second = psc.verified(psc.redeem(browser.by_card("martin")).json()["id_token"])
    assert first["sub"] == second["sub"]
    assert first["SubjectNameID"] != second["SubjectNameID"]


@pytest.mark.parametrize("forgery", ["alg_none", "alg_hs256", "unknown_kid", "alg_es512"])
def test_id_token_can_be_forged_in_its_header(psc: Psc, browser: Browser, forgery: str) -> None:
    psc.switch(id_token=forgery)
    received = tokens(psc, browser)
    header = json.loads(base64.urlsafe_b64decode(received["id_token"].split(".")[0] + "=="))
    alg, kid = header["alg"], header["kid"]
    expected = {
        "alg_none": ("none", kid),
        "alg_hs256": ("HS256", kid),
        "unknown_kid": ("RS256", "unknown"),
        "alg_es512": ("ES512", kid),
    }
    assert (alg, kid) == expected[forgery]
    with pytest.raises((BadSignatureError, JoseError, ValueError)):
        psc.verified(received["id_token"])
    psc.verified(received["access_token"])


def test_id_token_can_lack_its_nonce_or_come_from_the_future(psc: Psc, browser: Browser) -> None:
    psc.switch(id_token="no_nonce")
    assert "nonce" not in id_token_claims(psc, browser)
    psc.switch(id_token="from_the_future")
    browser.ask()
    _, claims = psc.verified(psc.redeem(browser.answer()).json()["id_token"])
    assert claims["iat"] > time.time() + 1800


def test_token_endpoint_can_refuse_as_keycloak_does(psc: Psc, browser: Browser) -> None:
    answer = browser_answer(psc, browser)
    for error, status in (("unauthorized_client", 401), ("invalid_client", 401), ("invalid_scope", 400)):
        psc.switch(token_error=error)
        refused = psc.redeem(answer)
        assert (refused.status_code, refused.json()["error"]) == (status, error)
    psc.switch(token_error="none")
    assert psc.redeem(answer).status_code == 200  # a refused client used up no code


def browser_answer(psc: Psc, browser: Browser) -> dict[str, str]:
    browser.ask()
    return browser.by_card()


def test_sign_in_can_come_back_with_an_error_once_or_each_time(psc: Psc, browser: Browser) -> None:
    psc.switch(callback_error="authentication_expired_once")
    browser.ask()
    answer = browser.answer()
    expired = ("temporarily_unavailable", "authentication_expired")
    assert (answer["error"], answer["error_description"]) == expired
    assert "code" in browser_answer(psc, browser)
    psc.switch(callback_error="server_error")
    for _ in range(2):
        browser.ask()
        assert browser.answer()["error"] == "server_error"


def test_userinfo_can_be_a_signed_jwt(psc: Psc, browser: Browser) -> None:
    access = tokens(psc, browser)["access_token"]
    plain = psc.userinfo(access).json()
    psc.switch(userinfo_format="jwt")
    answer = psc.userinfo(access)
    assert answer.headers["Content-Type"].startswith("application/jwt")
    assert psc.verified(answer.text)[1] == {**plain, "iss": psc.issuer, "aud": CLIENT_ID}
    for form, member in (("jwt_wrong_iss", "iss"), ("jwt_wrong_aud", "aud")):
        psc.switch(userinfo_format=form)
        assert "another" in psc.verified(psc.userinfo(access).text)[1][member]
    psc.switch(userinfo_format="jwt_unsigned")
    assert psc.userinfo(access).text.endswith(".")


def test_everybody_can_have_two_rpps(psc: Psc, browser: Browser) -> None:
    access = tokens(psc, browser)["access_token"]
    psc.switch(two_rpps=True)
    linked = psc.userinfo(access).json()["otherIds"]
    assert len({one["identifiant"] for one in linked if one["origine"] == "RPPS"}) == 2


@pytest.mark.parametrize(
    ("document", "member", "value"),
    [
        ("another_issuer", "issuer", "https://another.example/auth/realms/esante-wallet"),
        ("no_token_endpoint", "token_endpoint", None),
        ("http_endpoint", "userinfo_endpoint", "http://another.example/userinfo"),
    ],
)
def test_discovery_document_can_be_wrong(psc: Psc, document: str, member: str, value: str | None) -> None:
    address = f"{psc.issuer}/.well-known/wallet-openid-configuration"
    psc.switch(discovery_document=document)
    told = requests.get(address, timeout=TIMEOUT).json()
    assert told.get(member) == value
    assert {**told, member: psc.metadata[member]} == psc.metadata
    psc.switch(discovery_document="array")
    assert requests.get(address, timeout=TIMEOUT).json() == []


def test_refusal_can_be_long_or_in_another_charset_or_wordless(psc: Psc) -> None:
    address = psc.metadata["jwks_uri"]
    psc.switch(answer="one_mebibyte", answer_on="certs")
    assert len(requests.get(address, timeout=TIMEOUT).content) == 2**20
    psc.switch(answer="other_charset")
    refused = requests.get(address, timeout=TIMEOUT)
    assert (refused.status_code, "refusée".encode("latin-1") in refused.content) == (400, True)
    psc.switch(answer="empty_401")
    refused = requests.get(address, timeout=TIMEOUT)
    assert (refused.status_code, refused.content) == (401, b"")


def test_endpoint_can_answer_with_something_else(psc: Psc, browser: Browser) -> None:
    access = tokens(psc, browser)["access_token"]
    psc.switch(answer="html")
    assert psc.userinfo(access).headers["Content-Type"].startswith("text/html")
    psc.switch(answer="not_json")
    assert psc.userinfo(access).text == '{"sub":'
    psc.switch(answer="five_megabytes")
    assert len(psc.userinfo(access).content) > 5_000_000
    psc.switch(answer="cut_off")
    with pytest.raises(requests.RequestException):
        psc.userinfo(access)
    # Only the endpoint chosen.
    assert requests.get(psc.metadata["jwks_uri"], timeout=TIMEOUT).json()["keys"]
    psc.switch(answer="ordinary")
    assert psc.userinfo(access).status_code == 200


@pytest.mark.parametrize("way", ["api/end-sessions", "fermer-les-sessions"])
def test_everybody_can_be_signed_out_from_there(psc: Psc, browser: Browser, way: str) -> None:
    access = tokens(psc, browser)["access_token"]
    requests.post(f"{psc.control}/{way}", timeout=TIMEOUT).raise_for_status()
    assert psc.userinfo(access).status_code == 401
    browser.ask(prompt="none")
    assert browser.answer()["error"] == "login_required"
