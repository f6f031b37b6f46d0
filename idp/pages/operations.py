"""Contains the view-model of the administrators' page: numbers, names of ours, instants in words; nothing of a person.

Not here: where they come from (`wiring/operations_page`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from idp.pages.operations_day import DayView


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
    """`revision`: in force; empty where none is. `accepted`, `left`: of that one; None where they are too many to
    count. `announced`: the next one, due from `due_from`, which `waiting` people have yet to accept; empty: none is."""

    revision: str = ""
    published_on: str = ""
    accepted: int | None = None
    left: int | None = None
    announced: str = ""
    due_from: str = ""
    waiting: int | None = None
    counted_at: str = ""

    @property
    def percent(self) -> int | None:
        if self.accepted is None or self.left is None or not self.accepted + self.left:
            return None
        return self.accepted * 100 // (self.accepted + self.left)


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """`state`: `red`, `amber`, `green`. In English, as the command says it."""

    name: str
    state: str
    says: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingsView:
    """What `idp doctor` says. `wrong`: red first."""

    at: str
    wrong: tuple[FindingView, ...]
    well: tuple[FindingView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeansView:
    """A means of identification in words, and how many of the rules in force it keeps."""

    name: str
    is_open: bool
    met: int
    not_met: int
    not_ours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenRuleView:
    """`asks`: what the rule asks for, in words."""

    means: str
    rule: str
    asks: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformityView:
    """`broken`: rules in force that an open means does not keep."""

    at: str
    means: tuple[MeansView, ...]
    broken: tuple[BrokenRuleView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationsPage:
    """A part that is None cannot be told now; `psc` and `lists` also where there is none. `lines`: of the node's
    readiness, in English as commands have them. `lists`: authorities without a revocation list. `backup`: when the
    newest was taken; empty: none is known."""

    node: str
    at: str
    status: str
    lines: Sequence[str]
    #: None: the first look is not over.
    findings: FindingsView | None
    day: DayView | None
    clients: ClientsView | None
    work: WorkView | None
    psc: PscView | None
    keys: tuple[KeyView, ...]
    certificates: tuple[EndView, ...]
    lists: int | None
    backup: str | None
    charter: CharterView | None
    #: None: the rules, or what they judge, cannot be read.
    conformity: ConformityView | None

    @property
    def standing(self) -> str:
        """Returns `status`; what `doctor` finds red is to be acted on, though people can sign in."""
        is_red = self.findings is not None and any(one.state == "red" for one in self.findings.wrong)
        return "degraded" if is_red and self.status == "ready" else self.status
