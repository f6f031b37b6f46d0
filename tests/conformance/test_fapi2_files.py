"""What the configurations of the FAPI 2.0 plans hold for their clients: keys, certificates, the protected resource."""

import stat
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from sandbox.demo.fapi_keys import fapi_keys
from sandbox.demo.places import Places
from tests.conformance.suite import Suite
from tests.conformance.suite_configuration import SuiteConfiguration, configurations

BY_DPOP = ["fapi2-security-profile-final-dpop", "fapi2-message-signing-final"]
BY_CERTIFICATE = ["fapi2-security-profile-final-mtls-bound", "fapi2-security-profile-final-mtls"]
FAPI = [*BY_DPOP, *BY_CERTIFICATE]


@pytest.fixture
def written(suite: Suite) -> dict[str, SuiteConfiguration]:
    return configurations(suite)


@pytest.mark.parametrize("name", FAPI)
def test_two_clients_of_fapi_2_have_a_key_each(written: dict[str, SuiteConfiguration], name: str) -> None:
    content = written[name].content
    keys = []
    for role in ("client", "client2"):
        assert "openid" in content[role]["scope"].split()
        (key,) = content[role]["jwks"]["keys"]
        # With another algorithm the modules about RS256 are skipped.
        assert (key["kty"], key["alg"], key["use"]) == ("RSA", "PS256", "sig")
        assert {"kid", "n", "e", "d"} <= set(key)
        keys.append((key["kid"], key["n"]))
    assert content["client"]["client_id"] != content["client2"]["client_id"]
    assert len(set(chain.from_iterable(keys))) == 4


def test_every_client_of_fapi_2_is_registered_in_public(
    written: dict[str, SuiteConfiguration], suite: Suite
) -> None:
    registered = (suite.demo.state / "clients.yaml").read_text("utf-8")
    for name, role in ((name, role) for name in FAPI for role in ("client", "client2")):
        client = written[name].content[role]
        assert registered.count(f"client_id: {client['client_id']}\n") == 1
        assert client["jwks"]["keys"][0]["d"] not in registered


@pytest.mark.parametrize("name", BY_CERTIFICATE)
def test_the_plans_with_certificates_have_them_and_their_authority(
    written: dict[str, SuiteConfiguration], name: str
) -> None:
    content = written[name].content
    subjects = []
    for role in ("mtls", "mtls2"):
        certificate = x509.load_pem_x509_certificate(content[role]["cert"].encode())
        authority = x509.load_pem_x509_certificate(content[role]["ca"].encode())
        key = load_pem_private_key(content[role]["key"].encode(), None)
        certificate.verify_directly_issued_by(authority)
        # The suite reads PKCS#8, and the keys of certificates as RSA.
        assert content[role]["key"].startswith("-----BEGIN PRIVATE KEY-----")
        assert isinstance(key, RSAPrivateKey)
        assert certificate.public_key() == key.public_key()
        subjects.append(certificate.subject)
    assert subjects[0] != subjects[1]
    assert written[name].told["needs_nginx"] is True


@pytest.mark.parametrize("name", BY_DPOP)
def test_the_other_plans_need_neither_certificates_nor_nginx(
    written: dict[str, SuiteConfiguration], name: str
) -> None:
    assert not {"mtls", "mtls2"} & set(written[name].content)
    assert written[name].told["needs_nginx"] is False


def test_the_protected_resource_is_where_the_clients_can_show_what_they_have(
    written: dict[str, SuiteConfiguration], suite: Suite
) -> None:
    metadata = suite.metadata()
    aliases = metadata["mtls_endpoint_aliases"]
    for name in BY_DPOP:
        assert written[name].content["resource"] == {"resourceUrl": metadata["userinfo_endpoint"]}
    for name in BY_CERTIFICATE:
        assert written[name].content["resource"] == {"resourceUrl": aliases["userinfo_endpoint"]}
    assert aliases["userinfo_endpoint"].startswith(f"{suite.told['nginx']['origin']}/")


def test_keys_and_certificates_are_made_once_and_kept_for_their_owner(tmp_path: Path) -> None:
    places, now = Places(tmp_path), datetime.now(UTC)
    made = fapi_keys(places, now)
    assert fapi_keys(places, now + timedelta(days=400)) == made
    assert stat.S_IMODE(places.secret_file("conformance-fapi").stat().st_mode) == 0o600


def test_nginx_is_told_its_secret_in_a_file_for_its_owner_alone(suite: Suite) -> None:
    places = Places(suite.demo.state)
    assert stat.S_IMODE(places.nginx.stat().st_mode) == 0o600
    assert places.secret("proxy-secret") not in suite.told["nginx"]["command"]
