"""openid-client (npm) as a relying party: from a secret to FAPI 2.0, each by the library's own public calls."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sandbox.demo.driver import Browser
from tests.limits import within
from tests.third_party.conftest import AFTER_LOGOUT, CALLBACK, SCOPES, SECRET, TlsDemo

HERE = Path(__file__).parent / "openid_client"
NODE = Path(sys.executable).with_name("node")


class Failed(Exception):
    """What the library threw."""


@dataclass
class RelyingParty:
    process: "subprocess.Popen[str]"

    def __call__(self, deed: str, **given: Any) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"deed": deed, **given}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the relying party died; its last words are above"
        answer: dict[str, Any] = json.loads(line)
        if "failed" in answer:
            raise Failed(json.dumps(answer["failed"]))
        return dict(answer["done"])


@pytest.fixture
def party_of(tls_demo: TlsDemo) -> Iterator[Callable[..., RelyingParty]]:
    """`party_of(client_id, auth_method, …)`: a Node process with a key of its own."""
    assert (HERE / "node_modules").is_dir(), "`make test` installs what stands in package-lock.json"
    started: list[subprocess.Popen[str]] = []

    def start(client_id: str, auth_method: str, **wish: Any) -> RelyingParty:
        told = {
            "issuer": tls_demo.issuer,
            "client_id": client_id,
            "client_secret": SECRET,
            "auth_method": auth_method,
            "redirect_uri": CALLBACK,
            "scope": SCOPES,
            **wish,
        }
        process = subprocess.Popen(
            [NODE, "relying_party.mjs", json.dumps(told)],
            cwd=HERE,
            env={"PATH": os.environ["PATH"], "NODE_EXTRA_CA_CERTS": tls_demo.ca_bundle},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return RelyingParty(process)

    yield start
    for process in started:
        process.communicate(timeout=within(20))


def yaml_of(*jwks: dict[str, Any]) -> str:
    """What of a key is registered; JSON is YAML."""
    members = ("kty", "crv", "x", "y", "n", "e", "kid", "use", "alg")
    kept = [{name: jwk[name] for name in members if name in jwk} for jwk in jwks]
    return json.dumps({"keys": kept})


def sign_in(tls_demo: TlsDemo, browser: Browser, party: RelyingParty) -> dict[str, Any]:
    return party("finish", url=tls_demo.visit(browser, party("begin")["url"]))


def whole_journey(tls_demo: TlsDemo, browser: Browser, party: RelyingParty, token_type: str) -> None:
    """Code flow, userinfo, introspection, refresh, revocation, logout."""
    done = sign_in(tls_demo, browser, party)
    assert done["userinfo"]["sub"] == done["claims"]["sub"]
    assert done["userinfo"]["rpps"] == tls_demo.person["login"]
    assert done["tokens"]["token_type"] == token_type
    described = party("introspect")
    assert (described["active"], described["token_type"].lower()) == (True, token_type)
    renewed = party("refresh")
    assert renewed["userinfo"]["sub"] == done["claims"]["sub"]
    assert renewed["tokens"]["access_token"] != done["tokens"]["access_token"]
    party("revoke")
    assert party("introspect") == {"active": False}
    logout = party("logout", parameters={"post_logout_redirect_uri": AFTER_LOGOUT, "state": "bye"})
    assert tls_demo.visit(browser, logout["url"]) == f"{AFTER_LOGOUT}?state=bye"
    with pytest.raises(Failed, match="invalid_grant"):
        party("refresh")


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_client_with_a_secret(
    tls_demo: TlsDemo, browser: Browser, party_of: Callable[..., RelyingParty], method: str
) -> None:
    tls_demo.add_client(f"of-node-{method}", token_endpoint_auth_method=method)
    party = party_of(f"of-node-{method}", method)
    party("discover")
    whole_journey(tls_demo, browser, party, "bearer")


def test_pushed_requests_and_signed_answers(
    tls_demo: TlsDemo, browser: Browser, party_of: Callable[..., RelyingParty]
) -> None:
    tls_demo.add_client(
        "of-node-par",
        require_pushed_authorization_requests="true",
        authorization_signed_response_alg="ES256",
        id_token_signed_response_alg="ES256",
    )
    metadata = {"authorization_signed_response_alg": "ES256", "id_token_signed_response_alg": "ES256"}
    party = party_of("of-node-par", "client_secret_basic", par=True, jarm=True, metadata=metadata)
    party("discover")
    whole_journey(tls_demo, browser, party, "bearer")


def test_signed_requests(tls_demo: TlsDemo, browser: Browser, party_of: Callable[..., RelyingParty]) -> None:
    party = party_of("of-node-jar", "client_secret_basic", jar=True)
    tls_demo.add_client(
        "of-node-jar",
        jwks=yaml_of(party("key")),
        request_object_signing_alg="ES256",
        require_signed_request_object="true",
    )
    party("discover")
    whole_journey(tls_demo, browser, party, "bearer")


def test_tokens_bound_to_a_key(
    tls_demo: TlsDemo, browser: Browser, party_of: Callable[..., RelyingParty]
) -> None:
    """DPoP with our nonces, at /par, /token and /userinfo."""
    tls_demo.add_client(
        "of-node-dpop", dpop_bound_access_tokens="true", require_pushed_authorization_requests="true"
    )
    party = party_of("of-node-dpop", "client_secret_basic", par=True, dpop=True)
    party("discover")
    whole_journey(tls_demo, browser, party, "dpop")


def test_a_public_client_with_a_key(
    tls_demo: TlsDemo, browser: Browser, party_of: Callable[..., RelyingParty]
) -> None:
    tls_demo.add_client("of-node-public", token_endpoint_auth_method="none")
    party = party_of("of-node-public", "none", dpop=True)
    party("discover")
    done = sign_in(tls_demo, browser, party)
    assert done["tokens"]["token_type"] == "dpop"
    for _ in range(2):
        renewed = party("refresh")
        assert renewed["userinfo"]["sub"] == done["claims"]["sub"]


def test_a_client_with_a_key_instead_of_a_secret(
    tls_demo: TlsDemo, browser: Browser, party_of: Callable[..., RelyingParty]
) -> None:
    """private_key_jwt at /token, /introspect and /revoke: the library's own audience is the issuer."""
    party = party_of("of-node-key", "private_key_jwt")
    tls_demo.add_client(
        "of-node-key", token_endpoint_auth_method="private_key_jwt", jwks=yaml_of(party("key"))
    )
    party("discover")
    whole_journey(tls_demo, browser, party, "bearer")


