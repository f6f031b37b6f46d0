"""Signers over PEM files.

Contains RSA and P-256 keys, read from files that only their owner reads. Not here: which of them signs
(`key_files/directory.py`).
"""

import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from idp.settings.files import read_octets
from idp.signing.public_jwk import alg_of, public_members, thumbprint
from idp.signing.signer import Alg

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
RSA_BITS = 3072


_SHA256, _ECDSA, _PKCS1 = hashes.SHA256(), ec.ECDSA(hashes.SHA256()), padding.PKCS1v15()


class BadKeyFile(Exception):
    """A message for the operator: which file, and what is wrong."""


@dataclass(frozen=True, slots=True)
class SoftwareSigner:
    key: PrivateKey
    alg: Alg = field(init=False)
    kid: str = field(init=False)
    _members: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        members = public_members(self.key.public_key())
        object.__setattr__(self, "alg", "RS256" if isinstance(self.key, rsa.RSAPrivateKey) else "ES256")
        object.__setattr__(self, "kid", thumbprint(members))
        object.__setattr__(self, "_members", members)

    def sign(self, message: bytes) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            return self.key.sign(message, _PKCS1, _SHA256)
        # RFC 7518 §3.4: r‖s of fixed length; `cryptography` returns DER.
        r, s = decode_dss_signature(self.key.sign(message, _ECDSA))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def require_ready(self) -> None:
        """Does nothing: the key is in memory."""

    def is_alive(self) -> bool:
        return True

    def public_jwk(self) -> Mapping[str, str]:
        return {**self._members, "kid": self.kid, "use": "sig", "alg": self.alg}


def require_owner_only(path: Path) -> None:
    """facts/security CF4: mode 0600, or 0640 for the group of the service. Raises BadKeyFile, OSError."""
    if path.stat().st_mode & (stat.S_IRWXO | stat.S_IWGRP | stat.S_IXGRP):
        raise BadKeyFile(f"{path}: must be readable by its owner only (chmod 600)")


def load_signer(path: Path) -> SoftwareSigner:
    """Raises BadKeyFile."""
    try:
        require_owner_only(path)
        key: Any = serialization.load_pem_private_key(read_octets(path), password=None)
    except OSError as error:
        raise BadKeyFile(f"{path}: {error.strerror}") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BadKeyFile(f"{path}: expected a PEM private key without a password") from error
    if alg_of(key.public_key()) is None:
        raise BadKeyFile(f"{path}: expected an RSA key of 2048 bits or more, or a P-256 key")
    return SoftwareSigner(cast(PrivateKey, key))


_MAKERS: Mapping[Alg, Callable[[], PrivateKey]] = {
    "RS256": lambda: rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
}


def generate_signer(alg: Alg) -> SoftwareSigner:
    """Returns a new key. Its kid never begins with a dash: on a command line it would be taken for an option."""
    signer = SoftwareSigner(_MAKERS[alg]())
    while signer.kid.startswith("-"):
        signer = SoftwareSigner(_MAKERS[alg]())
    return signer


def private_pem(signer: SoftwareSigner) -> bytes:
    return signer.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
