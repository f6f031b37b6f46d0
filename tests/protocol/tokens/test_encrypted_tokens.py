"""ID Tokens that only their relying party reads, and userinfo that is signed; read back by libraries of others."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
from jwcrypto.jwe import JWE
from jwcrypto.jwk import JWK
from jwcrypto.jwt import JWT
from werkzeug.test import Client, TestResponse

from idp.clients.members import CONTENT_ENCRYPTION_ALGS, KEY_ENCRYPTION_ALGS
from tests.adapters.http.far_machine import FarMachine, far_machine, say
from tests.protocol.keyed import (
    REDIRECT,
    assertion,
    client_yaml,
    ec_key,
    form,
    jwks,
    rsa_key,
    with_clients,
)
from tests.provider import AFTER_LOGOUT, ISSUER, Provider, answer_of

USERINFO_ALGS = ("RS256", "ES256")
PAIRS = [(alg, enc) for alg in KEY_ENCRYPTION_ALGS for enc in CONTENT_ENCRYPTION_ALGS]


def name_of(alg: str, enc: str) -> str:
    return f"{alg}-{enc}".replace("+", "_")


@pytest.fixture(scope="module")
def party() -> Iterator[FarMachine]:
    """Where one relying party publishes its keys."""
    with far_machine() as machine:
        machine.reply = say(json.dumps(jwks(rsa_key())).encode())
        yield machine


@pytest.fixture(scope="module")
def house(app_factory: Callable[..., Provider], party: FarMachine) -> Provider:
    provider = app_factory(outbound_networks=("127.0.0.0/8",))
    signing = {"token_endpoint_auth_method": "private_key_jwt"}
    with_clients(
        provider.settings.where.clients_file,
        *(
            client_yaml(
                name_of(alg, enc),
                **signing,
                jwks=jwks(),
                id_token_encrypted_response_alg=alg,
                id_token_encrypted_response_enc=enc,
            )
            for alg, enc in PAIRS
        ),
        client_yaml("by-default", **signing, jwks=jwks(), id_token_encrypted_response_alg="RSA-OAEP"),
        client_yaml(
            "keyless", **signing, jwks=jwks(ec_key()), id_token_encrypted_response_alg="RSA-OAEP-256"
        ),
        client_yaml(
            "for-signing",
            **signing,
            jwks=jwks(ec_key(), use="sig"),
            id_token_encrypted_response_alg="ECDH-ES",
        ),
        client_yaml(
            "published",
            **signing,
            jwks_uri=f"http://127.0.0.1:{party.port}/jwks",
            id_token_encrypted_response_alg="ECDH-ES",
        ),
        client_yaml("signed-rs256", **signing, jwks=jwks(), userinfo_signed_response_alg="RS256"),
        client_yaml("signed-es256", **signing, jwks=jwks(), userinfo_signed_response_alg="ES256"),
    )
    return provider


def sign_in(provider: Provider, client: str, **changes: str) -> str:
    return provider.browser().sign_in(client_id=client, redirect_uri=REDIRECT, **changes)


def redeem(provider: Provider, client: str, code: str) -> TestResponse:
    return provider.exchange(code, headers={}, redirect_uri=REDIRECT, **form(assertion(client)))


def refresh(provider: Provider, client: str, token: str) -> TestResponse:
    data = form(assertion(client), grant_type="refresh_token", refresh_token=token)
    return Client(provider.app, TestResponse).post("/token", base_url=ISSUER, data=data)


def header_of(token: str) -> dict[str, Any]:
    part = token.split(".")[0]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def decrypted(token: str, *, alg: str, enc: str) -> str:
    """By jwcrypto, which accepts these two algorithms only."""
    mine = ec_key() if alg.startswith("ECDH") else rsa_key()
    found = JWE(algs=[alg, enc])
    found.deserialize(token, JWK(**mine.as_dict(private=True)))
    return str(found.payload.decode())


def verified(provider: Provider, token: str, audience: str, alg: str = "RS256") -> dict[str, Any]:
    """By PyJWT, with the published key of its kid."""
    keys = jwt.PyJWKSet.from_dict(provider.browser().get("/jwks").get_json())
    key = keys[header_of(token)["kid"]]
    found: dict[str, Any] = jwt.decode(token, key, algorithms=[alg], audience=audience, issuer=ISSUER)
    return found


# Encrypted ID Tokens.


@pytest.mark.parametrize(("alg", "enc"), PAIRS)
def test_an_id_token_is_signed_then_encrypted_as_registered(house: Provider, alg: str, enc: str) -> None:
    client = name_of(alg, enc)
    tokens = redeem(house, client, sign_in(house, client)).get_json()
    kid = str((ec_key() if alg.startswith("ECDH") else rsa_key()).kid)
    header = header_of(tokens["id_token"])
    assert tokens["id_token"].count(".") == 4
    assert header.items() >= {"alg": alg, "enc": enc, "cty": "JWT", "kid": kid}.items()
    assert "zip" not in header
    claims = verified(house, decrypted(tokens["id_token"], alg=alg, enc=enc), client)
    assert (claims["iss"], claims["aud"], claims["nonce"]) == (ISSUER, client, "nonce-1")
    assert {"sub", "sid", "auth_time", "at_hash"} <= claims.keys()


def test_nothing_said_of_the_content_is_aes_128_in_cbc_mode(house: Provider) -> None:
    tokens = redeem(house, "by-default", sign_in(house, "by-default")).get_json()
    assert header_of(tokens["id_token"])["enc"] == "A128CBC-HS256"


def test_jwcrypto_reads_it_as_a_nested_token(house: Provider) -> None:
    token = redeem(house, "by-default", sign_in(house, "by-default")).get_json()["id_token"]
    outer = JWT(
        jwt=token, key=JWK(**rsa_key().as_dict(private=True)), algs=["RSA-OAEP", "A128CBC-HS256"],
        expected_type="JWE",
    )  # fmt: skip
    assert verified(house, outer.claims, "by-default")["aud"] == "by-default"


def test_a_refreshed_id_token_is_encrypted_too_and_each_is_another(house: Provider) -> None:
    first = redeem(house, "by-default", sign_in(house, "by-default")).get_json()
    again = refresh(house, "by-default", first["refresh_token"]).get_json()
    texts = [decrypted(answer["id_token"], alg="RSA-OAEP", enc="A128CBC-HS256") for answer in (first, again)]
    old, new = (verified(house, text, "by-default") for text in texts)
    assert (old["sub"], old["sid"]) == (new["sub"], new["sid"])
    # The content key and the vector are new each time.
    assert all(a != b for a, b in zip(*(t["id_token"].split(".")[1:3] for t in (first, again)), strict=True))


@pytest.mark.parametrize("client", ["keyless", "for-signing", "published"])
def test_without_a_fitting_key_no_token_is_given_at_all(house: Provider, client: str) -> None:
    data = form(assertion(client, "PS256" if client == "published" else "ES256"))
    response = house.exchange(sign_in(house, client), headers={}, redirect_uri=REDIRECT, **data)
    assert response.status_code == 400
    answer = response.get_json()
    assert answer["error"] == "invalid_request"
    described = "no public key of this client fits its id_token_encrypted_response_alg (reference "
    assert answer["error_description"].startswith(described)


def test_a_code_refused_for_want_of_a_key_is_not_used_up(
    app_factory: Callable[..., Provider], party: FarMachine
) -> None:
    """A relying party that registers its key meanwhile goes on where it stopped."""
    provider = app_factory()
    file = provider.settings.where.clients_file
    before = file.read_text()
    wanting = {"token_endpoint_auth_method": "private_key_jwt", "id_token_encrypted_response_alg": "RSA-OAEP"}
    with_clients(file, client_yaml("late", **wanting, jwks=jwks(ec_key())))
    code = sign_in(provider, "late")
    assert redeem(provider, "late", code).status_code == 400
    file.write_text(before)
    with_clients(file, client_yaml("late", **wanting, jwks=jwks()))
    tokens = redeem(provider, "late", code).get_json()
    assert tokens["id_token"].count(".") == 4
    file.write_text(before)
    with_clients(file, client_yaml("late", **wanting, jwks=jwks(ec_key())))
    assert refresh(provider, "late", tokens["refresh_token"]).status_code == 400
    file.write_text(before)
    with_clients(file, client_yaml("late", **wanting, jwks=jwks()))
    assert refresh(provider, "late", tokens["refresh_token"]).get_json()["id_token"].count(".") == 4


def test_an_encrypted_hint_is_refused_and_the_decrypted_one_passes(house: Provider) -> None:
    browser = house.browser()
    code = browser.sign_in(client_id="by-default", redirect_uri=REDIRECT)
    token = redeem(house, "by-default", code).get_json()["id_token"]
    inner = decrypted(token, alg="RSA-OAEP", enc="A128CBC-HS256")
    asked = {"client_id": "by-default", "redirect_uri": REDIRECT, "prompt": "none"}
    refused = answer_of(browser.authorize(**asked, id_token_hint=token))
    assert refused["error"] == "invalid_request"
    assert refused["error_description"].startswith("id_token_hint is encrypted: decrypt it first (reference ")
    assert "code" in answer_of(browser.authorize(**asked, id_token_hint=inner))
    # At /end_session the person decides.
    page = browser.get("/end_session", query_string={"id_token_hint": token, "state": "s"})
    assert page.status_code == 200
    assert "code" in answer_of(browser.authorize(**asked))
    browser.get("/end_session", query_string={"id_token_hint": inner})
    assert answer_of(browser.authorize(**asked))["error"] == "login_required"


# Signed userinfo.


@pytest.mark.parametrize("alg", USERINFO_ALGS)
def test_userinfo_is_a_jwt_where_registered(house: Provider, alg: str) -> None:
    client = f"signed-{alg.lower()}"
    tokens = redeem(house, client, sign_in(house, client)).get_json()
    response = house.userinfo(tokens["access_token"])
    assert (response.status_code, response.mimetype) == (200, "application/jwt")
    assert response.headers["Cache-Control"] == "no-store"
    claims = verified(house, response.text, client, alg)
    id_token = verified(house, tokens["id_token"], client)
    assert (claims["iss"], claims["aud"], claims["sub"]) == (ISSUER, client, id_token["sub"])


def test_an_error_of_userinfo_is_not_signed(house: Provider) -> None:
    response = house.userinfo("x" * 43)
    assert (response.status_code, response.mimetype) == (401, "application/json")


def test_signed_userinfo_is_no_hint_that_ends_a_session(house: Provider) -> None:
    browser = house.browser()
    code = browser.sign_in(client_id="signed-rs256", redirect_uri=REDIRECT)
    tokens = redeem(house, "signed-rs256", code).get_json()
    userinfo = house.userinfo(tokens["access_token"]).text
    query = {"id_token_hint": userinfo, "post_logout_redirect_uri": AFTER_LOGOUT}
    assert browser.get("/end_session", query_string=query).status_code == 200
    asked = {"client_id": "signed-rs256", "redirect_uri": REDIRECT, "prompt": "none"}
    assert "code" in answer_of(browser.authorize(**asked))
