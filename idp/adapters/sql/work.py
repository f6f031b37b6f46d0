"""`UnitOfWork` on SQL: when statements reach the database, alone or together (docs/adr/0034).

Contains reading without a transaction, steps of their own, and writes that wait for the end of their unit. Not here:
how they are committed (`commits`), what is read and written.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from idp.adapters.sql.commits import Write, commit, commit_in_turn, run_alone, run_each
from idp.adapters.sql.database import writing
from idp.adapters.sql.execution import ConnectionBroken, ConnectionLate, Result
from idp.adapters.sql.outages import errors_named
from idp.adapters.sql.statement import Statement
from idp.adapters.unit import Unit, in_request, in_unit, present_request, present_unit
from idp.core.ephemeral import StoreUnavailable
from idp.core.measures import RETRIES


@dataclass(frozen=True, slots=True)
class SqlUnitOfWork:
    database: Engine

    def request(self) -> AbstractContextManager[None]:
        return in_request()

    def together(self) -> AbstractContextManager[None]:
        return in_unit(self._commit, _roll_back)

    @contextmanager
    def as_one_step(self) -> Iterator[None]:
        with self.together(), writing(self.database):  # `run` joins the transaction, now that it has begun.
            yield

    def _commit(self, unit: Unit) -> None:
        if unit.is_spoilt:
            raise RuntimeError("a write failed, and its exception did not leave the unit of work")
        request = present_request()
        if request is not None:
            # Before the others: they may tell of it.
            unit.writes[:0] = request.taken_along(_WriteLater(self.database))
        if unit.transaction is not None:
            with errors_named(self.database):
                run_each(unit.transaction.connection, _dialect(self.database), unit.writes)
                unit.transaction.commit()
                unit.closing.close()
        elif unit.writes:
            commit(self.database, unit.writes)


def fetch(database: Engine, statement: Statement, **values: Any) -> Sequence[Any]:
    """Returns the rows of one SELECT, which needs no transaction of its own. Raises StoreUnavailable."""
    return run(database, statement, **values).rows


def run(database: Engine, statement: Statement, **values: Any) -> Result:
    """Run one statement as a step of its own, committed before it returns; in the transaction of the present unit once
    that has one. Raises StoreUnavailable; for a write also when its outcome is unknown.
    """
    planned = _planned(database, statement, values)
    unit = present_unit()
    if planned.compiled.writes is not None or (unit is not None and unit.transaction is not None):
        return _step(database, [planned])[0]
    try:
        return run_alone(database, planned.compiled, planned.values)
    except StoreUnavailable as error:
        if not isinstance(error.__cause__, ConnectionBroken) or isinstance(error.__cause__, ConnectionLate):
            raise
    # What was only read may be read again, on a connection that lives.
    RETRIES.of("sql read").add()
    return run_alone(database, planned.compiled, planned.values)


def run_in_turn(database: Engine, *steps: tuple[Statement, dict[str, Any]]) -> Sequence[Result]:
    """Run several, each of which sees what those before it did, as one step: they are committed together."""
    planned = [_planned(database, statement, values) for statement, values in steps]
    return _step(database, planned)


def write(database: Engine, statement: Statement, *, refusal: Exception | None = None, **values: Any) -> None:
    """Write with the present unit, at its end; without one, at once. Raises StoreUnavailable, and the refusal."""
    planned = _planned(database, statement, values, refusal)
    unit = present_unit()
    if unit is None:
        commit(database, [planned])
    else:
        unit.writes.append(planned)


def write_later(database: Engine, statement: Statement, **values: Any) -> None:
    """Write with the present unit, or with the next one of this request, at its end at the latest."""
    request = present_request()
    if request is None or present_unit() is not None:
        write(database, statement, **values)
        return
    request.put_off(_WriteLater(database), _planned(database, statement, values))


def write_waiting(database: Engine, statement: Statement, **row: Any) -> None:
    """Write now what waits for the end of this request, if some of it changes this row, named as in the statement."""
    request = present_request()
    if request is not None and request.waiting:
        later, encoders = _WriteLater(database), statement.on(_dialect(database)).encoders
        sent = {name: encoders[name](value) for name, value in row.items()}
        if any(sent.items() <= one.values.items() for one in request.waiting.get(later, ())):
            # In the transaction of the present unit once that has one: no other could write beside it.
            _step(database, request.taken_along(later))


@dataclass(frozen=True, slots=True)
class _WriteLater:
    database: Engine

    def __call__(self, writes: list[Any]) -> None:
        commit(self.database, writes)


def _dialect(database: Engine) -> str:
    return database.dialect.name


def _planned(
    database: Engine, statement: Statement, values: dict[str, Any], refusal: Exception | None = None
) -> Write:
    compiled = statement.on(_dialect(database))
    return Write(compiled, compiled.values(values), refusal)


def _step(database: Engine, writes: Sequence[Write]) -> Sequence[Result]:
    unit = present_unit()
    if unit is None or unit.transaction is None:
        return commit(database, writes) if len(writes) == 1 else commit_in_turn(database, writes)
    with errors_named(database), unit.spoilt_by_an_exception():
        return run_each(unit.transaction.connection, _dialect(database), writes)


def _roll_back(unit: Unit) -> None:
    # What cannot be rolled back is: its connection broke.
    with suppress(DBAPIError):
        unit.closing.close()
