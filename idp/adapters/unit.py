"""The unit of work of the present thread, as stores and repositories see it (docs/adr/0034).

Contains the request and the block of writes that the thread is in, if any. A thread serves one request at a time, so
nothing is passed along. Not here: a database (`adapters/sql/work`), a command (`adapters/redis_store`).
"""

import threading
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import structlog

from idp.core.ephemeral import StoreUnavailable

log = structlog.get_logger()

#: Writes what was put aside: called once, before the commit of a unit or at the end of a request.
Later = Callable[[list[Any]], None]
#: Of a commit; refused: nothing was written.
Outcome = Literal["committed", "refused", "unknown"]


@dataclass(slots=True)
class Request:
    """What one request remembers, and what may wait until its end."""

    memory: dict[Hashable, Any] = field(default_factory=dict)
    waiting: dict[Later, list[Any]] = field(default_factory=dict)

    def put_off(self, write: Later, command: Any) -> None:
        self.waiting.setdefault(write, []).append(command)

    def taken_along(self, write: Later) -> list[Any]:
        """Returns what waits for this writer, which sends it together with its next command."""
        return self.waiting.pop(write, [])

    def finish(self) -> None:
        waiting, self.waiting = self.waiting, {}
        try:
            for write, commands in waiting.items():
                write(commands)
        except StoreUnavailable as error:
            # What may wait may be missing too: the answer is right without it.
            log.warning("request_end_not_written", error=str(error))


@dataclass(slots=True, kw_only=True)
class Unit:
    """The writes of one block, in their order."""

    #: Of the database. What they are only `adapters/sql/work` knows.
    writes: list[Any] = field(default_factory=list)
    #: Of other servers: they go before the commit.
    ahead: dict[Later, list[Any]] = field(default_factory=dict)
    #: The transaction that some write could not do without; None: all wait for the end of the block.
    transaction: Any = None
    #: What ends with it.
    closing: ExitStack = field(default_factory=ExitStack)
    #: A write of its transaction failed: there is no more a whole to commit.
    is_spoilt: bool = False
    #: Who is told how it ended (`ended(Outcome)`, which must not raise), by what they are found under until then.
    at_end: dict[Hashable, Any] = field(default_factory=dict)

    @contextmanager
    def spoilt_by_an_exception(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.is_spoilt = True
            raise

    def put_ahead(self, write: Later, command: Any) -> None:
        self.ahead.setdefault(write, []).append(command)

    def send_ahead(self) -> None:
        # What was committed stays; what another server keeps expires. So if one of the two is down, it is not a refresh
        # token used up for an access token that nobody has (facts/security §4.2).
        for write, commands in self.ahead.items():
            write(commands)

    def tell(self, outcome: Outcome) -> None:
        for one in self.at_end.values():
            one.ended(outcome)


def outcome_after(error: BaseException) -> Outcome:
    """Returns what became of a commit that raised this: a store that answered has written nothing."""
    is_known = isinstance(error, Exception) and not isinstance(error, StoreUnavailable)
    return "refused" if is_known else "unknown"


class _Present(threading.local):
    request: Request | None = None
    unit: Unit | None = None


_present = _Present()


def present_request() -> Request | None:
    return _present.request


def present_unit() -> Unit | None:
    return _present.unit


class in_request:  # noqa: N801 - a `with` block; as a generator it would cost twice as much, at each request
    """A request within a request (an endpoint calls another) is part of it."""

    __slots__ = ("_request",)

    def __enter__(self) -> None:
        self._request = None if _present.request is not None else Request()
        if self._request is not None:
            _present.request = self._request

    def __exit__(self, kind: object, *_error: object) -> None:
        if self._request is None:
            return
        try:
            if kind is None:
                self._request.finish()
        finally:
            _present.request = None


class in_unit:  # noqa: N801 - as `in_request`
    """`commit`: called on leaving without an exception; `roll_back`: after any, also one of the commit."""

    __slots__ = ("_commit", "_roll_back", "_unit")

    def __init__(self, commit: Callable[[Unit], None], roll_back: Callable[[Unit], None]) -> None:
        self._commit, self._roll_back = commit, roll_back

    def __enter__(self) -> None:
        # A block within a block is part of it.
        self._unit = None if _present.unit is not None else Unit()
        if self._unit is not None:
            _present.unit = self._unit

    def __exit__(self, kind: object, *_error: object) -> None:
        if self._unit is None:
            return
        # A transaction that the commit itself begins is none of the unit's, which nobody would end.
        _present.unit = None
        try:
            self._end(self._unit, is_good=kind is None)
        finally:
            forget_all()

    def _end(self, unit: Unit, *, is_good: bool) -> None:
        try:
            if is_good:
                unit.send_ahead()
                self._commit(unit)
        except BaseException as error:
            self._roll_back(unit)
            unit.tell(outcome_after(error))
            raise
        if not is_good:
            self._roll_back(unit)
        unit.tell("committed" if is_good else "refused")


def remembered(key: Hashable) -> Any:
    """Returns what this request read under the key; None: nothing, or there is no request."""
    request = _present.request
    return None if request is None else request.memory.get(key)


def remember(key: Hashable, value: Any) -> None:
    request = _present.request
    if request is not None:
        request.memory[key] = value


def forget(key: Hashable) -> None:
    request = _present.request
    if request is not None:
        request.memory.pop(key, None)


def forget_all() -> None:
    """After a write or a lost race: what comes is decided on what is there now."""
    request = _present.request
    if request is not None:
        request.memory.clear()