def test_id_tokens_that_only_it_can_read_and_signed_userinfo(
    tls_demo: TlsDemo, browser: Browser, party_of: Callable[..., RelyingParty]
) -> None:
    metadata = {"userinfo_signed_response_alg": "ES256"}
    party = party_of("of-node-encrypted", "client_secret_basic", encrypted="A256GCM", metadata=metadata)
    tls_demo.add_client(
        "of-node-encrypted",
        jwks=yaml_of(party("key"), party("encryption_key")),
        id_token_encrypted_response_alg="RSA-OAEP-256",
        id_token_encrypted_response_enc="A256GCM",
        **metadata,
    )
    party("discover")
    done = sign_in(tls_demo, browser, party)
    assert done["tokens"]["id_token"].count(".") == 4
    assert done["userinfo"]["sub"] == done["claims"]["sub"]
    renewed = party("refresh")
    assert renewed["tokens"]["id_token"].count(".") == 4
    assert renewed["userinfo"]["sub"] == done["claims"]["sub"]


def test_fapi_2_with_signed_requests_and_answers(
    tls_demo: TlsDemo, browser: Browser, party_of: Callable[..., RelyingParty]
) -> None:
    """Security Profile and Message Signing: private_key_jwt, PAR, JAR, JARM, DPoP, all at once."""
    algs = {"id_token_signed_response_alg": "ES256", "authorization_signed_response_alg": "ES256"}
    party = party_of(
        "of-node-fapi", "private_key_jwt", par=True, jar=True, jarm=True, dpop=True, metadata=algs
    )
    tls_demo.add_client(
        "of-node-fapi",
        profile="fapi2",
        token_endpoint_auth_method="private_key_jwt",
        token_endpoint_auth_signing_alg="ES256",
        jwks=yaml_of(party("key")),
        require_pushed_authorization_requests="true",
        request_object_signing_alg="ES256",
        require_signed_request_object="true",
        dpop_bound_access_tokens="true",
        **algs,
    )
    party("discover")
    whole_journey(tls_demo, browser, party, "dpop")
