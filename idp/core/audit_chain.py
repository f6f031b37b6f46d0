"""The chain that binds the rows of the audit trail to each other (docs/adr/0048).

Contains the digest of one row, and the chains that this process writes. A chain is of one day (UTC) and one node, and
begins when a process needs one more: what is committed at once is in chains apart, so nothing waits for a lock. Not
here: looking at what was written (`audit_walk`), the seal of a day (`audit_seals`).
"""

import os
import secrets
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, partial
from hashlib import blake2b
from operator import is_
from typing import NamedTuple

from idp.core.audit import Fact
from idp.core.compact_json import compact_json

#: In octets: whoever could find another row for it could break AES-128.
_DIGEST = 16
#: What no column holds. With as many between the values of any row, no two rows have the same text.
_BETWEEN = "\0"
_canonical = compact_json(sorted_keys=True)
_is_nothing = partial(is_, None)


class Head(NamedTuple):
    """The last row of a chain: `sequence` 0 and an empty digest before the first."""

    chain: str
    sequence: int
    digest: str


def linked(key: bytes, before: Head, values: Sequence[str | int | None], facts: Mapping[str, Fact]) -> Head:
    """Returns the head after a row with these values, its instant in whole microseconds first, and these facts.

    Whoever has the database alone cannot make one: `key` is derived from the application key. By BLAKE2b (RFC 7693),
    which takes a key itself: a third of the time of HMAC, in each sign-in.
    """
    chain, number = before.chain, before.sequence + 1
    told = (before.digest, chain, number, *values)
    text = _form(*map(_is_nothing, told)) % (*told, _canonical(facts) if facts else "{}")
    sealed = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST, key=key)
    return Head(chain, number, sealed.hexdigest())


@lru_cache(maxsize=1024)
def _form(*are_nothing: bool) -> str:
    """Returns how a row is written whose values are nothing, or something, in this order; its facts follow. As `%`
    takes it: a loop over the values, for each row of each sign-in, would cost four times as much."""
    return _BETWEEN.join([*("%.0s" if is_nothing else "=%s" for is_nothing in are_nothing), "%s"])


def day_of(chain: str) -> str:
    """Returns the day that a chain is of, as `2026-11-30`."""
    return chain[:10]


_all: "weakref.WeakSet[Chains]" = weakref.WeakSet()


@dataclass(slots=True, eq=False, weakref_slot=True)
class Chains:
    """Those of this process. `key`: 32 octets; `node`: what tells this machine from the others."""

    key: bytes = field(repr=False)
    node: str = "node"
    _idle: list[Head] = field(default_factory=list)

    def __post_init__(self) -> None:
        _all.add(self)

    def take(self, now: datetime) -> Head:
        """Returns the head of a chain of this day that no other commit of this moment has; of a new one if need be."""
        day = now.date().isoformat()
        while True:
            try:
                # The last one used again, without a lock: `pop` is one step. There are as many as are used at once.
                head = self._idle.pop()
            except IndexError:
                return Head(f"{day}.{self.node}.{secrets.token_hex(6)}", 0, "")
            if day_of(head.chain) == day:
                return head

    def give_back(self, head: Head) -> None:
        """After its commit, or at the head of before if nothing was committed. A chain of which nobody knows how far
        it got is not given back: it ends there."""
        self._idle.append(head)

    def leave(self) -> None:
        self._idle.clear()


def _leave_to_parent() -> None:
    # Two processes must not go on with one chain.
    for chains in list(_all):
        chains.leave()


os.register_at_fork(after_in_child=_leave_to_parent)
