"""Which key signs, and which keys are published."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from idp.signing.schedule import ALGS, KeySchedule
from idp.signing.signer import Alg, Signer

_written = json.JSONEncoder(separators=(",", ":")).encode


class KeyMissing(Exception):
    """No key for an algorithm: `idp keys generate` makes one."""


def b64u(octets: bytes) -> str:
    """Returns base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


class Keys(Protocol):
    """Port to the keys in force at the present time. Adapter: `adapters/key_files/keys_in_force.py`."""

    @property
    def fault(self) -> str | None:
        """Why the keys on disk are not the keys in force; None when they are."""

    @property
    def schedule(self) -> KeySchedule:
        """When each key signs, as of the last look at the directory."""

    def jwks(self) -> Mapping[str, Sequence[Mapping[str, str]]]:
        """Returns the key set (RFC 7517 §5): public members only."""

    def sign_jwt(self, claims: Mapping[str, Any], *, alg: Alg, typ: str = "JWT") -> str:
        """Returns a compact JWS by the active key. Raises KeyMissing, SignerUnavailable."""

    def require_ready(self, alg: Alg) -> None:
        """Raises KeyMissing, SignerUnavailable when a token could not be signed now.

        Called before a code or a refresh token is used up for that token.
        """

    def is_alive(self) -> bool:
        """Whether a token of every algorithm can be signed now."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The keys of one instant. `signers`: oldest first; the newest of an algorithm signs, the others only verify.

    `announced`: keys that are already in the key set and sign nothing yet (facts/security JW6).
    """

    signers: Sequence[Signer]
    announced: Sequence[Signer] = ()

    def active(self, alg: Alg) -> Signer:
        """Returns the newest signer of this algorithm. Raises KeyMissing."""
        for signer in reversed(self.signers):
            if signer.alg == alg:
                return signer
        raise KeyMissing(f"no {alg} key: run `idp keys generate`")

    def require_ready(self, alg: Alg) -> None:
        self.active(alg).require_ready()

    def is_alive(self) -> bool:
        try:
            return all(self.active(alg).is_alive() for alg in ALGS)
        except KeyMissing:
            return False

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        return {"keys": [dict(signer.public_jwk()) for signer in (*self.signers, *self.announced)]}

    def sign_jwt(self, claims: Mapping[str, Any], *, alg: Alg, typ: str = "JWT") -> str:
        """Returns a compact JWS (RFC 7515 §7.1). Raises KeyMissing, SignerUnavailable."""
        signer = self.active(alg)
        signing_input = f"{_header(alg, signer.kid, typ)}.{b64u(_written(claims).encode())}"
        return f"{signing_input}.{b64u(signer.sign(signing_input.encode()))}"


@lru_cache(maxsize=64)
def _header(alg: Alg, kid: str, typ: str) -> str:
    return b64u(_written({"alg": alg, "kid": kid, "typ": typ}).encode())
