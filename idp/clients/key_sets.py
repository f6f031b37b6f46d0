"""The public keys of a relying party: registered inline, or behind its `jwks_uri`.

Contains choosing the key that verifies and the key to encrypt to, and the port to a `jwks_uri`. Not here: fetching
(`adapters/http/jwks_uri.py`), verifying, what a token must say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from joserfc.jwk import ECKey, RSAKey

from idp.clients.public_keys import PublicJwk
from idp.clients.registry import Client

Key = RSAKey | ECKey

#: RFC 7518 §3.1 and §4.1.
_KTY: Mapping[str, str] = {
    "RS256": "RSA",
    "PS256": "RSA",
    "ES256": "EC",
    "RSA-OAEP": "RSA",
    "RSA-OAEP-256": "RSA",
    "ECDH-ES": "EC",
    "ECDH-ES+A256KW": "EC",
}
_VERIFYING = frozenset({"verify"})
_ENCRYPTING = frozenset({"encrypt", "wrapKey", "deriveKey", "deriveBits"})


class KeysUnavailable(Exception):
    """There is no key of the client: its `jwks_uri` does not answer and none are cached, or none of them fits."""


class RemoteKeys(Protocol):
    """Port to key sets behind a `jwks_uri`: at most 20 keys each, checked by `clients/public_keys`."""

    def current(self, jwks_uri: str) -> tuple[PublicJwk, ...]:
        """Returns the cached keys while they are fresh, else fetched ones. Raises KeysUnavailable."""

    def renewed(self, jwks_uri: str) -> tuple[PublicJwk, ...]:
        """Returns newly fetched keys, or the cached ones if a fetch was tried a moment ago. Raises KeysUnavailable."""


@dataclass(frozen=True, slots=True)
class ClientKeys:
    remote: RemoteKeys

    def all(self, client: Client) -> tuple[PublicJwk, ...]:
        """Returns every key as published, `x5c` included; none for a client without keys. Raises KeysUnavailable."""
        return self.remote.current(client.jwks_uri) if client.jwks_uri else client.jwks

    def renewed(self, client: Client) -> tuple[PublicJwk, ...]:
        """Returns the keys again when `all` lacks the one looked for: the client may have a new key."""
        return self.remote.renewed(client.jwks_uri) if client.jwks_uri else client.jwks

    def for_verification(self, client: Client, *, alg: str, kid: str | None) -> tuple[Key, ...]:
        """Returns the keys that may have made a signature of this `alg` and `kid`. An unknown `kid` fetches again.

        Core §10.1: without a `kid`, there must be exactly one such key. Raises KeysUnavailable when there is none.
        """
        found = _of_kid(_fitting(self.all(client), alg, "sig", _VERIFYING), kid)
        if not found:
            found = _of_kid(_fitting(self.renewed(client), alg, "sig", _VERIFYING), kid)
        if not found:
            raise KeysUnavailable("no key for this signature")
        return tuple(_import(jwk) for jwk in found)

    def for_encryption(self, client: Client, *, alg: str) -> Key:
        """Returns the key to encrypt to, preferably one published for encryption. Raises KeysUnavailable."""
        found = _fitting(self.all(client), alg, "enc", _ENCRYPTING)
        if not found:
            found = _fitting(self.renewed(client), alg, "enc", _ENCRYPTING)
        if not found:
            raise KeysUnavailable("no key to encrypt to")
        # False sorts first: keys published for encryption come before those of any use.
        return _import(min(found, key=lambda jwk: (jwk.get("use") != "enc", jwk.get("alg") != alg)))


def _fitting(keys: Sequence[PublicJwk], alg: str, use: str, operations: frozenset[str]) -> list[PublicJwk]:
    """Whether type, use, operations and algorithm of a key (RFC 7517 §4) fit."""
    return [
        jwk
        for jwk in keys
        if jwk.get("kty") == _KTY[alg]
        and jwk.get("use", use) == use
        and jwk.get("alg", alg) == alg
        and ("key_ops" not in jwk or operations & _texts(jwk["key_ops"]))
    ]


def _texts(value: object) -> frozenset[str]:
    return (
        frozenset(item for item in value if isinstance(item, str)) if isinstance(value, list) else frozenset()
    )


def _of_kid(keys: Sequence[PublicJwk], kid: str | None) -> list[PublicJwk]:
    if kid is None:
        return list(keys) if len(keys) == 1 else []
    return [jwk for jwk in keys if jwk.get("kid") == kid]


def _import(jwk: PublicJwk) -> Key:
    """Returns the bare key: its certificates and hints are not used here."""
    kid = {"kid": str(jwk["kid"])} if isinstance(jwk.get("kid"), str) else {}
    if jwk["kty"] == "RSA":
        return RSAKey.import_key({"kty": "RSA", "n": jwk["n"], "e": jwk["e"], **kid})
    return ECKey.import_key({"kty": "EC", "crv": jwk["crv"], "x": jwk["x"], "y": jwk["y"], **kid})
