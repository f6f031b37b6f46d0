"""The ledger: what was asked, and what was answered.

Contains counts by outcome, in all and of the time of one damage, and the facts that were acknowledged. Not here:
whether they are still there (`after`).
"""

import copy
import threading
from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

#: So many tokens are asked for again after a new epoch.
_HELD = 20


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


@dataclass(frozen=True, slots=True)
class Window:
    """What was answered in the time of one damage."""

    counts: Counter[tuple[str, Outcome]] = field(default_factory=Counter)
    #: Of each act how many seconds the slowest took.
    slowest: dict[str, float] = field(default_factory=dict)

    def of(self, *outcomes: Outcome, act: str = "") -> int:
        """Returns how many answers were one of these; of one act, where it is named."""
        # A copy in one step: others write meanwhile.
        return sum(
            number
            for (name, found), number in self.counts.copy().items()
            if found in outcomes and act in ("", name)
        )

    def longest(self, act: str = "") -> float:
        return max(
            (seconds for name, seconds in self.slowest.copy().items() if act in ("", name)), default=0.0
        )


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the ledger was when a backup began."""

    issued: int
    addresses: dict[str, list[str]]
    wrong: Counter[str]


@dataclass
class Ledger:
    """Of one run; several threads write."""

    whole: Window = field(default_factory=Window)
    #: Since the damage of now began.
    window: Window = field(default_factory=Window)
    #: Of each value that may be used once: how often it was.
    uses: Counter[str] = field(default_factory=Counter)
    issued: list[Issued] = field(default_factory=list)
    #: Of each person the postal addresses that may be there now: the last acknowledged one, and those after it whose
    #: answer was no clear one.
    addresses: dict[str, list[str]] = field(default_factory=dict)
    #: Clients and refresh tokens of theirs that were alive when last heard of.
    held: list[tuple[str, str]] = field(default_factory=list)
    #: Likewise, whose end was acknowledged.
    revoked: list[tuple[str, str]] = field(default_factory=list)
    #: Likewise, given before a new epoch.
    void: list[tuple[str, str]] = field(default_factory=list)
    #: Of each person how many wrong passwords were told to be wrong.
    wrong: Counter[str] = field(default_factory=Counter)
    #: What cannot be, told as it was seen.
    violations: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, act: str, outcome: Outcome | None, seconds: float = 0.0) -> None:
        """`outcome`: None of an act whose parts were counted; only how long it took is noted."""
        with self._lock:
            for window in (self.whole, self.window):
                if outcome is not None:
                    window.counts[act, outcome] += 1
                window.slowest[act] = max(seconds, window.slowest.get(act, 0.0))

    def open_window(self) -> Window:
        with self._lock:
            self.window = Window()
            return self.window

    def used(self, value: str) -> None:
        """A value that may be used once was taken."""
        with self._lock:
            self.uses[value] += 1

    def issue(self, issued: Issued) -> None:
        with self._lock:
            self.issued.append(issued)

    def hold(self, client_id: str, token: str) -> None:
        with self._lock:
            self.held.append((client_id, token))
            del self.held[:-_HELD]

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

    def mark(self) -> Mark:
        """What is here now will be in the backup that begins now."""
        with self._lock:
            return Mark(len(self.issued), copy.deepcopy(self.addresses), self.wrong.copy())

    def restored(self, mark: Mark) -> None:
        """A backup came back, under a new epoch, while nobody asked anything: what was acknowledged after the mark may
        be lost, and what anybody holds is void."""
        with self._lock:
            del self.issued[mark.issued :]
            for rpps, may_be in self.addresses.items():
                may_be[:0] = mark.addresses.get(rpps, [])
            self.wrong = mark.wrong
            self.void += self.held
            self.held.clear()
