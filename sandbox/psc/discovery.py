"""The discovery document of the BAS (facts/psc §1.1), with our hosts: data and one view."""

from typing import Any

from flask import Response, jsonify

from sandbox.psc.authorization import SCOPES
from sandbox.psc.simulator import Simulator

# As published, with members that this Keycloak build supports and PSC does not allow (facts/psc §1.1).
_SIGNING_ALGS = [
    "PS384",
    "RS384",
    "EdDSA",
    "ES384",
    "HS256",
    "HS512",
    "ES256",
    "RS256",
    "HS384",
    "ES512",
    "PS256",
    "PS512",
    "RS512",
]
_ENDPOINTS = {
    "token_endpoint": "/protocol/openid-connect/token",
    "introspection_endpoint": "/protocol/openid-connect/token/introspect",
    "userinfo_endpoint": "/protocol/openid-connect/userinfo",
    "end_session_endpoint": "/protocol/openid-connect/logout",
    "jwks_uri": "/protocol/openid-connect/certs",
    "check_session_iframe": "/protocol/openid-connect/login-status-iframe.html",
    "registration_endpoint": "/clients-registrations/openid-connect",
    "revocation_endpoint": "/protocol/openid-connect/revoke",
    "device_authorization_endpoint": "/protocol/openid-connect/auth/device",
    "backchannel_authentication_endpoint": "/protocol/openid-connect/ext/ciba/auth",
    "pushed_authorization_request_endpoint": "/protocol/openid-connect/ext/par/request",
}
_CAPABILITIES: dict[str, Any] = {
    "grant_types_supported": [
        "authorization_code",
        "implicit",
        "refresh_token",
        "password",
        "client_credentials",
        "urn:openid:params:grant-type:ciba",
        "urn:ietf:params:oauth:grant-type:device_code",
    ],
    "response_types_supported": [
        "code",
        "none",
        "id_token",
        "token",
        "id_token token",
        "code id_token",
        "code token",
        "code id_token token",
    ],
    "response_modes_supported": [
        "query",
        "fragment",
        "form_post",
        "query.jwt",
        "fragment.jwt",
        "form_post.jwt",
        "jwt",
    ],
    "subject_types_supported": ["public", "pairwise"],
    "acr_values_supported": ["0", "0"],
    "id_token_signing_alg_values_supported": _SIGNING_ALGS,
    "userinfo_signing_alg_values_supported": [*_SIGNING_ALGS, "none"],
    "id_token_encryption_alg_values_supported": ["RSA-OAEP", "RSA-OAEP-256", "RSA1_5"],
    "token_endpoint_auth_methods_supported": [
        "private_key_jwt",
        "client_secret_basic",
        "client_secret_post",
        "tls_client_auth",
        "client_secret_jwt",
    ],
    "code_challenge_methods_supported": ["plain", "S256"],
    "scopes_supported": SCOPES,
    "claims_supported": [
        "aud",
        "sub",
        "iss",
        "auth_time",
        "name",
        "given_name",
        "family_name",
        "preferred_username",
        "email",
        "acr",
    ],
    "claims_parameter_supported": True,
    "request_parameter_supported": True,
    "request_uri_parameter_supported": True,
    "require_request_uri_registration": True,
    "tls_client_certificate_bound_access_tokens": True,
    "backchannel_token_delivery_modes_supported": ["poll", "ping"],
    "frontchannel_logout_supported": True,
    "frontchannel_logout_session_supported": True,
    "backchannel_logout_supported": True,
    "backchannel_logout_session_supported": True,
    "authorization_response_iss_parameter_supported": True,
}
# The mTLS aliases have the same URLs as the ordinary endpoints (facts/psc §1.1).
_MTLS_ALIASES = (
    "token_endpoint",
    "introspection_endpoint",
    "userinfo_endpoint",
    "revocation_endpoint",
    "device_authorization_endpoint",
    "pushed_authorization_request_endpoint",
    "backchannel_authentication_endpoint",
    "registration_endpoint",
)


#: By value of the switch `discovery_document`: the members that are wrong, `...` for one that is missing.
_WRONG: dict[str, dict[str, Any]] = {
    "correct": {},
    "another_issuer": {"issuer": "https://another.example/auth/realms/esante-wallet"},
    "no_token_endpoint": {"token_endpoint": ...},
    "http_endpoint": {"userinfo_endpoint": "http://another.example/userinfo"},
}


def discovery(simulator: Simulator) -> Response:
    wrong = simulator.switches.discovery_document
    if wrong == "array":
        return jsonify([])
    document = {**_document(simulator), **_WRONG[wrong]}
    return jsonify({name: value for name, value in document.items() if value is not ...})


def _document(simulator: Simulator) -> dict[str, Any]:
    endpoints = {name: simulator.issuer + path for name, path in _ENDPOINTS.items()}
    return {
        "issuer": simulator.issuer,
        "authorization_endpoint": f"{simulator.wallet_origin}/auth",
        **endpoints,
        **_CAPABILITIES,
        "require_pushed_authorization_requests": simulator.switches.par_required,
        "mtls_endpoint_aliases": {name: endpoints[name] for name in _MTLS_ALIASES},
    }
