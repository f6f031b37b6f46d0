"""argon2id as it is stored, a PHC string: `$argon2id$v=19$m=19456,t=2,p=1$salt$digest` (RFC 9106).

Contains the cost of a hash, what a stored text says, and the port of what computes it. Not here: the computation
(`adapters/argon2`), the pepper, how many at once (`accounts/password`).
"""

import base64
import re
from dataclasses import dataclass
from typing import Protocol

from idp.core.octets import NotOctets, b64_octets

_STORED = re.compile(
    r"\$argon2id\$v=19\$m=([1-9][0-9]{0,8}),t=([1-9][0-9]{0,5}),p=([1-9][0-9]{0,3})"
    r"\$([A-Za-z0-9+/]{11,88})\$([A-Za-z0-9+/]{16,88})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """RFC 9106 §3.1: passes, KiB of memory, lanes."""

    passes: int
    memory_kib: int
    lanes: int


@dataclass(frozen=True, slots=True)
class StoredHash:
    cost: Cost
    salt: bytes
    digest: bytes

    def __str__(self) -> str:
        cost = f"m={self.cost.memory_kib},t={self.cost.passes},p={self.cost.lanes}"
        return f"$argon2id$v=19${cost}${_encoded(self.salt)}${_encoded(self.digest)}"

    @classmethod
    def read(cls, text: str) -> "StoredHash | None":
        """Returns what a stored text says, or None for any other text."""
        found = _STORED.fullmatch(text)
        if found is None:
            return None
        memory_kib, passes, lanes = (int(number) for number in found.groups()[:3])
        try:
            salt, digest = _decoded(found[4]), _decoded(found[5])
        except NotOctets:
            return None
        return cls(Cost(passes=passes, memory_kib=memory_kib, lanes=lanes), salt, digest)


class Argon2id(Protocol):
    def digest(self, secret: bytes, salt: bytes, cost: Cost, length: int) -> bytes:
        """Returns the hash alone. Raises MemoryError; ValueError for a cost that RFC 9106 does not know."""
        ...


def _encoded(octets: bytes) -> str:
    return base64.b64encode(octets).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    """Raises NotOctets. Base64 of RFC 4648 §4, without padding."""
    return b64_octets(text + "=" * (-len(text) % 4))
