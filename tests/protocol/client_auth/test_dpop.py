"""Tokens bound to a DPoP key (RFC 9449), through the endpoints: who gets them, who may use them."""

from typing import Any
from urllib.parse import urlencode

import jwt
import pytest
from werkzeug.test import Client, TestResponse

from tests.protocol.proofs import P256, PAR_URI, RSA2048, TOKEN_URI, USERINFO_URI, DpopKey, ath
from tests.provider import (
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

BOUND, PUBLIC = "dpop-only", "dpop-mobile"
CALLBACKS = {
    RP: REDIRECT,
    BOUND: "https://dpop.example/callback",
    PUBLIC: "http://127.0.0.1:9997/callback",
}
_MORE_CLIENTS = f"""\
  - client_id: {BOUND}
    client_name: DPoP
    client_uri: https://dpop.example/
    client_secret: {{file: {RP}}}
    redirect_uris: ["{CALLBACKS[BOUND]}"]
    grant_types: [authorization_code, refresh_token]
    dpop_bound_access_tokens: true
  - client_id: {PUBLIC}
    client_name: Mobile
    client_uri: http://127.0.0.1:9997/
    redirect_uris: ["{CALLBACKS[PUBLIC]}"]
    token_endpoint_auth_method: none
    grant_types: [authorization_code, refresh_token]
"""
KEY, OTHER = DpopKey(P256), DpopKey()


class Party:
    """One relying party with a key; it learns nonces as it goes."""

    def __init__(self, house: Provider, browser: Browser, client_id: str, key: DpopKey = KEY) -> None:
        self.house, self.browser, self.client_id, self.key = house, browser, client_id, key
        self.nonce: str | None = None

    def code(self, **changes: str | None) -> str:
        return self.browser.sign_in(
            client_id=self.client_id, redirect_uri=CALLBACKS[self.client_id], **changes
        )

    def post(self, path: str, form: dict[str, str], headers: dict[str, str]) -> TestResponse:
        is_public = self.client_id == PUBLIC
        sent = {**headers, **({} if is_public else basic(self.client_id, SECRETS[RP]))}
        data = {**form, **({"client_id": self.client_id} if is_public else {})}
        answer = Client(self.house.app, TestResponse).post(path, base_url=ISSUER, data=data, headers=sent)
        self.nonce = answer.headers.get("DPoP-Nonce", self.nonce)
        return answer

    def token(self, form: dict[str, str], proof: str | None) -> TestResponse:
        return self.post("/token", form, {} if proof is None else {"DPoP": proof})

    def redeem(self, code: str, proof: str | None) -> TestResponse:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CALLBACKS[self.client_id],
            "code_verifier": VERIFIER,
        }
        return self.token(form, proof)

    def refresh(self, token: str, proof: str | None) -> TestResponse:
        return self.token({"grant_type": "refresh_token", "refresh_token": token}, proof)

    def good(self, **changes: Any) -> str:
        if self.nonce is None:
            self.refresh("x", self.key.proof())
        return self.key.proof(**{"nonce": self.nonce, **changes})

    def tokens(self, **changes: str | None) -> dict[str, Any]:
        answer = self.redeem(self.code(**changes), self.good())
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    def userinfo(
        self, token: str, proof: str | None, scheme: str = "DPoP", method: str = "GET"
    ) -> TestResponse:
        headers = {"Authorization": f"{scheme} {token}", **({} if proof is None else {"DPoP": proof})}
        answer = Client(self.house.app, TestResponse).open(
            "/userinfo", method=method, base_url=ISSUER, headers=headers
        )
        self.nonce = answer.headers.get("DPoP-Nonce", self.nonce)
        return answer

    def for_userinfo(self, token: str, **changes: Any) -> str:
        return self.good(**{"htm": "GET", "htu": USERINFO_URI, "ath": ath(token), **changes})


