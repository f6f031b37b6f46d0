"""The members of a client in clients.yaml.

Contains each member, its reader and its default. Names are those of the OAuth registries (RFC 7591 §2 and its
extensions) wherever there is one. Not here: which values fit together (`clients/rules`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from idp.clients.name_values import distinguished_name, host_name, ip_address_text, mail_address, sector_host
from idp.clients.origins import web_origins
from idp.clients.reader import Reader, flag, list_of
from idp.clients.redirects import answer_uris
from idp.clients.scopes import ID_TOKEN_CLAIMS
from idp.clients.secret_values import one_secret, two_secrets
from idp.clients.values import (
    acr_by_name,
    charter_names,
    claim_names,
    client_id,
    exact_uri,
    idp_hint,
    key_set,
    logo,
    many_of,
    one_of,
    scope_names,
    seconds,
    short_text,
    some_of,
)
from idp.interaction.authenticator import DOORS, Acr

GRANT_TYPES = ("authorization_code", "refresh_token")
SECRET_METHODS = ("client_secret_basic", "client_secret_post")
#: RFC 8705 §2: proved by a certificate authority, or by the certificate itself.
TLS_METHODS = ("tls_client_auth", "self_signed_tls_client_auth")
AUTH_METHODS = (*SECRET_METHODS, "private_key_jwt", *TLS_METHODS, "none")
#: Algorithms with which we sign.
SIGNING_ALGS = ("RS256", "ES256")
#: Algorithms with which clients sign: assertions, request objects, DPoP proofs.
CLIENT_SIGNING_ALGS = ("RS256", "PS256", "ES256")
#: Those of them that a client of profile fapi2 may use (FAPI 2.0 Security Profile §5.4.1).
FAPI_SIGNING_ALGS = ("PS256", "ES256")
KEY_ENCRYPTION_ALGS = ("RSA-OAEP", "RSA-OAEP-256", "ECDH-ES", "ECDH-ES+A256KW")
CONTENT_ENCRYPTION_ALGS = ("A128CBC-HS256", "A256CBC-HS512", "A128GCM", "A256GCM")

#: The bounds of the lifetimes that a client may choose, in seconds.
_TOKEN_LIFE = (30, 15 * 60)
_REFRESH_IDLE = (60, 30 * 60)
_REFRESH_GRACE = (0, 60)


@dataclass(frozen=True, slots=True)
class Member:
    """`field`: its name in `Client`. `default`: `...` for a required member."""

    field: str
    read: Reader[Any]
    default: Any = None


#: RFC 8705 §2.1.2: one of these names the certificate of `tls_client_auth`. Value: how it is compared.
TLS_SUBJECTS: Mapping[str, Reader[str]] = {
    "tls_client_auth_subject_dn": distinguished_name,
    "tls_client_auth_san_dns": host_name,
    "tls_client_auth_san_uri": exact_uri,
    "tls_client_auth_san_ip": ip_address_text,
    "tls_client_auth_san_email": mail_address,
}

#: Every member a client may have.
MEMBERS: Mapping[str, Member] = {
    "client_id": Member("client_id", client_id, ...),
    "client_name": Member("name", short_text, ...),
    "client_uri": Member("home", exact_uri, ...),
    "logo": Member("logo", logo),
    "profile": Member("profile", one_of(("fapi2",))),
    "application_type": Member("application_type", one_of(("web", "native")), "web"),
    # Where it receives answers.
    "redirect_uris": Member("redirect_uris", answer_uris, ...),
    "post_logout_redirect_uris": Member("post_logout_redirect_uris", answer_uris, ()),
    "frontchannel_logout_uri": Member("frontchannel_logout_uri", exact_uri),
    "backchannel_logout_uri": Member("backchannel_logout_uri", exact_uri),
    "allowed_origins": Member("allowed_origins", web_origins),
    # How it proves itself.
    # None: either of SECRET_METHODS.
    "token_endpoint_auth_method": Member("token_endpoint_auth_method", one_of(AUTH_METHODS)),
    "token_endpoint_auth_signing_alg": Member("token_endpoint_auth_signing_alg", one_of(CLIENT_SIGNING_ALGS)),
    "client_secret": Member("secret", one_secret),
    "client_secrets": Member("dated_secrets", two_secrets, ()),
    "jwks": Member("jwks", key_set, ()),
    "jwks_uri": Member("jwks_uri", exact_uri),
    **{name: Member(name, read) for name, read in TLS_SUBJECTS.items()},
    # What it may request, and how.
    "grant_types": Member("grant_types", some_of(GRANT_TYPES), ("authorization_code",)),
    "scopes": Member("scopes", scope_names, ("openid",)),
    "claims": Member("claims", claim_names),
    "id_token_claims": Member("id_token_claims", many_of(ID_TOKEN_CLAIMS), ()),
    "introspects": Member("introspects", list_of(client_id), ()),
    "pkce": Member("pkce", one_of(("required", "or_nonce", "optional")), "required"),
    "nonce": Member("nonce", one_of(("required", "optional")), "optional"),
    "require_pushed_authorization_requests": Member("requires_pushed_requests", flag, False),
    "request_object_signing_alg": Member("request_object_signing_alg", one_of(CLIENT_SIGNING_ALGS)),
    "require_signed_request_object": Member("requires_signed_requests", flag, False),
    # What it receives.
    "id_token_signed_response_alg": Member("id_token_signed_response_alg", one_of(SIGNING_ALGS), "RS256"),
    "id_token_encrypted_response_alg": Member("id_token_encrypted_response_alg", one_of(KEY_ENCRYPTION_ALGS)),
    "id_token_encrypted_response_enc": Member(
        "id_token_encrypted_response_enc", one_of(CONTENT_ENCRYPTION_ALGS), "A128CBC-HS256"
    ),
    "userinfo_signed_response_alg": Member("userinfo_signed_response_alg", one_of(SIGNING_ALGS)),
    "authorization_signed_response_alg": Member(
        "authorization_signed_response_alg", one_of(SIGNING_ALGS), "RS256"
    ),
    "session_state_in_token_response": Member("gets_session_state", flag, False),
    "dpop_bound_access_tokens": Member("dpop_bound_access_tokens", flag, False),
    "tls_client_certificate_bound_access_tokens": Member("tls_bound_access_tokens", flag, False),
    "access_token_life": Member("access_token_life", seconds(*_TOKEN_LIFE)),
    "id_token_life": Member("id_token_life", seconds(*_TOKEN_LIFE)),
    "refresh_token_idle": Member("refresh_token_idle", seconds(*_REFRESH_IDLE)),
    "refresh_grace": Member("refresh_grace", seconds(*_REFRESH_GRACE)),
    # Which people it accepts.
    "sector_identifier": Member("sector_identifier", sector_host),
    "minimum_acr": Member("minimum_acr", acr_by_name, Acr.PWD_OTP),
    "authenticators": Member("authenticators", some_of(DOORS), DOORS),
    "charters": Member("charters", charter_names, ()),
    "psc_idp_hint": Member("psc_idp_hint", idp_hint),
}


#: What a profile demands, for members that are not given. Another value is a fault (`clients/rules`).
PROFILE_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "fapi2": {
        "token_endpoint_auth_method": "private_key_jwt",
        "require_pushed_authorization_requests": True,
        "id_token_signed_response_alg": "ES256",
        "authorization_signed_response_alg": "ES256",
    }
}
#: Profiles whose tokens are bound: by DPoP, unless the client names the certificate.
BOUND_PROFILES = ("fapi2",)

#: The members that give secrets: one, or two with their days.
SECRET_MEMBERS = ("client_secret", "client_secrets")
#: Nothing that stands there is ever shown: it may be a secret or a private key.
HELD_BACK = (*SECRET_MEMBERS, "jwks")
