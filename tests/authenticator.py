"""An authenticator and its browser, in software: what `navigator.credentials` would answer, true or not as told."""

import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from idp.core.octets import b64u_octets
from idp.signing.key_ring import b64u
from tests.provider import ISSUER

UP, UV, BE, BS, AT = 0x01, 0x04, 0x08, 0x10, 0x40
AAGUID = bytes.fromhex("ea9b8d664d011d213ce4b6b48cb575d4")


def _x_y(key: ec.EllipticCurvePrivateKey) -> tuple[bytes, bytes]:
    numbers = key.public_key().public_numbers()
    return numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")


@dataclass
class Authenticator:
    """Holds one passkey. Each lie is a field or an argument."""

    origin: str = ISSUER
    rp_id: str = "localhost"
    credential_id: bytes = b"credential 1 of the software authenticator"
    is_synced: bool = False
    verifies: bool = True
    count: int = 0
    user_handle: bytes | None = None
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def make(self, options: dict[str, Any] | str, **lies: Any) -> str:
        """The answer to `navigator.credentials.create()`."""
        asked = json.loads(options) if isinstance(options, str) else options
        if "user" in asked:
            self.user_handle = b64u_octets(asked["user"]["id"])
        x, y = _x_y(self.key)
        cose = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
        attested = AAGUID + len(self.credential_id).to_bytes(2, "big") + self.credential_id + cose
        data = self._data(AT) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        response = {
            "clientDataJSON": b64u(self._client_data("webauthn.create", asked["challenge"], lies)),
            "attestationObject": b64u(attestation),
            "transports": ["internal", "hybrid", "of the future"],
        }
        return self._credential(response)

    def answer(self, options: dict[str, Any] | str, **lies: Any) -> str:
        """The answer to `navigator.credentials.get()`."""
        asked = json.loads(options) if isinstance(options, str) else options
        client_data = self._client_data("webauthn.get", asked["challenge"], lies)
        data = self._data()
        signature = self.key.sign(data + sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": b64u(client_data),
            "authenticatorData": b64u(data),
            "signature": b64u(signature),
        }
        if self.user_handle is not None:
            response["userHandle"] = b64u(self.user_handle)
        return self._credential(response)

    def _data(self, more: int = 0) -> bytes:
        flags = UP | more | (UV if self.verifies else 0) | (BE | BS if self.is_synced else 0)
        return sha256(self.rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _client_data(self, kind: str, challenge: str, lies: dict[str, Any]) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}
        return json.dumps(said | lies).encode()

    def _credential(self, response: dict[str, Any]) -> str:
        name = b64u(self.credential_id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})