@pytest.fixture(scope="module")
def house(app_factory: Any) -> Provider:
    made: Provider = app_factory()
    file = made.settings.where.clients_file
    file.write_text(file.read_text() + _MORE_CLIENTS)
    return made


@pytest.fixture(scope="module")
def signed_in(house: Provider) -> Browser:
    """A browser with a session: each further code costs one redirect."""
    browser = house.browser()
    browser.sign_in()
    return browser


@pytest.fixture
def bound(house: Provider, signed_in: Browser) -> Party:
    return Party(house, signed_in, BOUND)


@pytest.fixture
def mobile(house: Provider, signed_in: Browser) -> Party:
    return Party(house, signed_in, PUBLIC)


def error_of(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["error"]


# At the token endpoint.


def test_the_first_proof_is_answered_with_a_nonce_and_leaves_the_code_good(bound: Party) -> None:
    code = bound.code()
    answer = bound.redeem(code, KEY.proof())
    assert error_of(answer) == (400, "use_dpop_nonce")
    assert answer.headers["DPoP-Nonce"] == bound.nonce
    assert answer.headers["Cache-Control"] == "no-store"
    tokens = bound.redeem(code, bound.good())
    assert tokens.status_code == 200
    assert tokens.get_json()["token_type"] == "DPoP"
    assert tokens.headers["DPoP-Nonce"]


def test_a_client_registered_for_bound_tokens_gets_no_other(bound: Party) -> None:
    code = bound.code()
    answer = bound.redeem(code, None)
    assert error_of(answer) == (400, "invalid_dpop_proof")
    assert answer.headers["DPoP-Nonce"]
    assert bound.redeem(code, bound.good()).status_code == 200


def test_a_client_that_did_not_register_may_use_it_all_the_same(house: Provider, signed_in: Browser) -> None:
    party = Party(house, signed_in, RP, DpopKey(RSA2048, "PS256"))
    tokens = party.tokens()
    assert tokens["token_type"] == "DPoP"
    assert house.userinfo(tokens["access_token"]).status_code == 401
    token = tokens["access_token"]
    assert party.userinfo(token, party.for_userinfo(token)).status_code == 200


def test_without_a_proof_an_ordinary_client_gets_an_ordinary_token(
    house: Provider, signed_in: Browser
) -> None:
    answer = Party(house, signed_in, RP).redeem(signed_in.sign_in(), None)
    assert answer.get_json()["token_type"] == "Bearer"
    assert "DPoP-Nonce" not in answer.headers


@pytest.mark.parametrize(
    "changes", [{"htm": "GET"}, {"htu": USERINFO_URI}, {"iat": 1}, {"header": {"typ": "JWT"}}], ids=str
)
def test_a_proof_of_another_request_is_refused_and_leaves_the_code_good(
    bound: Party, changes: dict[str, Any]
) -> None:
    code = bound.code()
    assert error_of(bound.redeem(code, bound.good(**changes))) == (400, "invalid_dpop_proof")
    assert bound.redeem(code, bound.good()).status_code == 200


def test_a_proof_shown_a_second_time_is_refused(bound: Party) -> None:
    proof = bound.good()
    assert bound.redeem(bound.code(), proof).status_code == 200
    assert error_of(bound.redeem(bound.code(), proof)) == (400, "invalid_dpop_proof")


def test_who_the_client_is_comes_before_its_proof(house: Provider, bound: Party) -> None:
    answer = Client(house.app, TestResponse).post(
        "/token",
        base_url=ISSUER,
        data={"grant_type": "refresh_token"},
        headers={**basic(BOUND, "wrong"), "DPoP": bound.good()},
    )
    assert error_of(answer) == (401, "invalid_client")
    assert "DPoP-Nonce" not in answer.headers


# The key announced at /authorize (§10).


def test_a_code_asked_for_with_a_key_is_redeemed_with_that_key(bound: Party) -> None:
    code = bound.code(dpop_jkt=KEY.thumbprint)
    assert bound.redeem(code, bound.good()).status_code == 200


def test_a_code_asked_for_with_another_key_is_refused(bound: Party) -> None:
    answer = bound.redeem(bound.code(dpop_jkt=OTHER.thumbprint), bound.good())
    assert error_of(answer) == (400, "invalid_grant")


@pytest.mark.parametrize(
    "announced",
    ["x", "é" * 43, "a" * 43, f"{KEY.thumbprint}="],
    ids=["short", "letters", "spelling", "padded"],  # the key is made by each worker anew
)
def test_what_is_no_thumbprint_is_told_before_anybody_signs_in(bound: Party, announced: str) -> None:
    address = {"client_id": BOUND, "redirect_uri": CALLBACKS[BOUND]}
    asked = bound.browser.authorize(**address, dpop_jkt=announced)
    assert answer_of(asked)["error"] == "invalid_request"


def test_a_nonce_with_bits_left_over_is_none_of_ours(bound: Party) -> None:
    """It was a failure of ours: 43 letters, and nothing that a strict decoder reads."""
    bound.good()
    assert bound.nonce is not None
    spoiled = bound.nonce[:-1] + chr(ord(bound.nonce[-1]) + 1)
    assert error_of(bound.refresh("x", bound.key.proof(spoiled))) == (400, "use_dpop_nonce")


def test_a_code_asked_for_with_a_key_is_refused_without_any(house: Provider, signed_in: Browser) -> None:
    code = signed_in.sign_in(dpop_jkt=KEY.thumbprint)
    assert error_of(house.exchange(code)) == (400, "invalid_grant")


# The key shown at /par (§10.1).


def _push(party: Party, proof: str | None, **changes: str | None) -> TestResponse:
    form = authorization(client_id=BOUND, redirect_uri=CALLBACKS[BOUND], **changes)
    return party.post("/par", form, {} if proof is None else {"DPoP": proof})


def _code_of(party: Party, pushed: TestResponse) -> str:
    query = urlencode({"client_id": BOUND, "request_uri": pushed.get_json()["request_uri"]})
    return answer_of(party.browser.follow(party.browser.get(f"/authorize?{query}")))["code"]


def test_a_key_shown_with_the_pushed_request_binds_its_code(bound: Party) -> None:
    pushed = _push(bound, bound.good(htu=PAR_URI))
    assert pushed.status_code == 201
    assert pushed.headers["DPoP-Nonce"]
    assert bound.redeem(_code_of(bound, pushed), bound.good()).status_code == 200
    thief = Party(bound.house, bound.browser, BOUND, OTHER)
    code = _code_of(bound, _push(bound, bound.good(htu=PAR_URI)))
    assert error_of(thief.redeem(code, thief.good())) == (400, "invalid_grant")


def test_a_pushed_key_may_be_said_twice_and_not_in_two_ways(bound: Party) -> None:
    same = _push(bound, bound.good(htu=PAR_URI), dpop_jkt=KEY.thumbprint)
    assert bound.redeem(_code_of(bound, same), bound.good()).status_code == 200
    other = _push(bound, bound.good(htu=PAR_URI), dpop_jkt=OTHER.thumbprint)
    assert error_of(other) == (400, "invalid_request")


def test_a_pushed_request_with_a_bad_proof_is_refused(bound: Party) -> None:
    assert error_of(_push(bound, bound.good())) == (400, "invalid_dpop_proof")
    answer = _push(bound, KEY.proof(htu=PAR_URI))
    assert error_of(answer) == (400, "use_dpop_nonce")
    assert answer.headers["DPoP-Nonce"]


def test_a_pushed_request_without_a_key_binds_no_code(bound: Party) -> None:
    code = _code_of(bound, _push(bound, None))
    thief = Party(bound.house, bound.browser, BOUND, OTHER)
    assert thief.redeem(code, thief.good()).status_code == 200


# At userinfo (§7).


def test_the_token_opens_userinfo_with_a_proof_of_its_key(bound: Party) -> None:
    token = bound.tokens()["access_token"]
    for method in ("GET", "POST"):
        answer = bound.userinfo(token, bound.for_userinfo(token, htm=method), method=method)
        assert answer.status_code == 200
        assert answer.get_json()["sub"] == bound.house.account.subject
        assert answer.headers["DPoP-Nonce"]


def test_the_scheme_is_read_in_any_case(bound: Party) -> None:
    token = bound.tokens()["access_token"]
    assert bound.userinfo(token, bound.for_userinfo(token), scheme="dpop").status_code == 200


def test_without_our_nonce_userinfo_says_which(bound: Party) -> None:
    token = bound.tokens()["access_token"]
    answer = bound.userinfo(token, bound.for_userinfo(token, nonce=None))
    assert answer.status_code == 401
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge == 'DPoP algs="RS256 PS256 ES256", error="use_dpop_nonce"'
    assert answer.headers["DPoP-Nonce"]


def test_a_bound_token_is_refused_as_bearer_with_or_without_a_proof(bound: Party) -> None:
    token = bound.tokens()["access_token"]
    for proof in (None, bound.for_userinfo(token)):
        answer = bound.userinfo(token, proof, scheme="Bearer")
        assert answer.status_code == 401
        # RFC 9449 §7.2: and the scheme that would do.
        challenge = 'Bearer realm="userinfo", error="invalid_token", DPoP algs="RS256 PS256 ES256"'
        assert answer.headers["WWW-Authenticate"] == challenge
    in_body = Client(bound.house.app, TestResponse).post(
        "/userinfo",
        base_url=ISSUER,
        data={"access_token": token},
        headers={"DPoP": bound.for_userinfo(token, htm="POST")},
    )
    assert in_body.status_code == 401
    assert bound.userinfo(token, bound.for_userinfo(token)).status_code == 200


def test_an_ordinary_token_is_refused_as_dpop(house: Provider, signed_in: Browser) -> None:
    party = Party(house, signed_in, RP)
    token = house.exchange(signed_in.sign_in()).get_json()["access_token"]
    answer = party.userinfo(token, party.for_userinfo(token))
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert house.userinfo(token).status_code == 200


def test_another_key_does_not_open_it(bound: Party) -> None:
    token = bound.tokens()["access_token"]
    thief = Party(bound.house, bound.browser, BOUND, OTHER)
    answer = thief.userinfo(token, thief.for_userinfo(token))
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "changes",
    [{"htm": "POST"}, {"htu": TOKEN_URI}, {"ath": None}, {"ath": ath("another")}, {"iat": 1}],
    ids=str,
)
def test_a_proof_of_another_request_or_token_is_refused_at_userinfo(
    bound: Party, changes: dict[str, Any]
) -> None:
    token = bound.tokens()["access_token"]
    answer = bound.userinfo(token, bound.for_userinfo(token, **changes))
    assert answer.status_code == 401
    assert 'error="invalid_dpop_proof"' in answer.headers["WWW-Authenticate"]


