"""A client held to the FAPI 2.0 Security Profile: its rules FA1 to FA9 (facts/security §1.5), one test each or more."""

import json
import re
import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from werkzeug.test import Client, TestResponse

from idp.app import create
from idp.clients.located_yaml import BadYaml
from tests.protocol.proofs import (
    P256,
    PAR_URI,
    RSA2048,
    USERINFO_URI,
    DpopKey,
    ath,
)
from tests.protocol.tls_certificates import self_signed
from tests.provider import (
    CHALLENGE,
    ISSUER,
    REDIRECT,
    RP,
    SECRETS,
    VERIFIER,
    Browser,
    Provider,
    answer_of,
    authorization,
    basic,
)

FAPI, CALLBACK = "fapi-client", "https://fapi.example/callback"
PROXY_SECRET = "p" * 43
OWN = self_signed()
_GOOD = f"""\
  - client_id: {FAPI}
    client_name: FAPI
    client_uri: https://fapi.example/
    profile: fapi2
    redirect_uris: ["{CALLBACK}"]
    token_endpoint_auth_method: self_signed_tls_client_auth
    jwks: {json.dumps({"keys": [OWN.jwk]})}
    grant_types: [authorization_code, refresh_token]
    require_pushed_authorization_requests: true
    dpop_bound_access_tokens: true
    id_token_signed_response_alg: ES256
    authorization_signed_response_alg: ES256
"""


class FapiClient:
    """A relying party that does everything right, unless told otherwise."""

    def __init__(self, house: Provider, browser: Browser) -> None:
        self.house, self.browser = house, browser
        self.key = DpopKey(P256)
        self.headers = {"Caducee-Proxy": PROXY_SECRET, "Client-Cert": OWN.header}
        self.nonce = self.refresh("x", self.key.proof()).headers["DPoP-Nonce"]

    def post(self, path: str, form: dict[str, str], **headers: str) -> TestResponse:
        sent = {**self.headers, **headers}
        data = {"client_id": FAPI, **form}
        return Client(self.house.app, TestResponse).post(path, base_url=ISSUER, data=data, headers=sent)

    def push(self, **changes: str | None) -> TestResponse:
        return self.post("/par", authorization(client_id=FAPI, redirect_uri=CALLBACK, **changes))

    def come(self, request_uri: str) -> TestResponse:
        query = urlencode({"client_id": FAPI, "request_uri": request_uri})
        return self.browser.follow(self.browser.get(f"/authorize?{query}"))

    def answer(self, **changes: str | None) -> dict[str, str]:
        pushed = self.push(**changes)
        assert pushed.status_code == 201, pushed.text
        return answer_of(self.come(pushed.get_json()["request_uri"]))

    def proof(self, **changes: Any) -> str:
        return self.key.proof(**{"nonce": self.nonce, **changes})

    def redeem(self, code: str, proof: str | None, **changes: str) -> TestResponse:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACK,
            "code_verifier": VERIFIER,
            **changes,
        }
        return self.post("/token", form, **({} if proof is None else {"DPoP": proof}))

    def refresh(self, token: str, proof: str) -> TestResponse:
        return self.post("/token", {"grant_type": "refresh_token", "refresh_token": token}, DPoP=proof)

    def tokens(self, **changes: str | None) -> dict[str, Any]:
        answer = self.redeem(self.answer(**changes)["code"], self.proof())
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    def userinfo(self, headers: dict[str, str]) -> TestResponse:
        return Client(self.house.app, TestResponse).get("/userinfo", base_url=ISSUER, headers=headers)


@pytest.fixture(scope="module")
def house(app_factory: Any) -> Provider:
    made: Provider = app_factory(proxy_secret=PROXY_SECRET, mtls_origin="https://mtls.caducee.example")
    file = made.settings.where.clients_file
    file.write_text(file.read_text() + _GOOD)
    return made


@pytest.fixture(scope="module")
def signed_in(house: Provider) -> Browser:
    browser = house.browser()
    browser.sign_in()
    return browser


@pytest.fixture
def client(house: Provider, signed_in: Browser) -> FapiClient:
    return FapiClient(house, signed_in)


def _start(app_factory: Any, text: str, **changes: Any) -> str:
    """The fault that stops the start of a house with this client."""
    made = app_factory(
        **{"proxy_secret": PROXY_SECRET, "mtls_origin": "https://mtls.caducee.example", **changes}
    )
    file = made.settings.where.clients_file
    file.write_text(file.read_text() + text)
    with pytest.raises(BadYaml) as fault:
        create(made.settings)
    return str(fault.value)


@pytest.fixture(scope="module")
def fault(app_factory: Any) -> Any:
    return lambda text, **changes: _start(app_factory, text, **changes)


