"""Port to one private key. Adapters: `adapters/software_signer.py`, `adapters/hsm/signer.py`."""

from collections.abc import Mapping
from typing import Literal, Protocol

Alg = Literal["RS256", "ES256"]


class SignerUnavailable(Exception):
    """The key did not answer. No other key signs in its place."""


class Signer(Protocol):
    @property
    def kid(self) -> str: ...

    @property
    def alg(self) -> Alg: ...

    def sign(self, message: bytes) -> bytes:
        """Returns the JWS signature: RS256 = PKCS#1 v1.5, ES256 = r‖s in 64 bytes, never DER (RFC 7518 §3.4).

        Raises SignerUnavailable.
        """

    def require_ready(self) -> None:
        """Raises SignerUnavailable when the key could not sign now. Called before something is used up to sign."""

    def is_alive(self) -> bool:
        """Whether the key could sign now, for a health check: waits half a second at most."""

    def public_jwk(self) -> Mapping[str, str]:
        """Returns the public members only, with `kid`, `use` and `alg` (RFC 7517 §4)."""
