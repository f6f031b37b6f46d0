"""Discovery and JWKS list what works, and nothing else."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
import sqlalchemy as sa

from idp.adapters.sql.database import writing
from idp.adapters.sql.schema import SCHEMA_REVISION
from idp.interaction.authenticator import Acr
from tests.protocol.keyed import assertion, form, register_keyed
from tests.protocol.policed import PolicedParty
from tests.protocol.proofs import P256, RSA2048, DpopKey
from tests.protocol.tokens.test_encrypted_tokens import PAIRS, USERINFO_ALGS
from tests.provider import ISSUER, RP, SECRETS, Browser, Provider, basic


@pytest.fixture(scope="module")
def metadata(provider: Provider) -> dict[str, Any]:
    found: dict[str, Any] = provider.browser().get("/.well-known/openid-configuration").get_json()
    return found


def test_the_issuer_is_configuration_and_never_the_host_header(provider: Provider) -> None:
    response = provider.browser().client.get(
        "/.well-known/openid-configuration",
        base_url="http://evil.example",
        headers={"X-Forwarded-Host": "evil"},
    )
    assert response.get_json()["issuer"] == ISSUER
    assert "evil" not in response.text


def test_every_endpoint_listed_answers(browser: Browser, metadata: dict[str, Any]) -> None:
    endpoints = {name: url for name, url in metadata.items() if name.endswith(("_endpoint", "_uri"))}
    assert len(endpoints) == 8
    for url in endpoints.values():
        assert url.startswith(ISSUER)
        assert browser.get(url.removeprefix(ISSUER)).status_code not in {404, 500}


def test_what_is_refused_is_not_listed(metadata: dict[str, Any]) -> None:
    assert metadata["response_types_supported"] == ["code"]
    assert metadata["response_modes_supported"] == ["query", "form_post", "jwt", "query.jwt", "form_post.jwt"]
    assert metadata["grant_types_supported"] == ["authorization_code", "refresh_token"]
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["request_uri_parameter_supported"] is False
    assert metadata["claims_parameter_supported"] is True
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert "registration_endpoint" not in metadata
    # Session management is left out; tests of this room and journeys prove the two channels.
    assert "check_session_iframe" not in metadata
    for channel in ("backchannel", "frontchannel"):
        assert metadata[f"{channel}_logout_supported"] is True
        assert metadata[f"{channel}_logout_session_supported"] is True
    assert "none" not in metadata["id_token_signing_alg_values_supported"]
    assert not any("eidas" in acr for acr in metadata["acr_values_supported"])


#: A request of a client of each method, to any endpoint that asks who calls.
_PROOFS: dict[str, Callable[[], dict[str, Any]]] = {
    "client_secret_basic": lambda: {"headers": basic(RP, SECRETS[RP])},
    "client_secret_post": lambda: {"data": {"client_id": "poster", "client_secret": SECRETS["poster"]}},
    "private_key_jwt": lambda: {"data": form(assertion("keyed"))},
    "none": lambda: {"data": {"client_id": "public"}},
}


@pytest.fixture(scope="module")
def keyed(app_factory: Callable[..., Provider]) -> Provider:
    provider = app_factory()
    register_keyed(provider.settings.where.clients_file)
    return provider


@pytest.mark.parametrize("endpoint", ["token", "revocation", "introspection"])
def test_every_authentication_method_listed_has_a_client_that_uses_it_and_no_other_passes(
    keyed: Provider, metadata: dict[str, Any], endpoint: str
) -> None:
    listed = metadata[f"{endpoint}_endpoint_auth_methods_supported"]
    assert set(listed) <= _PROOFS.keys()
    passing = {name for name, proof in _PROOFS.items() if _is_known(keyed, metadata, endpoint, proof())}
    assert passing == set(listed)


@pytest.mark.parametrize("endpoint", ["token", "revocation", "introspection"])
def test_every_algorithm_listed_for_assertions_proves_a_client(
    keyed: Provider, metadata: dict[str, Any], endpoint: str
) -> None:
    listed = metadata[f"{endpoint}_endpoint_auth_signing_alg_values_supported"]
    assert listed == ["RS256", "PS256", "ES256"]
    for alg in listed:
        assert _is_known(keyed, metadata, endpoint, {"data": form(assertion("keyed", alg))})
    assert not _is_known(keyed, metadata, endpoint, {"data": form(assertion("keyed", "RS512"))})


def _is_known(provider: Provider, metadata: dict[str, Any], endpoint: str, options: dict[str, Any]) -> bool:
    """Who calls is asked before what they want."""
    path = metadata[f"{endpoint}_endpoint"].removeprefix(ISSUER)
    sent = {**options, "data": {"token": "x", **options.get("data", {})}}
    response = provider.browser().post(path, **sent)
    assert response.status_code in {200, 400, 401}
    return response.status_code != 401 and "unauthorized_client" not in response.text


def test_every_encryption_listed_is_one_that_a_test_decrypts(metadata: dict[str, Any]) -> None:
    """`test_encrypted_tokens.py`, by a library of others."""
    algs = metadata["id_token_encryption_alg_values_supported"]
    encs = metadata["id_token_encryption_enc_values_supported"]
    assert [(alg, enc) for alg in algs for enc in encs] == PAIRS
    assert metadata["userinfo_signing_alg_values_supported"] == list(USERINFO_ALGS)
    assert "userinfo_encryption_alg_values_supported" not in metadata


def test_every_algorithm_listed_for_dpop_proofs_is_served(
    provider: Provider, metadata: dict[str, Any]
) -> None:
    assert metadata["dpop_signing_alg_values_supported"] == ["RS256", "PS256", "ES256"]
    for alg in metadata["dpop_signing_alg_values_supported"]:
        key = DpopKey(P256 if alg == "ES256" else RSA2048, alg)
        asked = provider.exchange("x", headers={**basic(RP, SECRETS[RP]), "DPoP": key.proof()})
        assert asked.get_json()["error"] == "use_dpop_nonce"
        nonce = asked.headers["DPoP-Nonce"]
        shown = provider.exchange("x", headers={**basic(RP, SECRETS[RP]), "DPoP": key.proof(nonce)})
        # The proof is good: what is wrong is the code.
        assert shown.get_json()["error"] == "invalid_grant"


def test_of_tls_client_certificates_nothing_is_said_where_nobody_asks_for_them(
    metadata: dict[str, Any],
) -> None:
    assert not [name for name in metadata if "tls" in name]
    assert not [method for method in metadata["token_endpoint_auth_methods_supported"] if "tls" in method]


def test_every_listed_claim_and_scope_is_given(provider: Provider, metadata: dict[str, Any]) -> None:
    asked = "openid profile email address professional offline_access"
    party = PolicedParty(provider)
    party.govern(scopes=asked.split())
    tokens = party.tokens(scope=asked)
    id_token = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    given = set(id_token) | set(provider.userinfo(tokens["access_token"]).get_json())
    assert given == set(metadata["claims_supported"])
    assert tokens["scope"].split() == metadata["scopes_supported"] == asked.split()
    # `test_passkey.py` proves the other one.
    assert metadata["acr_values_supported"] == [id_token["acr"], "urn:caducee:acr:passkey"]


def test_what_only_a_card_or_pro_sante_connect_gives_is_listed_where_they_are_connected(
    app_factory: Callable[..., Provider], every_door: dict[str, Any], metadata: dict[str, Any]
) -> None:
    """`test_psc_scopes.py` and `test_psc_identity.py` prove that it is given."""

    def found(**changes: Any) -> dict[str, Any]:
        house = app_factory(**every_door, **changes)
        return dict(house.browser().get("/.well-known/openid-configuration").get_json())

    everything = found()
    more = {name: set(everything[name]) - set(metadata[name]) for name in everything if name in metadata
            if isinstance(everything[name], list)}  # fmt: skip
    assert {name: values for name, values in more.items() if values} == {
        "acr_values_supported": {"urn:caducee:acr:cps", "urn:caducee:acr:psc"},
        "scopes_supported": {"psc", "professional_context"},
        "claims_supported": {
            *("idp", "upstream_acr", "psc_auth_mode"),
            *("SubjectRefPro", "SubjectRole", "otherIds", "professional_context"),
        },
    }
    assert found(password_door=False)["acr_values_supported"] == [
        "urn:caducee:acr:passkey",
        "urn:caducee:acr:cps",
        "urn:caducee:acr:psc",
    ]
    bypass = found(card_revocation_bypass_until=datetime.now(UTC))["acr_values_supported"]
    assert set(bypass) == {str(acr) for acr in Acr}


def test_the_key_set_is_public_and_readable_from_any_page(browser: Browser) -> None:
    response = browser.get("/jwks")
    assert {key["alg"] for key in response.get_json()["keys"]} == {"RS256", "ES256"}
    assert not any(set(key) & {"d", "p", "q", "dp", "dq", "qi", "k"} for key in response.get_json()["keys"])
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "max-age" in response.headers["Cache-Control"]


def test_whether_it_lives_is_asked_each_time(browser: Browser) -> None:
    answer = browser.get("/health/live")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_health_says_ready_and_no_more(browser: Browser) -> None:
    assert browser.get("/health/live").get_json() == {"status": "alive"}
    assert browser.get("/health/ready").get_json() == {"status": "ready"}


def test_a_bad_clients_file_degrades_and_does_not_stop(fresh: Provider) -> None:
    fresh.settings.where.clients_file.write_text("clients: [")
    browser = fresh.browser()
    assert fresh.health() == "degraded"
    assert browser.authorize().status_code == 303


@pytest.mark.parametrize(
    ("revision", "oldest_code", "status", "said"),
    [
        ("0001", "0001", 503, "unavailable"),
        ("9999", SCHEMA_REVISION, 200, "ready"),
        ("9999", "9999", 503, "unavailable"),
        ("of something else", "0001", 503, "unavailable"),
    ],
)
def test_a_node_is_ready_only_on_a_schema_that_serves_its_code(
    fresh: Provider, revision: str, oldest_code: str, status: int, said: str
) -> None:
    browser = fresh.browser()
    assert browser.get("/health/ready").status_code == 200
    with writing(fresh.database) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :it"), {"it": revision})
        connection.execute(sa.text("UPDATE schema_support SET oldest_code = :it"), {"it": oldest_code})
    answer = browser.get("/health/ready")
    assert (answer.status_code, answer.get_json()) == (status, {"status": said})