def test_no_proof_two_proofs_and_a_used_one_are_refused_at_userinfo(bound: Party) -> None:
    token = bound.tokens()["access_token"]
    used = bound.for_userinfo(token)
    assert bound.userinfo(token, used).status_code == 200
    for proof in (None, used, f"{bound.for_userinfo(token)},{bound.for_userinfo(token)}", ""):
        answer = bound.userinfo(token, proof)
        assert answer.status_code == 401
        assert 'error="invalid_dpop_proof"' in answer.headers["WWW-Authenticate"]


def test_a_proof_for_the_token_endpoint_is_no_proof_for_userinfo_and_the_reverse(bound: Party) -> None:
    token = bound.tokens()["access_token"]
    assert bound.userinfo(token, bound.good()).status_code == 401
    assert error_of(bound.redeem(bound.code(), bound.for_userinfo(token))) == (400, "invalid_dpop_proof")


# Introspection (§6.2).


def test_introspection_tells_the_key(bound: Party) -> None:
    tokens = bound.tokens()
    told = bound.post("/introspect", {"token": tokens["access_token"]}, {}).get_json()
    assert told["token_type"] == "DPoP"
    assert told["cnf"] == {"jkt": KEY.thumbprint}
    refresh = bound.post("/introspect", {"token": tokens["refresh_token"]}, {}).get_json()
    assert "cnf" not in refresh


