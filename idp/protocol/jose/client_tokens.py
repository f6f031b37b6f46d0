"""Contains the JWTs made for one client: whether they can be made now, and making them. Not here: their claims."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from idp.clients.key_sets import ClientKeys
from idp.clients.registry import Client
from idp.protocol.jose.encryption import encrypted, recipient_of
from idp.signing.key_ring import Keys, b64u


def access_token_hash(access_token: str) -> str:
    """`at_hash` (Core §3.1.3.6): left half of the hash named by the alg, SHA-256 for RS256 and for ES256."""
    digest = hashlib.sha256(access_token.encode()).digest()
    return b64u(digest[: len(digest) // 2])


@dataclass(frozen=True, slots=True)
class ClientTokens:
    keys: Keys
    client_keys: ClientKeys
    issuer: str

    def require_signer(self, client: Client, response_mode: str = "query") -> None:
        """Before anything is used up. Raises SignerUnavailable: the ID Token, or the answer, could not be signed."""
        self.keys.require_ready(client.id_token_signed_response_alg)
        if response_mode.endswith("jwt"):
            self.keys.require_ready(client.authorization_signed_response_alg)

    def require_recipient(self, client: Client) -> None:
        """Before a code or a token is used up. Raises ClientError: its ID Token could not be encrypted."""
        recipient_of(client, self.client_keys)

    def id_token(self, claims: Mapping[str, Any], client: Client) -> str:
        """Signed, then encrypted where registered. Raises SignerUnavailable, KeyMissing, ClientError."""
        signed = self.keys.sign_jwt(claims, alg=client.id_token_signed_response_alg)
        return encrypted(signed, client, self.client_keys)

    def userinfo(self, claims: Mapping[str, Any], client: Client) -> str | None:
        """Core §5.3.2: signed, with `iss` and `aud`; None for a client that gets plain JSON."""
        if client.userinfo_signed_response_alg is None:
            return None
        named = {**claims, "iss": self.issuer, "aud": client.client_id}
        return self.keys.sign_jwt(named, alg=client.userinfo_signed_response_alg)
