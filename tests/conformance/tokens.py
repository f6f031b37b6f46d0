"""What a relying party checks of keys and tokens, with a JOSE library of its own (jwcrypto).

OpenID Connect Core §3.1.3.7 and §2; nothing is believed that was not verified. The skew is the suite's: five minutes.
"""

import base64
import hashlib
import json
import math
import re
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from jwcrypto.jwk import JWKSet
from jwcrypto.jws import JWS

_SKEW_SECONDS = 300
#: RFC 7518 §6: what would be a private or a symmetric key.
_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_INSTANTS = ("exp", "iat", "nbf", "auth_time", "updated_at")
_TEXTS = (
    *("name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile"),
    *("picture", "website", "email", "gender", "birthdate", "zoneinfo", "locale", "phone_number"),
)
_FLAGS = ("email_verified", "phone_number_verified")
_ADDRESS = frozenset({"formatted", "street_address", "locality", "region", "postal_code", "country"})


@dataclass(frozen=True)
class Token:
    """A JWT whose signature holds under the key its `kid` names."""

    raw: str
    header: dict[str, Any]
    claims: dict[str, Any]


def check_key_set(document: dict[str, Any]) -> None:
    """RFC 7517 §4, Core §10.1: every key usable, named apart, and public."""
    keys = document["keys"]
    assert keys
    assert len({key["kid"] for key in keys}) == len(keys)
    for key in keys:
        assert not _PRIVATE_MEMBERS & key.keys()
        assert key.get("use", "sig") in ("sig", "enc")
        numbers = {"RSA": ("n", "e"), "EC": ("x", "y")}[key["kty"]]
        # RFC 7518 §2: base64url without padding.
        assert all(re.fullmatch(r"[A-Za-z0-9_-]+", key[name]) for name in numbers)
        assert key["kty"] != "RSA" or len(_decoded(key["n"])) * 8 >= 2048
    JWKSet.from_json(json.dumps(document))


def read_token(raw: str, keys: dict[str, Any], alg: str = "RS256") -> Token:
    """Signature by the one algorithm registered and the key of this `kid`; nothing of the header is obeyed."""
    assert re.fullmatch(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", raw), "not a compact JWS"
    header = json.loads(_decoded(raw.split(".")[0]))
    assert header["alg"] == alg
    key = JWKSet.from_json(json.dumps(keys)).get_key(header["kid"])
    assert key is not None, "no published key has this kid"
    token = JWS()
    token.allowed_algs = [alg]
    token.deserialize(raw, key, alg)
    return Token(raw, header, json.loads(token.payload))


def check_id_token(token: Token, *, issuer: str, client_id: str, nonce: str | None) -> None:
    """Core §2 and §3.1.3.7, as the suite does for every ID Token."""
    claims, now = token.claims, time.time()
    assert claims["iss"] == issuer
    # TK12: one audience, us.
    assert claims["aud"] == client_id
    assert claims.get("azp", client_id) == client_id
    assert claims["exp"] > now - _SKEW_SECONDS
    assert now - _SKEW_SECONDS < claims["iat"] < now + _SKEW_SECONDS
    assert claims.get("nbf", 0) < now + _SKEW_SECONDS
    # Core §2: at most 255 ASCII characters.
    assert re.fullmatch(r"[ -~]{1,255}", claims["sub"])
    assert claims.get("nonce") == nonce
    check_standard_claims(claims)


def check_standard_claims(claims: dict[str, Any]) -> None:
    """Core §5.1: each of its type, none null or empty (§5.3.2)."""
    for name in _INSTANTS:
        assert type(claims.get(name, 0)) is int, name
    for name in _FLAGS:
        assert type(claims.get(name, True)) is bool, name
    for name in _TEXTS:
        assert isinstance(claims.get(name, "-"), str), name
    assert None not in claims.values()
    assert "" not in claims.values()
    address = claims.get("address", {})
    assert address.keys() <= _ADDRESS
    assert all(isinstance(value, str) for value in address.values())
    assert isinstance(claims.get("acr", "-"), str)
    assert all(isinstance(value, str) for value in claims.get("amr", []))


def half_hash(value: str) -> str:
    """`at_hash` and `c_hash` of RS256 (Core §3.1.3.6)."""
    digest = hashlib.sha256(value.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def bits_of(text: str) -> float:
    """Shannon's entropy of its characters, as the suite estimates that of a code."""
    counted = Counter(text)
    return -sum(n * math.log2(n / len(text)) for n in counted.values())


def without_signature(raw: str) -> str:
    """The same claims under `alg: none`."""
    header = base64.urlsafe_b64encode(b'{"alg":"none"}').rstrip(b"=").decode()
    return f"{header}.{raw.split('.')[1]}."


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