def test_a_client_that_keeps_every_rule_is_served(client: FapiClient) -> None:
    tokens = client.tokens(scope="openid")
    assert tokens["token_type"] == "DPoP"
    token = tokens["access_token"]
    proof = client.proof(htm="GET", htu=USERINFO_URI, ath=ath(token))
    answer = client.userinfo({"Authorization": f"DPoP {token}", "DPoP": proof})
    assert answer.get_json()["sub"] == client.house.account.subject


def test_fa1_requests_are_pushed_by_the_authenticated_client_and_live_less_than_600_s(
    client: FapiClient, fault: Any
) -> None:
    plain = client.browser.authorize(client_id=FAPI, redirect_uri=CALLBACK)
    assert answer_of(plain)["error"] == "invalid_request"
    assert 0 < client.push().get_json()["expires_in"] < 600
    client.headers = {}
    assert (client.push().status_code, client.push().get_json()["error"]) == (401, "invalid_client")
    assert "`true` (profile fapi2)" in fault(_GOOD.replace("requests: true\n", "requests: false\n"))


@pytest.mark.parametrize(
    "method",
    [
        "token_endpoint_auth_method: none",
        f"token_endpoint_auth_method: client_secret_basic\n    client_secret: {{file: {RP}}}",
        f"token_endpoint_auth_method: client_secret_post\n    client_secret: {{file: {RP}}}",
    ],
)
def test_fa2_only_clients_that_prove_themselves_by_key_or_certificate(
    client: FapiClient, fault: Any, method: str
) -> None:
    text = _GOOD.replace("token_endpoint_auth_method: self_signed_tls_client_auth", method)
    assert "fapi2" in fault(text) or "public" in fault(text)


def test_fa2_without_its_certificate_the_client_is_nobody(client: FapiClient) -> None:
    code = client.answer()["code"]
    for headers in ({}, basic(FAPI, SECRETS[RP]), {**client.headers, "Client-Cert": self_signed().header}):
        client.headers = headers
        answer = client.redeem(code, client.proof())
        assert (answer.status_code, answer.get_json()["error"]) == (401, "invalid_client")


def test_fa3_tokens_are_bound_to_their_sender(client: FapiClient, fault: Any) -> None:
    code = client.answer()["code"]
    assert client.redeem(code, None).get_json()["error"] == "invalid_dpop_proof"
    token = client.redeem(code, client.proof()).get_json()["access_token"]
    assert client.userinfo({"Authorization": f"Bearer {token}"}).status_code == 401
    thief = DpopKey().proof(client.nonce, htm="GET", htu=USERINFO_URI, ath=ath(token))
    assert client.userinfo({"Authorization": f"DPoP {token}", "DPoP": thief}).status_code == 401
    told = client.post("/introspect", {"token": token}).get_json()
    assert told["cnf"] == {"jkt": client.key.thumbprint}
    assert "bound_access_tokens" in fault(
        _GOOD.replace("dpop_bound_access_tokens: true", "dpop_bound_access_tokens: false")
    )


def test_fa3_the_token_stands_in_a_header_and_never_in_the_query(client: FapiClient) -> None:
    token = client.tokens()["access_token"]
    proof = client.proof(htm="GET", htu=USERINFO_URI, ath=ath(token))
    answer = Client(client.house.app, TestResponse).get(
        f"/userinfo?access_token={token}", base_url=ISSUER, headers={"DPoP": proof}
    )
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge": VERIFIER, "code_challenge_method": None},
    ],
    ids=["none", "plain", "plain by default"],
)
def test_fa4_pkce_is_s256_and_nothing_else(client: FapiClient, changes: dict[str, str | None]) -> None:
    assert (client.push(**changes).status_code, client.push(**changes).get_json()["error"]) == (
        400,
        "invalid_request",
    )


def test_fa4_the_verifier_is_checked_and_the_issuer_told(client: FapiClient) -> None:
    answer = client.answer(code_challenge=CHALLENGE)
    assert answer["iss"] == ISSUER
    refused = client.redeem(answer["code"], client.proof(), code_verifier="w" * 43)
    assert refused.get_json()["error"] == "invalid_grant"
    assert (
        answer_of(client.come(client.push(prompt="none", max_age="0").get_json()["request_uri"]))["iss"]
        == ISSUER
    )


def test_fa4_codes_live_60_seconds_at_most(client: FapiClient, fault: Any) -> None:
    assert client.house.settings.lives.code_life <= timedelta(seconds=60)
    assert "CADUCEE_CODE_LIFE of 60 seconds or less" in fault(_GOOD, code_life=timedelta(seconds=61))
    assert "`required`" in fault(_GOOD + "    pkce: optional\n")


