"""How what several statements write becomes one commit: on PostgreSQL one statement, on SQLite one transaction that
is shared with the other requests that wait to write.

Contains the commit of each database. Not here: when (`work`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from sqlalchemy import Engine, PoolProxiedConnection

from idp.adapters.sql.backends import driver_of
from idp.adapters.sql.combined import are_apart
from idp.adapters.sql.database import transaction
from idp.adapters.sql.execution import NothingChanged, Result
from idp.adapters.sql.group_commit import Batch, turns_of
from idp.adapters.sql.kept import kept_by
from idp.adapters.sql.outages import errors_named, outage_in
from idp.adapters.sql.statement import Compiled
from idp.core.measures import STORE_SECONDS

_STATEMENT, _TRANSACTION, _SHARED_COMMIT = (
    STORE_SECONDS.of("sql", call) for call in ("statement", "transaction", "shared_commit")
)


@dataclass(frozen=True, slots=True)
class Write:
    """`refusal`: raised when it changes no row, and nothing of its unit is written; None: that is as good."""

    compiled: Compiled
    values: Mapping[str, Any]
    refusal: Exception | None = None


def commit(database: Engine, writes: Sequence[Write]) -> Sequence[Result]:
    """Write them in their order, all or none. Returns what each gave, where that is known.

    Raises the refusal of the first that has one, and StoreUnavailable.
    """
    return _COMMITS[database.dialect.name](database, writes)


def commit_in_turn(database: Engine, writes: Sequence[Write]) -> Sequence[Result]:
    """The same, where each has to see what those before it did. Returns what each gave."""
    if database.dialect.name == "sqlite":
        return _commit_by_turns(database, writes)
    begun = perf_counter()
    try:
        with transaction(database) as connection, errors_named(database):
            return run_each(connection.connection, database.dialect.name, writes)
    finally:
        _TRANSACTION.took(perf_counter() - begun)


def run_alone(database: Engine, compiled: Compiled, values: Mapping[str, Any]) -> Result:
    """Run one statement on a connection of its own, where it is a transaction. Raises StoreUnavailable."""
    result: Result = _on_connection(database, driver_of(database.dialect.name).run, compiled, values)
    return result


def run_each(raw: PoolProxiedConnection, dialect: str, writes: Sequence[Write]) -> list[Result]:
    """Run them in the transaction of this connection. Raises the refusal of the first that has one, and the errors of
    the driver."""
    driver, results = driver_of(dialect), []
    for one in writes:
        results.append(_required(driver.run(raw, one.compiled, one.values), one))
    return results


def _on_connection(database: Engine, run: Callable[..., Any], *given: Any) -> Any:
    """Returns what `run(connection, *given)` does; it leaves no transaction open. Raises StoreUnavailable."""
    begun = perf_counter()
    try:
        return kept_by(database).use(database, run, *given)
    except Exception as error:
        if (outage := outage_in(error, driver_of(database.dialect.name))) is None:
            raise
        raise outage from error
    finally:
        _STATEMENT.took(perf_counter() - begun)


def _required(result: Result, write: Write) -> Result:
    if write.refusal is not None and not result.changed:
        raise write.refusal
    return result


# PostgreSQL: a statement is a transaction.


def _commit_to_postgresql(database: Engine, writes: Sequence[Write]) -> Sequence[Result]:
    if len(writes) == 1:
        (only,) = writes
        return [_required(run_alone(database, only.compiled, only.values), only)]
    if _are_written_as_one(database, writes):
        return ()
    return commit_in_turn(database, writes)


def _are_written_as_one(database: Engine, writes: Sequence[Write]) -> bool:
    """Returns False: nothing was written. Which of them was refused, if one was, is learnt by running each."""
    statements = [(one.compiled, one.values) for one in writes]
    if not are_apart(statements):
        return False
    required = tuple(one.refusal is not None for one in writes)
    driver: Any = driver_of("postgresql")
    try:
        _on_connection(database, driver.run_together, statements, required)
    except NothingChanged:
        return False
    return True


# SQLite: one thread writes for all that wait.


def _commit_by_turns(database: Engine, writes: Sequence[Write]) -> Sequence[Result]:
    def commit_all(batches: Sequence[Batch]) -> None:
        kept_by(database).use(database, _commit_batches, batches)

    begun = perf_counter()
    try:
        with errors_named(database):
            results: list[Result] = turns_of(database).write(writes, commit_all)
    finally:
        _SHARED_COMMIT.took(perf_counter() - begun)
    return results


def _commit_batches(raw: PoolProxiedConnection, batches: Sequence[Batch]) -> None:
    """Raises what the driver raises: none of them was written."""
    connection: Any = raw.driver_connection
    connection.execute("BEGIN IMMEDIATE")
    try:
        for batch in batches:
            _run_batch(raw, connection, batch)
        connection.execute("COMMIT")
    except BaseException:
        # Closed, and with it the transaction, which a connection that failed may not be able to roll back.
        raw.invalidate()
        raise


def _run_batch(raw: PoolProxiedConnection, connection: Any, batch: Batch) -> None:
    """One that is refused takes nothing of the others with it."""
    connection.execute("SAVEPOINT batch")
    try:
        batch.outcome = run_each(raw, "sqlite", batch.work)
    except BaseException as error:
        # SQLite ended the whole transaction itself (a full disk): nobody's batch was written.
        if not connection.in_transaction:
            raise
        connection.execute("ROLLBACK TO batch")
        batch.error = error
    connection.execute("RELEASE batch")


_COMMITS: Mapping[str, Callable[[Engine, Sequence[Write]], Sequence[Result]]] = {
    "postgresql": _commit_to_postgresql,
    "sqlite": _commit_by_turns,
}
