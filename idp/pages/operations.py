"""Contains the view-model of the administrators' page: numbers, names of ours, instants in words; nothing of a person.

Not here: where they come from (`wiring/operations_page`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

#: By the place of a kind among those of its plot.
LOOKS = ("first", "second", "third")
#: Of a plot, in units of its drawing: an hour, the highest bar, the line it stands on.
_HOUR, _HIGHEST, _GROUND = 12, 60, 64
_TICK_EVERY = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A rectangle of a plot. `look`: one of LOOKS, or "unknown": an hour that was not counted yet."""

    look: str
    x: int
    y: int
    height: int


@dataclass(frozen=True, slots=True)
class Tick:
    x: int
    hour: str


@dataclass(frozen=True, slots=True)
class HourView:
    """`numbers`: in the order of the plot's kinds; None: not counted yet."""

    hour: str
    numbers: tuple[int, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """`name`, `kinds`: of keys `operations.plot_*` and `operations.kind_*`. `is_open`: None where it is no door."""

    name: str
    kinds: tuple[str, ...]
    hours: tuple[HourView, ...]
    is_open: bool | None = None

    @property
    def totals(self) -> tuple[tuple[str, str, int], ...]:
        """Returns of each kind its look and its sum."""
        known = [one.numbers for one in self.hours if one.numbers is not None]
        return tuple(
            (kind, LOOKS[at], sum(numbers[at] for numbers in known)) for at, kind in enumerate(self.kinds)
        )

    @property
    def most(self) -> int:
        """Returns how many there were in the hour with most."""
        return max((sum(one.numbers) for one in self.hours if one.numbers is not None), default=0)

    @property
    def width(self) -> int:
        return _HOUR * len(self.hours)

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """Returns the bars, each kind above the one before."""
        drawn: list[Piece] = []
        for at, hour in enumerate(self.hours):
            x = at * _HOUR + 1
            if hour.numbers is None:
                drawn.append(Piece(look="unknown", x=x, y=_GROUND - _HIGHEST, height=_HIGHEST))
                continue
            top = _GROUND
            for look, number in zip(LOOKS, hour.numbers, strict=False):
                # One of a thousand is seen too.
                height = max(round(number * _HIGHEST / self.most), 2) if number else 0
                top -= height
                if height:
                    drawn.append(Piece(look=look, x=x, y=top, height=height))
        return tuple(drawn)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        return tuple(Tick(at * _HOUR, self.hours[at].hour) for at in range(0, len(self.hours), _TICK_EVERY))


@dataclass(frozen=True, slots=True)
class Reason:
    """`door`: of keys `operations.plot_*`. `reason`: as the audit trail has it."""

    door: str
    reason: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DayView:
    counted_at: str
    is_complete: bool
    plots: tuple[Plot, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueView:
    """`name`: of keys `operations.queue_*`. `oldest`: since when the oldest waits; empty: none does."""

    name: str
    number: int
    oldest: str
    is_late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneView:
    """`state`: `alive`, `failing`, `missing`. `processes`: that give a sign that they do it."""

    name: str
    state: str
    processes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkView:
    queues: tuple[QueueView, ...]
    lanes: tuple[LaneView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyView:
    """In milliseconds, at most; None: beyond what is measured. `endpoint`: an address of Pro Santé Connect."""

    endpoint: str
    calls: int
    half: int | None
    most: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PscView:
    """`state`: `up`, `out`, `misconfigured`. `latencies`: of this node since it began."""

    state: str
    latencies: tuple[LatencyView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyView:
    """`until`: empty: no end is known."""

    kid: str
    alg: str
    state: str
    since: str
    until: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndView:
    """`name`: what ends."""

    name: str
    at: str
    days: int
    is_soon: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientView:
    """`codes`: of the last day. `used`: when last; empty: not since `searched_to`, or where that is empty, not known.
    `ends`: of its secrets, keys, certificates."""

    client_id: str
    name: str
    codes: int
    used: str
    ends: tuple[EndView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientsView:
    clients: tuple[ClientView, ...]
    searched_to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CharterView:
    """`revision`: empty where none is published. `accepted`, `left`: None where they are too many to count."""

    revision: str = ""
    published_on: str = ""
    accepted: int | None = None
    left: int | None = None
    counted_at: str = ""

    @property
    def percent(self) -> int | None:
        if self.accepted is None or self.left is None or not self.accepted + self.left:
            return None
        return self.accepted * 100 // (self.accepted + self.left)


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationsPage:
    """A part that is None cannot be told now; `psc` and `lists` also where there is none. `lines`: of the node's
    readiness, in English as commands have them. `lists`: authorities without a revocation list. `backup`: when the
    newest was taken; empty: none is known."""

    node: str
    at: str
    status: str
    lines: Sequence[str]
    day: DayView | None
    clients: ClientsView | None
    work: WorkView | None
    psc: PscView | None
    keys: tuple[KeyView, ...]
    certificates: tuple[EndView, ...]
    lists: int | None
    backup: str | None
    charter: CharterView | None
