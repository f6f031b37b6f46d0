"""The public keys of a relying party: registered inline, or behind its `jwks_uri`.

Contains choosing the key that verifies and the key to encrypt to, and the port to a `jwks_uri`. A key registered
inline counts in its days; behind a `jwks_uri` the client itself publishes those that count. Not here: fetching
(`adapters/http/jwks_uri.py`), verifying, what a token must say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog
from joserfc.jwk import ECKey, RSAKey

from idp.clients.credential_days import days_of_key
from idp.clients.credential_uses import CredentialUses
from idp.clients.public_keys import PublicJwk, label_of
from idp.clients.registry import Client
from idp.core.clock import Clock

log = structlog.get_logger()

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
    uses: CredentialUses
    clock: Clock

    def all(self, client: Client) -> tuple[PublicJwk, ...]:
        """Returns every key as published, `x5c` included; none for a client without keys. Raises KeysUnavailable."""
        return self.remote.current(client.jwks_uri) if client.jwks_uri else self._registered(client)

    def renewed(self, client: Client) -> tuple[PublicJwk, ...]:
        """Returns the keys again when `all` lacks the one looked for: the client may have a new key."""
        return self.remote.renewed(client.jwks_uri) if client.jwks_uri else self._registered(client)

    def _registered(self, client: Client) -> tuple[PublicJwk, ...]:
        now = self.clock.now()
        return tuple(jwk for jwk in client.jwks if days_of_key(jwk).hold(now))

    def for_verification(self, client: Client, *, alg: str, kid: str | None) -> tuple[Key, ...]:
        """Returns the keys that may have made a signature of this `alg` and `kid`. An unknown `kid` fetches again.

        Core §10.1: without a `kid`, there must be exactly one such key. Raises KeysUnavailable when there is none.
        """
        found = _of_kid(_fitting(self.all(client), alg, "sig", _VERIFYING), kid)
        if not found:
            found = _of_kid(_fitting(self.renewed(client), alg, "sig", _VERIFYING), kid)
        if not found:
            _tell_of_days(client, _of_kid(_fitting(client.jwks, alg, "sig", _VERIFYING), kid))
            raise KeysUnavailable("no key for this signature")
        return tuple(_import(jwk) for jwk in found)

    def used(self, client: Client, key: Key) -> None:
        """Count that this key, one `for_verification`, made a signature of the client."""
        self.uses.of_key(client, key.kid)

    def for_encryption(self, client: Client, *, alg: str) -> Key:
        """Returns the key to encrypt to, preferably one published for encryption. Raises KeysUnavailable."""
        found = _fitting(self.all(client), alg, "enc", _ENCRYPTING)
        if not found:
            found = _fitting(self.renewed(client), alg, "enc", _ENCRYPTING)
        if not found:
            _tell_of_days(client, _fitting(client.jwks, alg, "enc", _ENCRYPTING))
            raise KeysUnavailable("no key to encrypt to")
        # False sorts first: keys published for encryption come before those of any use.
        return _import(min(found, key=lambda jwk: (jwk.get("use") != "enc", jwk.get("alg") != alg)))


def _tell_of_days(client: Client, keys: Sequence[PublicJwk]) -> None:
    """Tell the log of keys that would do on another day."""
    for jwk in keys:
        log.warning(
            "client_credential_outside_its_days",
            client_id=client.client_id,
            kind="key",
            credential=label_of(jwk),
            days=str(days_of_key(jwk)),
        )


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
