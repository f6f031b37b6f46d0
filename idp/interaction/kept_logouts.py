"""Port to the logout tokens of Pro Santé Connect that could not be judged when they came, for want of its keys.

Contains what is kept, and for how long. Not here: judging (`protocol/logout`), storage (`adapters/sql`).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

#: Keys are published anew within seconds, an outage lasts minutes. Later, a token that names the person alone would end
#: what that person began since.
KEPT_FOR = timedelta(minutes=10)
#: Anybody can post one that nobody can judge: how many are kept in all, and of one network within `KEPT_FOR`.
MOST = 1000
MOST_OF_A_NETWORK = 200
#: A real one has some 700 characters.
MOST_CHARACTERS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLogout:
    """`attempt`: the lease under which a worker holds it."""

    id: int
    token: str = field(repr=False)
    received_at: datetime
    attempt: int


class KeptLogouts(Protocol):
    """Durable: Pro Santé Connect sends a token once. Every method raises StoreUnavailable."""

    def keep(self, token: str, now: datetime) -> bool:
        """Keep it, once. Returns False when as many as may be are kept."""

    def lease_next(self, now: datetime) -> KeptLogout | None:
        """Returns a token to judge now, leased to the calling worker alone; None when none is due."""

    def postpone(self, held: KeptLogout, until: datetime) -> None:
        """Judge it again later, unless another worker holds it."""

    def forget(self, held: KeptLogout) -> None:
        """It is judged, or too old."""
