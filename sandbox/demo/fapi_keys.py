"""What the FAPI 2.0 clients of a certification suite prove themselves with: made at the first start, then kept.

Contains a signing key and a TLS certificate for each of the suite's two clients, and the authority of the certificates,
whose key is never written. Not here: what the clients may do (`fapi_clients`).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from joserfc.jwk import KeyParameters, RSAKey

from sandbox.demo.places import Places, read_json, write_atomically
from sandbox.igc.authorities import AUTHORITY_LIFE, DAY, PREFIX, Authority, make_root, sign_certificate

#: By the names of the suite's configuration.
ROLES = ("client", "client2")
#: The suite's modules about RS256 want an RSA key, and its reader of TLS certificates knows RSA alone.
SIGNING_ALG = "PS256"
_BITS = 2048
_PUBLIC = ("kty", "n", "e", "kid", "alg", "use")
_FILE = "conformance-fapi"


@dataclass(frozen=True, slots=True, kw_only=True)
class FapiKeys:
    """Of one client. `jwk` has its private members; `certificate`, `key` and `authority` are PEM."""

    jwk: Mapping[str, str]
    certificate: str
    key: str
    authority: str

    @property
    def public_jwks(self) -> dict[str, Any]:
        return {"keys": [{name: self.jwk[name] for name in _PUBLIC}]}

    @property
    def subject(self) -> str:
        """Returns the subject of the certificate (RFC 4514)."""
        return x509.load_pem_x509_certificate(self.certificate.encode()).subject.rfc4514_string()


def fapi_keys(places: Places, now: datetime) -> dict[str, FapiKeys]:
    """Returns the keys of each role."""
    path = places.secret_file(_FILE)
    if not read_json(path):
        write_atomically(path, json.dumps(_made(now)), mode=0o600)
    return {role: FapiKeys(**found) for role, found in read_json(path).items()}


def _made(now: datetime) -> dict[str, Any]:
    authority = make_root(f"{PREFIX} AC CLIENTS", generate_private_key(65537, _BITS), now)
    return {role: _made_for(role, authority, now) for role in ROLES}


def _made_for(role: str, authority: Authority, now: datetime) -> dict[str, Any]:
    key = generate_private_key(65537, _BITS)
    parameters: KeyParameters = {"kid": f"conformance-{role}", "alg": SIGNING_ALG, "use": "sig"}
    return {
        "jwk": RSAKey.generate_key(_BITS, parameters).as_dict(private=True),
        "certificate": _pem(_certificate(role, key, authority, now)),
        "key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        "authority": _pem(authority.certificate),
    }


def _certificate(role: str, key: RSAPrivateKey, authority: Authority, now: datetime) -> x509.Certificate:
    name = [
        x509.NameAttribute(NameOID.COMMON_NAME, f"conformance-{role}"),
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, PREFIX),
    ]
    return sign_certificate(
        x509.Name(name),
        key,
        authority.certificate.subject,
        authority.key,
        (now - DAY, now + AUTHORITY_LIFE - DAY),
        (
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
            (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
            (authority.authority_key_id, False),
        ),
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()
