"""Whether this node can sign somebody in now, and what is wrong with it, for the operator.

Contains the verdict over checks. Not here: what each looks at (`wiring/readiness`), how it is told.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import structlog

from idp.core.ephemeral import StoreUnavailable

log = structlog.get_logger()


class Status(StrEnum):
    READY = "ready"
    #: It works for now, and the operator must act.
    DEGRADED = "degraded"
    #: Nobody can sign in here.
    UNAVAILABLE = "unavailable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """`wrong`: returns what is wrong in a line for the operator, or None; one that the store keeps from looking finds
    nothing. `makes`: what its fault makes of the node. `after`: not looked at while that one is wrong."""

    name: str
    wrong: Callable[[], str | None]
    makes: Status = Status.DEGRADED
    after: str = ""
    #: What it says has a number in it, which changes at each look.
    is_measured: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    check: Check
    says: str


@dataclass(frozen=True, slots=True)
class Verdict:
    faults: tuple[Fault, ...]

    @property
    def status(self) -> Status:
        made = {fault.check.makes for fault in self.faults}
        return next((one for one in (Status.UNAVAILABLE, Status.DEGRADED) if one in made), Status.READY)

    @property
    def is_ready(self) -> bool:
        return self.status is not Status.UNAVAILABLE

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(f"{fault.check.makes}: {fault.check.name}: {fault.says}" for fault in self.faults)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Tells the log why, once for each change."""

    checks: Sequence[Check]
    _told: list[tuple[str, ...]] = field(default_factory=lambda: [()], init=False)

    def judge(self) -> Verdict:
        faults: dict[str, Fault] = {}
        for check in self.checks:
            if check.after not in faults and (says := _found(check)) is not None:
                faults[check.name] = Fault(check, says)
        verdict = Verdict(tuple(faults.values()))
        reasons = tuple(
            name if fault.check.is_measured else f"{name} {fault.says}" for name, fault in faults.items()
        )
        if self._told[0] != reasons:
            self._told[0] = reasons
            log.warning("readiness_changed", status=str(verdict.status), reasons=list(verdict.lines))
        return verdict


def _found(check: Check) -> str | None:
    try:
        return check.wrong()
    except StoreUnavailable:
        return None
    except Exception as error:
        log.exception("check_failed", check=check.name)
        return f"it could not be looked at: {type(error).__name__}"