def test_fa4_a_code_is_good_once(client: FapiClient) -> None:
    code = client.answer()["code"]
    assert client.redeem(code, client.proof()).status_code == 200
    assert client.redeem(code, client.proof()).get_json()["error"] == "invalid_grant"


def test_fa5_refresh_tokens_are_not_rotated(client: FapiClient) -> None:
    token = client.tokens()["refresh_token"]
    for _ in range(3):
        answer = client.refresh(token, client.proof())
        assert answer.status_code == 200
        assert answer.get_json()["token_type"] == "DPoP"
        assert answer.get_json().get("refresh_token", token) == token


def test_fa6_a_nonce_of_64_characters_comes_back(client: FapiClient) -> None:
    nonce = "n" * 64
    id_token = client.tokens(nonce=nonce)["id_token"]
    assert jwt.decode(id_token, options={"verify_signature": False})["nonce"] == nonce


def test_fa7_we_sign_by_es256_with_keys_long_enough(client: FapiClient, fault: Any) -> None:
    id_token = client.tokens()["id_token"]
    head = jwt.get_unverified_header(id_token)
    assert head["alg"] == "ES256"
    keys = client.browser.get("/jwks").get_json()
    jwt.decode(
        id_token,
        jwt.PyJWKSet.from_dict(keys)[head["kid"]],
        algorithms=["ES256"],
        audience=FAPI,
        issuer=ISSUER,
    )
    for member in ("id_token_signed_response_alg", "authorization_signed_response_alg"):
        assert "PS256 or ES256" in fault(_GOOD.replace(f"{member}: ES256", f"{member}: RS256"))


def test_fa7_the_client_signs_by_ps256_or_es256_only(client: FapiClient, fault: Any) -> None:
    assert client.redeem(client.answer()["code"], client.proof()).status_code == 200
    client.key = DpopKey(RSA2048, "PS256")
    assert client.redeem(client.answer()["code"], client.proof()).status_code == 200
    client.key = DpopKey(RSA2048, "RS256")
    assert client.redeem(client.answer()["code"], client.proof()).get_json()["error"] == "invalid_dpop_proof"
    client.key.alg = "PS256"
    token = client.tokens()["access_token"]
    for alg, status in (("RS256", 401), ("PS256", 200)):
        client.key.alg = alg
        proof = client.proof(htm="GET", htu=USERINFO_URI, ath=ath(token))
        assert client.userinfo({"Authorization": f"DPoP {token}", "DPoP": proof}).status_code == status
    client.key.alg = "RS256"
    pushed = client.post(
        "/par", authorization(client_id=FAPI, redirect_uri=CALLBACK), DPoP=client.proof(htu=PAR_URI)
    )
    assert pushed.get_json()["error"] == "invalid_dpop_proof"
    assert "PS256 or ES256" in fault(_GOOD + "    request_object_signing_alg: RS256\n")


def test_fa8_a_proof_ten_seconds_ahead_is_taken_and_one_of_a_minute_is_not(
    client: FapiClient, fault: Any
) -> None:
    now = int(time.time())
    assert client.redeem(client.answer()["code"], client.proof(iat=now + 9)).status_code == 200
    for iat in (now + 70, now - 70):
        answer = client.redeem("x", client.proof(iat=iat))
        assert answer.get_json()["error"] == "invalid_dpop_proof"
    assert "CADUCEE_CLOCK_AHEAD" in fault(_GOOD, clock_ahead=timedelta(seconds=61))


@pytest.mark.parametrize(
    "redirect_uri", ["https://evil.example/", CALLBACK + "/", CALLBACK + "?a=b", REDIRECT]
)
def test_fa9_nobody_is_redirected_to_an_address_that_is_not_registered(
    client: FapiClient, redirect_uri: str
) -> None:
    form = authorization(client_id=FAPI, redirect_uri=redirect_uri)
    assert client.post("/par", form).get_json()["error"] == "invalid_request"
    for parameters in (form, {**form, "request_uri": "urn:ietf:params:oauth:request_uri:unknown"}):
        page = client.browser.follow(client.browser.get(f"/authorize?{urlencode(parameters)}"))
        assert page.status_code == 400
        assert "Location" not in page.headers


def test_fa9_redirect_addresses_are_https(fault: Any) -> None:
    assert "https" in fault(_GOOD.replace(CALLBACK, "http://127.0.0.1:9000/callback"))


def test_the_profile_is_told_at_the_line_of_the_client(fault: Any) -> None:
    assert re.search(r"clients\.yaml:\d+:\d+: expected", fault(_GOOD + "    pkce: optional\n"))
