"""The ledger: what was asked, and what was answered.

Contains counts by outcome, and the facts that were acknowledged. Not here: whether they are still there (`after`).
"""

import threading
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    ACKNOWLEDGED = "acknowledged"
    #: By the rule that applies: used already, revoked, expired.
    REFUSED = "refused"
    #: 503 and the like: nothing was done, or it cannot be told.
    UNAVAILABLE = "unavailable"
    #: No answer: the connection broke.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """Tokens that an application was given."""

    client_id: str
    rpps: str
    sub: str
    sid: str


@dataclass
class Ledger:
    """Of one run; several threads write."""

    counts: Counter[tuple[str, Outcome]] = field(default_factory=Counter)
    #: Of each value that may be used once: how often it was.
    uses: Counter[str] = field(default_factory=Counter)
    issued: list[Issued] = field(default_factory=list)
    #: Of each person the postal addresses that may be there now: the last acknowledged one, and those after it whose
    #: answer was no clear one.
    addresses: dict[str, list[str]] = field(default_factory=dict)
    #: Clients and refresh tokens of theirs whose end was acknowledged.
    revoked: list[tuple[str, str]] = field(default_factory=list)
    #: Of each person how many wrong passwords were told to be wrong.
    wrong: Counter[str] = field(default_factory=Counter)
    #: What cannot be, told as it was seen.
    violations: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, act: str, outcome: Outcome) -> None:
        with self._lock:
            self.counts[act, outcome] += 1

    def used(self, value: str) -> None:
        """A value that may be used once was taken."""
        with self._lock:
            self.uses[value] += 1

    def issue(self, issued: Issued) -> None:
        with self._lock:
            self.issued.append(issued)

    def address(self, rpps: str, line: str, outcome: Outcome) -> None:
        with self._lock:
            may_be = self.addresses.setdefault(rpps, [])
            if outcome is Outcome.ACKNOWLEDGED:
                may_be[:] = [line]
            elif outcome is not Outcome.REFUSED:
                may_be.append(line)

    def revoke(self, client_id: str, token: str) -> None:
        with self._lock:
            self.revoked.append((client_id, token))

    def was_wrong(self, rpps: str) -> None:
        with self._lock:
            self.wrong[rpps] += 1

    def violation(self, told: str) -> None:
        with self._lock:
            self.violations.append(told)

    def total(self, outcome: Outcome) -> int:
        return sum(number for (_act, found), number in self.counts.items() if found is outcome)
