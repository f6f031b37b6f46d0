"""Port to one private key. Adapters: `adapters/software_signer.py`, `adapters/hsm/signer.py`."""

from collections.abc import Mapping
from typing import Literal, Protocol

Alg = Literal["RS256", "ES256"]


class SignerUnavailable(Exception):
    """The key did not answer. There is no other key to fall back to."""


class Signer(Protocol):
    @property
    def kid(self) -> str: ...

    @property
    def alg(self) -> Alg: ...

    def sign(self, message: bytes) -> bytes:
        """JWS signature: RS256 = PKCS#1 v1.5, ES256 = r‖s in 64 bytes, never DER (RFC 7518 §3.4).

        Raises SignerUnavailable.
        """

    def require(self) -> None:
        """Before something is used up for a signature. Raises SignerUnavailable: it would not sign now."""

    def is_alive(self) -> bool:
        """The same for a health check: no answer within half a second is none."""

    def public_jwk(self) -> Mapping[str, str]:
        """Public members only, with `kid`, `use` and `alg` (RFC 7517 §4)."""
