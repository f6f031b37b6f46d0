"""Contains the view-models of the administrators' page that tell of the last day: plots, and why somebody was refused.

Not here: the rest of that page (`operations`).
"""

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
