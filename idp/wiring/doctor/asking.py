"""Contains how inquiries are made: beside each other, within a time, the cause of a fault before what follows from it.

Not here: what is asked.
"""

import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, wait
from datetime import timedelta

import structlog

from idp.adapters.http.bounded import NoUsableAnswer
from idp.adapters.sql.backends import DatabaseMissing
from idp.adapters.sql.schema_state import DatabaseUnusable
from idp.core.ephemeral import StoreUnavailable
from idp.core.finding import Finding, Inquiry, NotLookedAt, State, Told, amber, finding, parted, red
from idp.settings import BadSetting
from idp.wiring.operator_errors import OPERATOR_ERRORS, words_of

log = structlog.get_logger()

#: The text of these ends with what to do.
_WITH_REMEDY = (DatabaseMissing, DatabaseUnusable)

_Outcome = Future[tuple[Told, ...]]


def examine_all(inquiries: Sequence[Inquiry], within: timedelta) -> tuple[Finding, ...]:
    """Returns what they find: red first, then amber, and of the same state in the order of the inquiries. One that has
    said nothing in time is red."""
    outcomes: dict[str, _Outcome] = {one.name: Future() for one in inquiries}
    for one in inquiries:
        # A daemon: what hangs keeps no command from its end.
        threading.Thread(target=_make, args=(one, outcomes), daemon=True, name=f"doctor {one.name}").start()
    wait(outcomes.values(), timeout=within.total_seconds())
    found: list[tuple[int, Finding]] = []
    for one in inquiries:
        found += _found(one, outcomes, within)
    return tuple(one for _rank, one in sorted(found, key=lambda ranked: ranked[0]))


_RANKS = {State.RED: 0, State.AMBER: 1, State.GREEN: 3}
_NOT_LOOKED_AT = 2


def _make(one: Inquiry, outcomes: Mapping[str, _Outcome]) -> None:
    outcome = outcomes[one.name]
    try:
        for name in one.after:
            if name in outcomes and _is_red(outcomes[name]):
                raise NotLookedAt(name)
        outcome.set_result(tuple(one.look()))
    except BaseException as error:
        outcome.set_exception(error)


def _is_red(outcome: _Outcome) -> bool:
    """Waits for it."""
    return outcome.exception() is not None or any(state is State.RED for state, *_rest in outcome.result())


def _found(
    one: Inquiry, outcomes: Mapping[str, _Outcome], within: timedelta
) -> Iterable[tuple[int, Finding]]:
    outcome = outcomes[one.name]
    if not outcome.done():
        before = next((name for name in one.after if name in outcomes and not outcomes[name].done()), None)
        if before is not None:
            yield _NOT_LOOKED_AT, finding(one.name, amber(str(NotLookedAt(before)), ""))
        else:
            late = f"no answer within {within.total_seconds():.0f} s"
            yield (
                _RANKS[State.RED],
                finding(one.name, red(late, one.remedy or "look at what it asks, and the network")),
            )
        return
    error = outcome.exception()
    if isinstance(error, NotLookedAt):
        yield _NOT_LOOKED_AT, finding(one.name, amber(str(error), ""))
        return
    for told in outcome.result() if error is None else _told_of(one, error):
        yield _RANKS[told[0]], finding(one.name, told)


def _told_of(one: Inquiry, error: BaseException) -> Iterable[Told]:
    """Yields what an operator reads of a look that failed: never a traceback."""
    if isinstance(error, BadSetting):
        for fault in error.faults:
            yield red(str(fault), "docs/settings.md")
    elif isinstance(error, _WITH_REMEDY):
        yield red(*parted(str(error)))
    elif isinstance(error, StoreUnavailable):
        yield red(str(error) or "it does not answer", "look at the server, and at `store_down` in the log")
    elif isinstance(error, (*OPERATOR_ERRORS, NoUsableAnswer)):
        yield red(words_of(error), one.remedy)
    else:
        log.error("inquiry_failed", inquiry=one.name, kind=type(error).__name__)
        yield red(f"it could not be looked at: {type(error).__name__}", "report it, with this line")
