"""oidcc-config-certification-test-plan: the discovery document (OpenID Connect Discovery §3 and §4, RFC 8414 §2)."""

import re
from urllib.parse import urlsplit

from tests.conformance.suite import Suite
from tests.conformance.tokens import check_key_set

#: RFC 6749 §3.3: scope-token. RFC 5646 §2.1, and its recommended case.
SCOPE_TOKEN = r"[\x21\x23-\x5b\x5d-\x7e]+"
LANGUAGE_TAG = r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?"


def test_oidcc_discovery_endpoint_verification(suite: Suite) -> None:
    answer = suite.call("GET", suite.told["discovery"])
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].split(";")[0] == "application/json"
    document = answer.json()

    issuer = urlsplit(document["issuer"])
    assert suite.told["discovery"] == f"{document['issuer']}/.well-known/openid-configuration"
    assert (issuer.scheme, issuer.query, issuer.fragment) == ("https", "", "")

    assert "code" in document["response_types_supported"]
    assert set(document["subject_types_supported"]) <= {"public", "pairwise"}
    assert document["subject_types_supported"]
    assert "RS256" in document["id_token_signing_alg_values_supported"]
    assert isinstance(document.get("userinfo_signing_alg_values_supported", []), list)
    assert "authorization_code" in document["grant_types_supported"]
    assert "openid" in document["scopes_supported"]
    assert all(re.fullmatch(SCOPE_TOKEN, scope) for scope in document["scopes_supported"])
    for name in ("ui_locales_supported", "claims_locales_supported"):
        assert all(re.fullmatch(LANGUAGE_TAG, tag) for tag in document.get(name, []))
    assert {"sub", "iss", "name", "email"} <= set(document["claims_supported"])
    assert "S256" in document["code_challenge_methods_supported"]
    for name in ("request_parameter_supported", "request_uri_parameter_supported"):
        # Discovery §3: absent, the second one means true.
        assert isinstance(document[name], bool)
    assert isinstance(document["claims_parameter_supported"], bool)
    # With request objects, RS256 among their algorithms (Core §6.1).
    assert "RS256" in document.get("request_object_signing_alg_values_supported", ["RS256"])

    for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"):
        assert name in document
    addresses = {name: value for name, value in document.items() if name.endswith(("_endpoint", "_uri"))}
    assert all(urlsplit(address).scheme == "https" for address in addresses.values()), addresses

    keys = suite.call("GET", document["jwks_uri"])
    assert keys.status_code == 200
    check_key_set(keys.json())
