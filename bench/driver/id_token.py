"""Verifying one ID token, so that no provider is measured for what it does not do.

Contains the signature and the claims that OpenID Connect Core §3.1.3.7 names. Not here: libraries that do it.
"""

import base64
import json
import time
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from bench.driver.browser import FlowFailed
from bench.driver.flows import Proof


def verify(proof: Proof, key_set: Mapping[str, Any], *, issuer: str, client_id: str) -> str:
    """Returns the algorithm of its signature. Raises FlowFailed."""
    head, body, signature = proof.answer["id_token"].split(".")
    header, claims = json.loads(_octets(head)), json.loads(_octets(body))
    signed = f"{head}.{body}".encode()
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    checks = {
        "signature": any(
            _VERIFIERS[header["alg"]](key, signed, _octets(signature))
            for key in key_set["keys"]
            if key.get("kid", header.get("kid")) == header.get("kid") and key["kty"] == _KINDS[header["alg"]]
        ),
        "iss": claims["iss"] == issuer,
        "aud": client_id in audience,
        "nonce": claims.get("nonce") == proof.nonce,
        "exp": claims["exp"] > time.time(),
        "sub": claims["sub"] == proof.userinfo["sub"],
    }
    wrong = [name for name, is_right in checks.items() if not is_right]
    if wrong:
        raise FlowFailed(f"ID token: {' '.join(wrong)} ({header['alg']})")
    return str(header["alg"])


def _rs256(key: Mapping[str, str], signed: bytes, signature: bytes) -> bool:
    public = rsa.RSAPublicNumbers(_number(key["e"]), _number(key["n"])).public_key()
    try:
        public.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _es256(key: Mapping[str, str], signed: bytes, signature: bytes) -> bool:
    public = ec.EllipticCurvePublicNumbers(_number(key["x"]), _number(key["y"]), ec.SECP256R1()).public_key()
    # RFC 7518 §3.4: r and s, 32 octets each.
    der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    try:
        public.verify(der, signed, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


_VERIFIERS = {"RS256": _rs256, "ES256": _es256}
_KINDS = {"RS256": "RSA", "ES256": "EC"}


def _octets(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _number(text: str) -> int:
    return int.from_bytes(_octets(text))
