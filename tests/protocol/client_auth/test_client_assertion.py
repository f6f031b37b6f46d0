"""private_key_jwt: a client proves itself by what it signed, to this issuer, for a moment, once."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from authlib.oauth2.rfc7523 import private_key_jwt_sign
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc import jws
from joserfc.jwk import ECKey
from werkzeug.test import Client, TestResponse

from idp.adapters.ephemeral_record import hashed
from idp.adapters.sql.schema import ephemeral
from idp.core.ephemeral import Kind
from idp.protocol.client_auth.client_assertion import AssertionAuthentication
from tests.adapters.http.far_machine import far_machine, say
from tests.examples import examples
from tests.protocol.jwt_corpus import signer_of
from tests.protocol.keyed import (
    ASSERTION_TYPE,
    REDIRECT,
    assertion,
    claims_of,
    client_yaml,
    ec_key,
    form,
    jwks,
    register_keyed,
    stranger_key,
    with_clients,
)
from tests.provider import ISSUER, RP, SECRETS, Provider, answer_of, audited, authorization, basic


@pytest.fixture(scope="module")
def keyed(app_factory: Callable[..., Provider]) -> Provider:
    provider = app_factory(outbound_networks=("127.0.0.0/8",))
    register_keyed(provider.settings.where.clients_file)
    return provider


def post(
    provider: Provider, path: str, data: dict[str, Any], headers: dict[str, str] | None = None
) -> TestResponse:
    return Client(provider.app, TestResponse).post(path, base_url=ISSUER, data=data, headers=headers)


def shown(provider: Provider, token: str, path: str = "/introspect", **changes: str) -> TestResponse:
    """The cheapest request that needs nothing but a proved client."""
    return post(provider, path, form(token, token="x", **changes))


def passes(provider: Provider, token: str, **changes: str) -> bool:
    response = shown(provider, token, **changes)
    if response.status_code == 200:
        assert response.get_json() == {"active": False}
        return True
    answer = response.get_json()
    assert (response.status_code, answer["error"]) == (401, "invalid_client")
    assert answer["error_description"].startswith("client authentication failed")
    assert "WWW-Authenticate" not in response.headers
    return False


# What passes.


@pytest.mark.parametrize("alg", ["ES256", "RS256", "PS256"])
@pytest.mark.parametrize("path", ["/introspect", "/revoke"])
def test_a_signed_assertion_passes_with_or_without_client_id(keyed: Provider, alg: str, path: str) -> None:
    for changes in ({}, {"client_id": "keyed"}):
        assert shown(keyed, assertion("keyed", alg), path, **changes).status_code == 200


def test_a_whole_sign_in_with_refresh_and_revocation(keyed: Provider) -> None:
    code = keyed.browser().sign_in(client_id="keyed", redirect_uri=REDIRECT)
    tokens = keyed.exchange(code, headers={}, redirect_uri=REDIRECT, **form(assertion("keyed"))).get_json()
    assert set(tokens) >= {"access_token", "id_token", "refresh_token"}
    refresh = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    assert post(keyed, "/token", form(assertion("keyed", "PS256"), **refresh)).status_code == 200
    revoke = form(assertion("keyed", "RS256"), token=tokens["refresh_token"])
    assert post(keyed, "/revoke", revoke).status_code == 200
    answer = post(keyed, "/token", form(assertion("keyed"), **refresh))
    assert answer.get_json()["error"] == "invalid_grant"


def test_the_assertion_of_authlib_passes(keyed: Provider) -> None:
    """A library that nobody here wrote, told the audience and a life below its hour (docs/relying-party.md)."""
    key = ECKey.import_key(ec_key().as_pem(private=True))
    claims, header = {"exp": int(time.time()) + 60}, {"kid": "ec-1"}
    token = private_key_jwt_sign(key, "keyed", ISSUER, alg="ES256", claims=claims, header=header)
    assert passes(keyed, token, client_id="keyed")
    hour = private_key_jwt_sign(key, "keyed", ISSUER, alg="ES256", header=header)
    assert not passes(keyed, hour, client_id="keyed")


def test_a_pushed_request_is_proved_by_an_assertion_and_keeps_none_of_it(keyed: Provider) -> None:
    asked = authorization(client_id="keyed", redirect_uri=REDIRECT, prompt="none")
    del asked["client_id"]
    answer = post(keyed, "/par", form(assertion("keyed"), **asked))
    assert answer.status_code == 201
    query = {"client_id": "keyed", "request_uri": answer.get_json()["request_uri"]}
    response = keyed.browser().get("/authorize", query_string=query)
    assert answer_of(response)["error"] == "login_required"
    token = assertion("keyed")
    assert post(keyed, "/par", form(token, **asked)).status_code == 201
    assert post(keyed, "/par", form(token, **asked)).status_code == 401


@pytest.mark.parametrize("typ", [..., "JWT", "jwt", "client-authentication+jwt", "application/JWT"])
def test_an_assertion_is_untyped_or_typed_as_one(keyed: Provider, typ: Any) -> None:
    assert passes(keyed, assertion("keyed", header={"typ": typ}))


def test_without_kid_the_one_key_of_the_algorithm_is_meant(keyed: Provider) -> None:
    assert passes(keyed, assertion("keyed", header={"kid": ...}))


def test_headers_that_say_where_keys_are_mean_nothing(keyed: Provider) -> None:
    with far_machine() as elsewhere:
        url = f"http://127.0.0.1:{elsewhere.port}/jwks"
        stranger = stranger_key().as_dict(private=False)
        for header in ({"jku": url}, {"x5u": url}, {"jwk": stranger}, {"x5c": ["AAAA"]}):
            assert passes(keyed, assertion("keyed", header=header))
            assert not passes(keyed, assertion("keyed", key=stranger_key(), header=header))
        assert elsewhere.seen == []


# What does not.


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "keyed-es256"},
        {"iss": ...},
        {"iss": ISSUER},
        {"iss": ["keyed"]},
        {"sub": "keyed-es256"},
        {"sub": ...},
        {"sub": None},
        {"sub": ["keyed"]},
        {"sub": {"keyed": 1}},
        {"sub": "nobody"},
        {"sub": "Keyed"},
        {"sub": "keyed\u200b"},
        {"sub": "\ud800"},
        {"aud": ...},
        {"aud": [ISSUER]},
        {"aud": [ISSUER, "https://other.example"]},
        {"aud": f"{ISSUER}/token"},
        {"aud": f"{ISSUER}/introspect"},
        {"aud": f"{ISSUER}/"},
        {"aud": ISSUER.upper()},
        {"aud": "https://other.example"},
        {"aud": ""},
        {"aud": None},
        {"exp": ...},
        {"exp": None},
        {"exp": 0},
        {"exp": True},
        {"exp": "9999999999"},
        {"exp": [1]},
        {"exp": 1e300},
        {"exp": 10**400},
        {"exp": -1},
        {"exp": int(time.time())},
        {"exp": int(time.time()) + 3600},
        {"iat": int(time.time()) + 3600},
        {"iat": "now"},
        {"iat": None},
        {"nbf": int(time.time()) + 3600},
        {"nbf": False},
        {"jti": ...},
        {"jti": ""},
        {"jti": None},
        {"jti": 12},
        {"jti": ["a"]},
        {"jti": "a" * 513},
        {"jti": "\ud800"},
        {"jti": "\x00"},
        {"jti": "a\nb"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_claims_that_do_not_say_what_they_must_are_refused(keyed: Provider, changes: dict[str, Any]) -> None:
    header = {"alg": "ES256", "kid": "ec-1"}
    token = _by_hand(header, claims_of("keyed", **changes))
    assert not passes(keyed, token)
    assert not passes(keyed, token, client_id="keyed")


def test_the_skew_is_ten_seconds_ahead(keyed: Provider) -> None:
    """facts/security §0.2; a minute between what passes and what does not, for a slow machine."""
    now = int(time.time())
    assert passes(keyed, assertion("keyed", iat=now + 8, nbf=now + 8))
    assert passes(keyed, assertion("keyed", iat=..., exp=now + 300))
    assert not passes(keyed, assertion("keyed", iat=now + 70))
    assert not passes(keyed, assertion("keyed", nbf=now + 70))
    assert not passes(keyed, assertion("keyed", exp=now + 370))


def test_an_assertion_passes_once(keyed: Provider) -> None:
    token = assertion("keyed")
    assert passes(keyed, token)
    assert not passes(keyed, token)
    assert not passes(keyed, token, client_id="keyed")
    assert shown(keyed, token, "/revoke").status_code == 401
    assert not passes(keyed, assertion("keyed", jti=_claims(token)["jti"]))


def test_an_assertion_is_remembered_for_as_long_as_it_could_be_shown(keyed: Provider) -> None:
    ends = int(time.time()) + 240
    assert passes(keyed, assertion("keyed", jti="remembered", exp=ends))
    row = sa.select(ephemeral.c.expires_at).where(
        ephemeral.c.kind == Kind.CLIENT_ASSERTION.value, ephemeral.c.key_hash == hashed("keyed remembered")
    )
    with keyed.database.connect() as connection:
        forgotten = connection.execute(row).scalar_one()
    # To a node whose clock is behind as well.
    assert forgotten.timestamp() >= ends + keyed.settings.clock.skew.total_seconds() - 1


def test_what_is_refused_is_not_used_up(keyed: Provider) -> None:
    jti = "refused-first"
    assert not passes(keyed, assertion("keyed", jti=jti, aud="https://other.example"))
    assert not passes(keyed, assertion("keyed", jti=jti, key=stranger_key()))
    assert passes(keyed, assertion("keyed", jti=jti))


def test_one_client_uses_up_nothing_of_another(keyed: Provider) -> None:
    assert passes(keyed, assertion("keyed", jti="shared"))
    assert passes(keyed, assertion("keyed-es256", jti="shared"))


@pytest.mark.parametrize("alg", ["RS256", "PS256"])
def test_the_registered_algorithm_is_the_only_one(keyed: Provider, alg: str) -> None:
    assert passes(keyed, assertion("keyed-es256"))
    assert not passes(keyed, assertion("keyed-es256", alg))
    assert passes(keyed, assertion("keyed-fapi", "PS256"))
    assert not passes(keyed, assertion("keyed-fapi", "RS256"))


def test_another_client_may_not_be_named_beside_it(keyed: Provider) -> None:
    for named in ("keyed-es256", "nobody", RP):
        assert not passes(keyed, assertion("keyed"), client_id=named)
    # Sent empty is not sent (RFC 6749 §3.2).
    assert passes(keyed, assertion("keyed"), client_id="")


@pytest.mark.parametrize(
    "data",
    [
        {"client_assertion_type": ASSERTION_TYPE},
        {"client_assertion_type": ASSERTION_TYPE, "client_id": "keyed"},
        {"client_assertion_type": ASSERTION_TYPE, "client_assertion": "", "client_id": "keyed"},
        {"client_assertion": "GOOD"},
        {"client_assertion": "GOOD", "client_id": "keyed"},
        {"client_assertion": "GOOD", "client_assertion_type": ""},
        {"client_assertion": "GOOD", "client_assertion_type": "jwt-bearer"},
        {"client_assertion": "GOOD", "client_assertion_type": ASSERTION_TYPE.upper()},
        {"client_assertion": "GOOD", "client_assertion_type": ASSERTION_TYPE + " "},
        {"client_assertion": "GOOD", "client_assertion_type": ASSERTION_TYPE.replace("jwt", "saml2")},
        {"client_id": "keyed"},
        {"client_assertion_type": ASSERTION_TYPE, "client_id": "public"},
    ],
)
def test_a_form_without_both_parts_proves_nobody(keyed: Provider, data: dict[str, str]) -> None:
    sent = {name: value.replace("GOOD", assertion("keyed")) for name, value in data.items()}
    assert post(keyed, "/revoke", {**sent, "token": "x"}).status_code == 401


def test_another_method_beside_it_is_refused(keyed: Provider) -> None:
    both = form(assertion("keyed"), token="x")
    for response in (
        post(keyed, "/introspect", both, basic(RP, SECRETS[RP])),
        post(keyed, "/introspect", {**both, "client_secret": "x" * 40}),
    ):
        assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")


def test_a_client_of_another_method_is_not_proved_by_it(keyed: Provider) -> None:
    with_clients(
        keyed.settings.where.clients_file,
        client_yaml(
            "secret-with-keys",
            client_secret={"sha256": "0" * 64},
            jwks=jwks(),
            request_object_signing_alg="ES256",
        ),
        client_yaml("public-with-keys", token_endpoint_auth_method="none", jwks=jwks()),
    )
    for name in ("secret-with-keys", "public-with-keys"):
        assert not passes(keyed, assertion(name))
    for name in (RP, "public"):
        assert not passes(keyed, assertion(name))
    assert post(keyed, "/introspect", {"token": "x"}, basic("keyed", "x" * 40)).status_code == 401


def test_a_duplicated_part_is_an_invalid_request(keyed: Provider) -> None:
    for name in ("client_assertion", "client_assertion_type"):
        data: dict[str, Any] = {**form(assertion("keyed")), "token": "x"}
        response = post(keyed, "/introspect", {**data, name: [data[name], data[name]]})
        assert (response.status_code, response.get_json()["error"]) == (400, "invalid_request")


def test_a_refused_assertion_is_audited(fresh: Provider) -> None:
    register_keyed(fresh.settings.where.clients_file)
    assert not passes(fresh, assertion("keyed", key=stranger_key()))
    assert audited(fresh) == ["client:authenticate:refused"]


def test_neither_assertion_nor_jti_is_written_in_clear(fresh: Provider) -> None:
    register_keyed(fresh.settings.where.clients_file)
    token = assertion("keyed", jti="a-jti-to-find")
    assert passes(fresh, token)
    written = b"".join(
        path.read_bytes() for path in fresh.settings.where.clients_file.parent.glob("caducee.sqlite*")
    )
    assert b"client_assertion" in written
    assert b"a-jti-to-find" not in written
    assert token.split(".")[2].encode() not in written


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
_CLAIMS = st.dictionaries(
    st.sampled_from(["iss", "sub", "aud", "exp", "iat", "nbf", "jti", "x"]), _JSON, min_size=1, max_size=4
)
_HEADERS = st.dictionaries(
    st.sampled_from(["typ", "kid", "crit", "b64", "zip", "enc", "jwk", "jku", "x5c", "x5u", "cty", "x"]),
    _JSON,
    max_size=3,
)


@settings(
    max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(header=_HEADERS, changes=_CLAIMS)
def test_whatever_a_client_signs_is_an_answer_and_never_an_error_of_ours(
    keyed: Provider, header: dict[str, Any], changes: dict[str, Any]
) -> None:
    """Rightly signed: the reader sees all of it."""
    text = ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "ES256", "kid": "ec-1", **header}, claims_of("keyed", **changes))
    )
    signature = signer_of(ec_key().private_key, "ES256")(text.encode())  # type: ignore[arg-type]
    token = f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"
    for more in ({}, {"client_id": "keyed"}):
        assert shown(keyed, token, **more).status_code in {200, 400, 401}


# Keys behind jwks_uri.


def test_keys_behind_jwks_uri_are_fetched_and_followed(keyed: Provider) -> None:
    with far_machine() as party:
        party.reply = say(json.dumps(jwks(ec_key())).encode())
        uri = f"http://127.0.0.1:{party.port}/jwks"
        with_clients(
            keyed.settings.where.clients_file,
            client_yaml("remote", token_endpoint_auth_method="private_key_jwt", jwks_uri=uri),
        )
        assert passes(keyed, assertion("remote"))
        assert passes(keyed, assertion("remote"))
        assert len(party.seen) == 1
        # An unknown kid asks no more often than every 30 s.
        for _ in range(5):
            assert not passes(keyed, assertion("remote", "PS256"))
        assert len(party.seen) == 1
    assert passes(keyed, assertion("remote")), "kept while its machine is away"


def test_a_client_whose_keys_cannot_be_had_is_refused(keyed: Provider) -> None:
    with_clients(
        keyed.settings.where.clients_file,
        client_yaml(
            "absent", token_endpoint_auth_method="private_key_jwt", jwks_uri="http://127.0.0.1:9/jwks"
        ),
    )
    assert not passes(keyed, assertion("absent"))


def test_a_jwks_uri_inside_is_never_called(app_factory: Callable[..., Provider]) -> None:
    provider = app_factory()
    with far_machine() as inside:
        inside.reply = say(json.dumps(jwks(ec_key())).encode())
        with_clients(
            provider.settings.where.clients_file,
            *(
                client_yaml(
                    f"inside-{scheme}",
                    token_endpoint_auth_method="private_key_jwt",
                    jwks_uri=f"{scheme}://localhost:{inside.port}/jwks",
                )
                for scheme in ("http", "https")
            ),
        )
        assert not passes(provider, assertion("inside-http"))
        assert not passes(provider, assertion("inside-https"))
        assert inside.seen == []


def test_the_method_knows_its_house_values(keyed: Provider) -> None:
    assert keyed.settings.lives.assertion_life.total_seconds() == 300
    assert keyed.settings.clock.ahead.total_seconds() == 10
    assert AssertionAuthentication.__dataclass_fields__.keys() >= {"life", "ahead", "skew"}


def _by_hand(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """Signed rightly, whatever it says: libraries refuse to write some of it."""
    return str(jws.serialize_compact(header, json.dumps(claims), ec_key(), algorithms=["ES256"]))


def _claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found
