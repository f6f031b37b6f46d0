"""Public keys of a relying party as JWKs (RFC 7517): which are accepted, inline or behind its `jwks_uri`."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from idp.clients.credential_days import days_of_key
from idp.core.octets import NotOctets, b64_octets

#: Kept with `x5c`: RFC 8705 §2.2 compares certificates with it.
PublicJwk = Mapping[str, Any]

_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_MOST = 20
# NIST SP 800-131A: 2048 bits at least. Beyond 8192, verifying would be an attack on our processor.
_RSA_BITS = range(2048, 8192 + 1)
#: An exponent of 32 bits in base64url. A long one would make verifying as slow as signing.
_MOST_OF_E = 6


def public_keys(jwks: object) -> tuple[PublicJwk, ...]:
    """Returns the keys of a JWK Set.

    Raises ValueError, which says what was expected: public RSA from 2048 bits, or P-256.
    """
    keys = _listed(jwks)
    if not keys:
        raise ValueError(f"a JWK Set: `keys` with 1 to {_MOST} keys")
    return tuple(_public_key(key) for key in keys)


def registered_keys(jwks: object) -> tuple[PublicJwk, ...]:
    """Returns the same of keys that are registered, beside which their days may stand (`clients/credential_days`)."""
    keys = public_keys(jwks)
    for key in keys:
        days_of_key(key)
    return keys


def usable_keys(jwks: object) -> tuple[PublicJwk, ...]:
    """Returns the keys that we can use, of a set that the client publishes; others are ignored (RFC 7517 §5).

    Raises ValueError when it is no JWK Set, or has more than 20 keys.
    """
    usable = []
    for key in _listed(jwks):
        with suppress(ValueError):
            usable.append(_public_key(key))
    return tuple(usable)


def label_of(jwk: PublicJwk) -> str:
    """Returns what names a key to its administrator."""
    return str(jwk.get("kid", "without kid"))


def leaf_der(jwk: PublicJwk) -> bytes | None:
    """Returns the first certificate of `x5c`, in base64 of DER (RFC 7517 §4.7); None without one."""
    chain = jwk.get("x5c")
    if (
        not isinstance(chain, Sequence)
        or isinstance(chain, str)
        or not chain
        or not isinstance(chain[0], str)
    ):
        return None
    try:
        return b64_octets(chain[0])
    except NotOctets:
        return None


def _listed(jwks: object) -> Sequence[object]:
    keys = jwks.get("keys") if isinstance(jwks, Mapping) else None
    if not isinstance(keys, Sequence) or isinstance(keys, str) or len(keys) > _MOST:
        raise ValueError(f"a JWK Set: `keys` with 1 to {_MOST} keys")
    return keys


def _public_key(jwk: object) -> PublicJwk:
    if not isinstance(jwk, Mapping) or not all(isinstance(name, str) for name in jwk):
        raise ValueError("a JWK in each place of `keys`")
    if _PRIVATE & jwk.keys():
        raise ValueError("public keys only: a private or symmetric member stands there")
    # Checked before the import, which only warns of a shorter one. 4 characters hold 3 octets.
    if jwk.get("kty") == "RSA" and len(str(jwk.get("n"))) * 6 < 2048:
        raise ValueError("RSA keys of 2048 bits or more")
    if len(str(jwk.get("e", ""))) > _MOST_OF_E:
        raise ValueError("RSA keys with an exponent of 32 bits or less")
    try:
        (key,) = KeySet.import_key_set({"keys": [dict(jwk)]}).keys
    except (JoseError, ValueError, KeyError, TypeError) as error:
        raise ValueError("well-formed JWKs") from error
    # facts/security JW5.
    is_rsa = isinstance(key, RSAKey) and key.public_key.key_size in _RSA_BITS
    is_p256 = isinstance(key, ECKey) and key.curve_name == "P-256"
    if not is_rsa and not is_p256:
        raise ValueError("RSA keys of 2048 to 8192 bits, or P-256 keys")
    return dict(jwk)
