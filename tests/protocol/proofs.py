"""DPoP keys of a relying party, and the proofs it makes (PyJWT writes them): good ones, and any other.

Contains the client's side of RFC 9449. Not here: a rule of the provider.
"""

import base64
import hashlib
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from tests.made_once import rsa_key

TOKEN_URI = "http://localhost:8400/token"
PAR_URI = "http://localhost:8400/par"
USERINFO_URI = "http://localhost:8400/userinfo"
_MEMBERS = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}

P256, RSA2048 = ec.generate_private_key(ec.SECP256R1()), rsa_key("dpop")


def b64u(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def ath(access_token: str) -> str:
    return b64u(hashlib.sha256(access_token.encode()).digest())


@dataclass
class DpopKey:
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    alg: str = "ES256"

    @property
    def jwk(self) -> dict[str, Any]:
        algorithm = RSAAlgorithm if isinstance(self.key, rsa.RSAPrivateKey) else ECAlgorithm
        whole = json.loads(algorithm.to_jwk(self.key.public_key()))
        return {name: whole[name] for name in _MEMBERS[whole["kty"]]}

    @property
    def thumbprint(self) -> str:
        """RFC 7638, by hand."""
        return b64u(
            hashlib.sha256(json.dumps(self.jwk, sort_keys=True, separators=(",", ":")).encode()).digest()
        )

    def proof(
        self,
        nonce: str | None = None,
        *,
        header: dict[str, Any] | None = None,
        **changes: Any,
    ) -> str:
        """A good proof for POST /token; a change to None leaves a claim out."""
        claims = {
            "htm": "POST",
            "htu": TOKEN_URI,
            "iat": int(time.time()),
            "jti": secrets.token_urlsafe(16),
            "nonce": nonce,
            **changes,
        }
        sent = {name: value for name, value in claims.items() if value is not None}
        head = {"typ": "dpop+jwt", "jwk": self.jwk, **(header or {})}
        return jwt.encode(sent, self.key, algorithm=self.alg, headers=head)