def test_introspection_of_an_ordinary_token_tells_no_key(house: Provider, signed_in: Browser) -> None:
    token = house.exchange(signed_in.sign_in()).get_json()["access_token"]
    told = Party(house, signed_in, RP).post("/introspect", {"token": token}, {}).get_json()
    assert told["token_type"] == "Bearer"
    assert "cnf" not in told


# Refresh (§5).


def test_a_confidential_client_refreshes_with_any_key_of_its_own_and_never_without(bound: Party) -> None:
    tokens = bound.tokens()
    assert error_of(bound.refresh(tokens["refresh_token"], None)) == (400, "invalid_dpop_proof")
    renewed = Party(bound.house, bound.browser, BOUND, OTHER)
    answer = renewed.refresh(tokens["refresh_token"], renewed.good())
    assert answer.status_code == 200
    assert answer.get_json()["token_type"] == "DPoP"
    token = answer.get_json()["access_token"]
    assert renewed.userinfo(token, renewed.for_userinfo(token)).status_code == 200
    assert bound.userinfo(token, bound.for_userinfo(token)).status_code == 401


def test_a_public_clients_refresh_token_is_bound_to_its_key(mobile: Party) -> None:
    tokens = mobile.tokens()
    thief = Party(mobile.house, mobile.browser, PUBLIC, OTHER)
    assert error_of(thief.refresh(tokens["refresh_token"], thief.good())) == (400, "invalid_grant")
    assert error_of(mobile.refresh(tokens["refresh_token"], None)) == (400, "invalid_grant")
    # The thief ended nothing, and the next token is bound as well.
    following = mobile.refresh(tokens["refresh_token"], mobile.good())
    assert following.status_code == 200
    assert following.get_json()["token_type"] == "DPoP"
    next_token = following.get_json()["refresh_token"]
    assert error_of(thief.refresh(next_token, thief.good())) == (400, "invalid_grant")
    assert mobile.refresh(next_token, mobile.good()).status_code == 200


