"""The RSA keys that sign, one per generation.

Contains making and keeping them, in the state directory if there is one. Not here: tokens.
"""

import base64
import hashlib
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_BITS = 2048


def b64u(raw: bytes) -> str:
    """Returns base64url without padding (RFC 7515 §2)."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def octets_of(text: str) -> bytes:
    """Returns what canonical base64url says. Raises ValueError (RFC 4648 §3.5)."""
    octets = base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True)
    if b64u(octets) != text:
        raise ValueError("not canonical base64url")
    return octets


def octets_of_padded(text: str) -> bytes:
    """Returns what canonical base64 says, as in Basic (RFC 7617). Raises ValueError."""
    octets = base64.b64decode(text, validate=True)
    if base64.b64encode(octets).decode() != text:
        raise ValueError("not canonical base64")
    return octets


def _b64u_number(number: int) -> str:
    return b64u(number.to_bytes((number.bit_length() + 7) // 8, "big"))


@dataclass(frozen=True, slots=True)
class SigningKey:
    kid: str
    private: rsa.RSAPrivateKey

    def sign(self, message: bytes) -> bytes:
        """Returns an RS256 signature (RFC 7518 §3.3), the algorithm of every real token seen (facts/psc §5.5)."""
        return self.private.sign(message, padding.PKCS1v15(), hashes.SHA256())

    def verify(self, message: bytes, signature: bytes) -> None:
        """Raises cryptography's InvalidSignature."""
        self.private.public_key().verify(signature, message, padding.PKCS1v15(), hashes.SHA256())

    def public_jwk(self) -> Mapping[str, str]:
        return {"kid": self.kid, "alg": "RS256", "use": "sig", **_members(self.private)}


class KeyRing:
    """Keys by generation, from 1."""

    def __init__(self, state_dir: Path | None) -> None:
        self._state_dir = state_dir
        self._keys: dict[int, SigningKey] = {}
        self._lock = threading.Lock()

    def signing(self, generation: int) -> SigningKey:
        with self._lock:
            if generation not in self._keys:
                self._keys[generation] = _key(self._load_or_generate(generation))
            return self._keys[generation]

    def published(self, generation: int) -> list[SigningKey]:
        """Returns the published keys, newest first."""
        return [self.signing(number) for number in range(generation, 0, -1)]

    def _load_or_generate(self, generation: int) -> rsa.RSAPrivateKey:
        if self._state_dir is None:
            return rsa.generate_private_key(65537, _BITS)
        path = self._state_dir / f"signing-key-{generation}.pem"
        if path.exists():
            return _load(path)
        private = rsa.generate_private_key(65537, _BITS)
        _save(path, private)
        return private


def _members(private: rsa.RSAPrivateKey) -> Mapping[str, str]:
    numbers = private.public_key().public_numbers()
    return {"kty": "RSA", "n": _b64u_number(numbers.n), "e": _b64u_number(numbers.e)}


def _key(private: rsa.RSAPrivateKey) -> SigningKey:
    # RFC 7638 §3: the thumbprint is stable across restarts and looks like the real kids.
    canonical = json.dumps(dict(sorted(_members(private).items())), separators=(",", ":"))
    return SigningKey(b64u(hashlib.sha256(canonical.encode("ascii")).digest()), private)


def _load(path: Path) -> rsa.RSAPrivateKey:
    private = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(private, rsa.RSAPrivateKey):
        raise ValueError(f"{path} does not hold an RSA key")
    return private


def _save(path: Path, private: rsa.RSAPrivateKey) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    # Written to another file, then renamed: a process killed half-way must not leave a truncated key.
    beside = path.with_suffix(".tmp")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    beside.replace(path)
