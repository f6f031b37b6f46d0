"""Passwords that somebody published: a list that the operator names (facts/security PW1).

Contains the list as it is kept in memory, eight octets for each. Not here: its file, the words that make no password
(`guessable`).
"""

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field

from idp.accounts.guessable import folded


@dataclass(frozen=True, slots=True)
class LeakedPasswords:
    """`digests`: ascending."""

    digests: "array[int]" = field(default_factory=lambda: array("Q"), repr=False)

    @classmethod
    def of(cls, passwords: Iterable[str], shortest: int) -> "LeakedPasswords":
        """`shortest`: shorter ones, which nobody may have, are left out."""
        known = {_digest(one) for one in passwords if len(one) >= shortest}
        return cls(array("Q", sorted(known)))

    def __contains__(self, password: str) -> bool:
        """Whether this is one of them, in whatever case and accents."""
        digest = _digest(password)
        at = bisect_left(self.digests, digest)
        return at < len(self.digests) and self.digests[at] == digest


def _digest(password: str) -> int:
    # A hash that anybody computes: the list is of passwords that are public.
    return int.from_bytes(hashlib.blake2b(folded(password).encode(), digest_size=8).digest(), "big")
