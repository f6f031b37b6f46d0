"""The verdict over checks: what makes a node unready, what only degrades it, and what the log hears of it."""

from collections.abc import Callable

from idp.core.ephemeral import StoreUnavailable
from idp.core.readiness import Check, Readiness, Status
from tests.logged import logged_here

Wrong = Callable[[], str | None]


def well() -> None:
    return None


def a(name: str, wrong: Wrong, *, needed: bool = False, after: str = "", measured: bool = False) -> Check:
    makes = Status.UNAVAILABLE if needed else Status.DEGRADED
    return Check(name=name, wrong=wrong, makes=makes, after=after, is_measured=measured)


def test_the_worst_fault_is_the_status_and_each_has_its_line() -> None:
    verdict = Readiness((a("database", well, needed=True), a("disk", lambda: "2 % free"))).judge()
    assert (verdict.status, verdict.is_ready) == (Status.DEGRADED, True)
    assert verdict.lines == ("degraded: disk: 2 % free",)
    worse = Readiness((a("disk", lambda: "2 % free"), a("charter", lambda: "none", needed=True))).judge()
    assert (worse.status, worse.is_ready, len(worse.faults)) == (Status.UNAVAILABLE, False, 2)
    assert Readiness(()).judge().status is Status.READY


def test_what_a_fault_explains_is_not_looked_at() -> None:
    def unreachable() -> str | None:
        raise AssertionError

    checks = (a("database", lambda: "silent", needed=True), a("schema", unreachable, after="database"))
    assert [fault.check.name for fault in Readiness(checks).judge().faults] == ["database"]


def test_a_check_that_the_store_keeps_from_looking_finds_nothing() -> None:
    def away() -> str | None:
        raise StoreUnavailable

    assert Readiness((a("lists", away),)).judge().status is Status.READY


def test_the_log_hears_of_each_change_once_and_not_of_a_number_that_moves() -> None:
    free = iter((4, 3, 2))
    says: list[str | None] = ["a.yaml:1", "a.yaml:1", "a.yaml:2"]
    readiness = Readiness(
        (a("disk", lambda: f"{next(free)} %", measured=True), a("file", lambda: says.pop(0)))
    )
    with logged_here() as lines:
        for _ in range(3):
            readiness.judge()
    assert [line["reasons"] for line in lines] == [
        ["degraded: disk: 4 %", "degraded: file: a.yaml:1"],
        ["degraded: disk: 2 %", "degraded: file: a.yaml:2"],
    ]