def test_a_lost_answer_is_given_again_to_the_same_key_and_to_another_the_family_ends(mobile: Party) -> None:
    tokens = mobile.tokens()
    assert mobile.refresh(tokens["refresh_token"], mobile.good()).status_code == 200
    again = mobile.refresh(tokens["refresh_token"], mobile.good())
    assert again.status_code == 200
    assert again.get_json()["token_type"] == "DPoP"
    thief = Party(mobile.house, mobile.browser, PUBLIC, OTHER)
    assert error_of(thief.refresh(tokens["refresh_token"], thief.good())) == (400, "invalid_grant")
    assert error_of(mobile.refresh(again.get_json()["refresh_token"], mobile.good())) == (
        400,
        "invalid_grant",
    )


def test_a_public_client_without_a_key_refreshes_as_before(mobile: Party) -> None:
    answer = mobile.redeem(mobile.code(), None)
    assert answer.get_json()["token_type"] == "Bearer"
    assert mobile.refresh(answer.get_json()["refresh_token"], None).status_code == 200


def test_the_binding_stays_out_of_the_id_token(mobile: Party) -> None:
    tokens = mobile.tokens()
    renewed = mobile.refresh(tokens["refresh_token"], mobile.good()).get_json()
    for answer in (tokens, renewed):
        claims = jwt.decode(answer["id_token"], options={"verify_signature": False})
        assert not {"cnf", "binding"} & claims.keys()
