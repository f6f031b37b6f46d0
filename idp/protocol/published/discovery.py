"""Contains discovery: what works, and nothing else (Discovery §3; facts/security JW1, JW2).

Not here: keys, how it is sent (`documents`).
"""

from collections.abc import Sequence
from typing import Any

from idp.clients.members import (
    CLIENT_SIGNING_ALGS,
    CONTENT_ENCRYPTION_ALGS,
    GRANT_TYPES,
    KEY_ENCRYPTION_ALGS,
    SIGNING_ALGS,
)
from idp.clients.scopes import CLAIMS_OF_SCOPE, claims_of
from idp.interaction.authenticator import Acr
from idp.protocol.authorization.authorization_response import RESPONSE_MODES

_AUTH_METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt", "none")
_TOKEN_CLAIMS = ("iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "at_hash", "sid")
#: Only where Pro Santé Connect is configured.
_PSC_SCOPES, _PSC_TOKEN_CLAIMS = ("psc", "professional_context"), ("idp", "upstream_acr", "psc_auth_mode")


#: RFC 8705 §5: the endpoints where the proxy asks a client for its certificate.
_MTLS_ENDPOINTS = (
    "token_endpoint",
    "userinfo_endpoint",
    "pushed_authorization_request_endpoint",
    "revocation_endpoint",
    "introspection_endpoint",
)


def mtls_members(document: dict[str, Any], mtls_origin: str) -> dict[str, Any]:
    """Returns what discovery says about TLS client certificates: nothing where none is asked for."""
    if not mtls_origin:
        return {}
    issuer = document["issuer"]
    return {
        "tls_client_certificate_bound_access_tokens": True,
        "mtls_endpoint_aliases": {
            name: mtls_origin + document[name].removeprefix(issuer) for name in _MTLS_ENDPOINTS
        },
    }


def discovery_document(
    issuer: str, acrs: Sequence[Acr], *, locales: Sequence[str], tls_methods: Sequence[str] = ()
) -> dict[str, Any]:
    """Returns the document. `acrs`: what the open doors earn. `locales`: languages of the pages. `tls_methods`: client
    authentication by certificate."""
    methods = (*_AUTH_METHODS, *tls_methods)
    has_psc = Acr.PSC in acrs
    scopes = [scope for scope in CLAIMS_OF_SCOPE if has_psc or scope not in _PSC_SCOPES]
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/jwks",
        "pushed_authorization_request_endpoint": f"{issuer}/par",
        "revocation_endpoint": f"{issuer}/revoke",
        "revocation_endpoint_auth_methods_supported": list(methods),
        "revocation_endpoint_auth_signing_alg_values_supported": list(CLIENT_SIGNING_ALGS),
        "introspection_endpoint": f"{issuer}/introspect",
        "introspection_endpoint_auth_methods_supported": [name for name in methods if name != "none"],
        "introspection_endpoint_auth_signing_alg_values_supported": list(CLIENT_SIGNING_ALGS),
        "end_session_endpoint": f"{issuer}/end_session",
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "scopes_supported": scopes,
        "response_types_supported": ["code"],
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": list(GRANT_TYPES),
        "acr_values_supported": [str(acr) for acr in acrs],
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": list(SIGNING_ALGS),
        "id_token_encryption_alg_values_supported": list(KEY_ENCRYPTION_ALGS),
        "id_token_encryption_enc_values_supported": list(CONTENT_ENCRYPTION_ALGS),
        "userinfo_signing_alg_values_supported": list(SIGNING_ALGS),
        "authorization_signing_alg_values_supported": list(SIGNING_ALGS),
        "token_endpoint_auth_methods_supported": list(methods),
        "token_endpoint_auth_signing_alg_values_supported": list(CLIENT_SIGNING_ALGS),
        "dpop_signing_alg_values_supported": list(CLIENT_SIGNING_ALGS),
        "code_challenge_methods_supported": ["S256"],
        "claim_types_supported": ["normal"],
        "claims_supported": [*claims_of(scopes), *_TOKEN_CLAIMS, *(_PSC_TOKEN_CLAIMS if has_psc else ())],
        "ui_locales_supported": list(locales),
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "claims_parameter_supported": True,
        "request_parameter_supported": True,
        "request_object_signing_alg_values_supported": list(CLIENT_SIGNING_ALGS),
        # facts/security AZ10: stated, as an absent member means true (Discovery §3).
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
    }
