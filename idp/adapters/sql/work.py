"""`UnitOfWork` on SQL: how statements reach the database, alone or together (docs/adr/0034).

Contains reading without a transaction, writes that wait for the end of their unit, and their one commit: on PostgreSQL
one statement, on SQLite one transaction shared with other requests. Not here: what is read and written.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, PoolProxiedConnection

from idp.adapters.sql.backends import driver_of
from idp.adapters.sql.database import discard, outage_named, turns_of, writing
from idp.adapters.sql.execution import ConnectionBroken, NothingChanged, Result
from idp.adapters.sql.group_commit import Batch
from idp.adapters.sql.statement import Compiled, Statement, may_be_combined
from idp.adapters.unit import Unit, in_request, in_unit, present_request, present_unit
from idp.core.ephemeral import StoreUnavailable


@dataclass(frozen=True, slots=True)
class Write:
    """`refusal`: raised when it changes no row, and nothing of its unit is written; None: that is as good."""

    compiled: Compiled
    values: Mapping[str, Any]
    refusal: Exception | None


@dataclass(frozen=True, slots=True)
class SqlUnitOfWork:
    database: Engine

    def request(self) -> AbstractContextManager[None]:
        return in_request()

    def together(self) -> AbstractContextManager[None]:
        return in_unit(self._commit, _close)

    def _commit(self, unit: Unit) -> None:
        request = present_request()
        if request is not None:
            # Before the others: they may tell of it.
            unit.writes[:0] = request.taken_along(_WriteLater(self.database))
        if unit.transaction is not None:
            with outage_named():
                _run_each(unit.transaction.connection, _dialect(self.database), unit.writes)
                unit.transaction.commit()
            _close(unit)
        elif unit.writes:
            _COMMIT[_dialect(self.database)](self.database, unit.writes)


def fetch(database: Engine, statement: Statement, **values: Any) -> Sequence[Any]:
    """Returns the rows of one SELECT, which needs no transaction of its own. Raises StoreUnavailable."""
    return run(database, statement, **values).rows


def run(database: Engine, statement: Statement, **values: Any) -> Result:
    """Run one statement as a step of its own, committed before it returns; in the transaction of the present unit once
    that has one. Raises StoreUnavailable; for a write also when its outcome is unknown.
    """
    compiled = statement.on(_dialect(database))
    sent = compiled.values(values)
    unit = present_unit()
    if unit is not None and unit.transaction is not None:
        with _errors_named(database):
            return driver_of(_dialect(database)).run(unit.transaction.connection, compiled, sent)
    if compiled.is_write and _dialect(database) == "sqlite":
        (result,) = _written_by_turns(database, [Write(compiled, sent, None)])
        return result
    # What was only read may be read again, on a connection that lives.
    return _alone(database, compiled, sent, tries=1 if compiled.is_write else 2)


def write(database: Engine, statement: Statement, *, refusal: Exception | None = None, **values: Any) -> None:
    """Write with the present unit, at its end; without one, at once. Raises StoreUnavailable, and the refusal."""
    compiled = statement.on(_dialect(database))
    planned = Write(compiled, compiled.values(values), refusal)
    unit = present_unit()
    if unit is None:
        _COMMIT[_dialect(database)](database, [planned])
    else:
        unit.writes.append(planned)


def write_later(database: Engine, statement: Statement, **values: Any) -> None:
    """Write with the present unit, or with the next one of this request, at its end at the latest."""
    request = present_request()
    if request is None or present_unit() is not None:
        write(database, statement, **values)
        return
    compiled = statement.on(_dialect(database))
    request.put_off(_WriteLater(database), Write(compiled, compiled.values(values), None))


def write_waiting(database: Engine, statement: Statement, **row: Any) -> None:
    """Write now what waits for the end of this request, if some of it changes this row, named as in the statement."""
    request = present_request()
    if request is not None and request.waiting:
        later, encoders = _WriteLater(database), statement.on(_dialect(database)).encoders
        sent = {name: encoders[name](value) for name, value in row.items()}
        if any(sent.items() <= one.values.items() for one in request.waiting.get(later, ())):
            later(request.taken_along(later))


@dataclass(frozen=True, slots=True)
class _WriteLater:
    database: Engine

    def __call__(self, writes: list[Any]) -> None:
        _COMMIT[_dialect(self.database)](self.database, writes)


def _dialect(database: Engine) -> str:
    return database.dialect.name


def _close(unit: Unit) -> None:
    """End the transaction: without a commit it is rolled back."""
    unit.closing.close()


@contextmanager
def _errors_named(database: Engine) -> Iterator[None]:
    """What a driver called without SQLAlchemy raises. Raises StoreUnavailable for every outage."""
    dbapi: Any = database.dialect.loaded_dbapi
    answers = (dbapi.IntegrityError, dbapi.DataError, dbapi.ProgrammingError, dbapi.NotSupportedError)
    with outage_named():
        try:
            yield
        except dbapi.Error as error:
            if isinstance(error, answers):
                raise
            raise StoreUnavailable(f"SQL database: {type(error).__name__}") from error


@contextmanager
def _connected(database: Engine) -> Iterator[PoolProxiedConnection]:
    with outage_named():
        raw = database.raw_connection()
        try:
            yield raw
        except ConnectionBroken:
            discard(database, raw)
            raise
        finally:
            raw.close()


def _alone(database: Engine, compiled: Compiled, values: Mapping[str, Any], tries: int) -> Result:
    for _ in range(tries - 1):
        try:
            with _errors_named(database), _connected(database) as raw:
                return driver_of(_dialect(database)).run(raw, compiled, values)
        except StoreUnavailable as error:
            if not isinstance(error.__cause__, ConnectionBroken):
                raise
    with _errors_named(database), _connected(database) as raw:
        return driver_of(_dialect(database)).run(raw, compiled, values)


def _run_each(raw: PoolProxiedConnection, dialect: str, writes: Sequence[Write]) -> list[Result]:
    """Run them in their order, in the transaction of this connection. Raises the refusal of the first that has one."""
    driver, results = driver_of(dialect), []
    for one in writes:
        result = driver.run(raw, one.compiled, one.values)
        if one.refusal is not None and not result.changed:
            raise one.refusal
        results.append(result)
    return results


# PostgreSQL: a statement is a transaction.


def _write_at_once(database: Engine, writes: Sequence[Write]) -> None:
    if len(writes) == 1:
        (only,) = writes
        result = _alone(database, only.compiled, only.values, tries=1)
        if only.refusal is not None and not result.changed:
            raise only.refusal
        return
    if may_be_combined([(one.compiled, one.values) for one in writes]):
        statements = [(one.compiled, one.values, one.refusal is not None) for one in writes]
        driver: Any = driver_of("postgresql")
        try:
            with _errors_named(database), _connected(database) as raw:
                driver.run_together(raw, statements)
        except NothingChanged:
            pass  # Which of them it was is learnt below.
        else:
            return
    with writing(database) as connection, _errors_named(database):
        _run_each(_raw(connection), "postgresql", writes)


def _raw(connection: Connection) -> PoolProxiedConnection:
    raw: PoolProxiedConnection = connection.connection
    return raw


# SQLite: one thread writes for all that wait.


def _write_by_turns(database: Engine, writes: Sequence[Write]) -> None:
    _written_by_turns(database, writes)


def _written_by_turns(database: Engine, writes: Sequence[Write]) -> list[Result]:
    with _errors_named(database):
        results: list[Result] = turns_of(database).write(
            writes, lambda batches: _commit_batches(database, batches)
        )
    return results


def _commit_batches(database: Engine, batches: Sequence[Batch]) -> None:
    """Raises what the driver raises: none of them was written."""
    with _connected(database) as raw:
        connection: Any = raw.driver_connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            for batch in batches:
                _run_batch(raw, connection, batch)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def _run_batch(raw: PoolProxiedConnection, connection: Any, batch: Batch) -> None:
    """One that is refused takes nothing of the others with it."""
    connection.execute("SAVEPOINT batch")
    try:
        batch.outcome = _run_each(raw, "sqlite", batch.work)
    except BaseException as error:
        # SQLite ended the whole transaction itself (a full disk): nobody's batch was written.
        if not connection.in_transaction:
            raise
        connection.execute("ROLLBACK TO batch")
        batch.error = error
    connection.execute("RELEASE batch")


_COMMIT = {"postgresql": _write_at_once, "sqlite": _write_by_turns}
