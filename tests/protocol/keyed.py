"""Relying parties with keys of their own: what they registered, and what they sign (RFC 7523).

Contains their keys and their assertions. Not here: anything of `idp`.
"""

import json
import time
import uuid
from functools import cache
from typing import Any

import jwt
from joserfc.jwk import ECKey, RSAKey

ISSUER = "http://localhost:8400"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
REDIRECT = "https://keyed.example/callback"
#: What each client registers beside its keys.
REGISTERED: dict[str, dict[str, Any]] = {
    "keyed": {"token_endpoint_auth_method": "private_key_jwt"},
    **{
        f"keyed-requests-{alg.lower()}": {
            "token_endpoint_auth_method": "private_key_jwt",
            "request_object_signing_alg": alg,
        }
        for alg in ("ES256", "RS256", "PS256")
    },
    "keyed-es256": {
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256",
    },
    "keyed-fapi": {
        "profile": "fapi2",
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "PS256",
        "require_pushed_authorization_requests": True,
        "dpop_bound_access_tokens": True,
        "id_token_signed_response_alg": "ES256",
        "authorization_signed_response_alg": "ES256",
    },
}


@cache
def rsa_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "rsa-1"})


@cache
def ec_key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": "ec-1"})


@cache
def stranger_key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": "ec-1"})


def jwks(*keys: RSAKey | ECKey, **members: Any) -> dict[str, Any]:
    return {"keys": [{**key.as_dict(private=False), **members} for key in keys or (rsa_key(), ec_key())]}


def client_yaml(client_id: str, **members: Any) -> str:
    """One entry of clients.yaml, in JSON, which YAML is."""
    entry = {
        "client_id": client_id,
        "client_name": client_id,
        "client_uri": "https://keyed.example/",
        "redirect_uris": [REDIRECT],
        "grant_types": ["authorization_code", "refresh_token"],
        **members,
    }
    return f"  - {json.dumps(entry)}\n"


def with_clients(clients_file: Any, *entries: str) -> None:
    """Added to the file; the provider takes it up by itself."""
    clients_file.write_text(clients_file.read_text() + "".join(entries))


def register_keyed(clients_file: Any) -> None:
    with_clients(
        clients_file,
        *(client_yaml(name, jwks=jwks(), **members) for name, members in REGISTERED.items()),
    )


def claims_of(client_id: str, **changes: Any) -> dict[str, Any]:
    """Good claims of an assertion; `...` removes one."""
    now = int(time.time())
    good = {
        "iss": client_id,
        "sub": client_id,
        "aud": ISSUER,
        "iat": now,
        "exp": now + 60,
        "jti": str(uuid.uuid4()),
        **changes,
    }
    return {name: value for name, value in good.items() if value is not ...}


def assertion(
    client_id: str,
    alg: str = "ES256",
    *,
    key: RSAKey | ECKey | None = None,
    header: dict[str, Any] | None = None,
    **changes: Any,
) -> str:
    """Returns it signed by a library that is not ours."""
    signer = key or (ec_key() if alg == "ES256" else rsa_key())
    headers = {"kid": signer.kid, **(header or {})}
    return jwt.encode(
        claims_of(client_id, **changes),
        signer.as_pem(private=True),
        algorithm=alg,
        headers={name: value for name, value in headers.items() if value is not ...},
    )


def form(signed: str, **changes: str) -> dict[str, str]:
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": signed, **changes}
