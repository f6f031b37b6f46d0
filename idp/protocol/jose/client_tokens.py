"""Contains the JWTs for one client: whether they can be made now, and making them. Not here: their claims."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from idp.clients.key_sets import ClientKeys
from idp.clients.registry import Client
from idp.protocol.jose.encryption import encrypted, recipient_of
from idp.signing.key_ring import Keys, b64u


def access_token_hash(access_token: str) -> str:
    """Returns `at_hash` (Core §3.1.3.6): left half of the hash of the alg, which is SHA-256 for RS256 and ES256."""
    digest = hashlib.sha256(access_token.encode()).digest()
    return b64u(digest[: len(digest) // 2])


@dataclass(frozen=True, slots=True)
class ClientTokens:
    keys: Keys
    client_keys: ClientKeys
    issuer: str

    def require_signer(self, client: Client, response_mode: str = "query") -> None:
        """Called before anything is used up. Raises SignerUnavailable: ID Token or answer could not be signed now."""
        self.keys.require_ready(client.id_token_signed_response_alg)
        if response_mode.endswith("jwt"):
            self.keys.require_ready(client.authorization_signed_response_alg)

    def require_recipient(self, client: Client) -> None:
        """Called before a code or token is used up. Raises ClientError: its ID Token could not be encrypted."""
        recipient_of(client, self.client_keys)

    def id_token(self, claims: Mapping[str, Any], client: Client) -> str:
        """Returns it signed, then encrypted where registered. Raises SignerUnavailable, KeyMissing, ClientError."""
        signed = self.keys.sign_jwt(claims, alg=client.id_token_signed_response_alg)
        return encrypted(signed, client, self.client_keys)

    def userinfo(self, claims: Mapping[str, Any], client: Client) -> str | None:
        """Returns it signed, with `iss` and `aud` (Core §5.3.2); None for a client that gets plain JSON."""
        if client.userinfo_signed_response_alg is None:
            return None
        named = {**claims, "iss": self.issuer, "aud": client.client_id}
        return self.keys.sign_jwt(named, alg=client.userinfo_signed_response_alg)
