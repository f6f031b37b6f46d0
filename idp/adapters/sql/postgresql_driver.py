"""A compiled statement on a connection of psycopg, by the functions of libpq: psycopg's own cursors cost three times as
much (docs/performance.md).

Contains preparing, several statements as one, errors by their SQLSTATE. Not here: a transaction (`work`).
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import PoolProxiedConnection

from idp.adapters.sql.combined import combined
from idp.adapters.sql.execution import ConnectionBroken, ConnectionLate, DriverMissing, NothingChanged, Result
from idp.adapters.sql.statement import Compiled

try:
    import psycopg
    from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus, TransactionStatus
except ImportError:
    raise DriverMissing("PostgreSQL needs its driver: pip install 'caducee[postgresql]'") from None

from idp.adapters.sql.patience import PatientConnection

_GOOD = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)
#: The server forgot what was prepared (a pooler between us and it), or the table changed under it (a migration).
_PREPARE_AGAIN = (b"26000", b"0A000")
_PREPARED_ALREADY = b"42P05"
_PREPARED = "caducee_prepared"


class PostgresqlDriver:
    error: type[Exception] = psycopg.Error
    answers: tuple[type[Exception], ...] = (
        psycopg.IntegrityError,
        psycopg.DataError,
        psycopg.ProgrammingError,
        psycopg.NotSupportedError,
    )

    def run(self, raw: PoolProxiedConnection, compiled: Compiled, values: Mapping[str, Any]) -> Result:
        result = _run_prepared(raw, compiled.text, [*map(values.__getitem__, compiled.names)])
        rows = [compiled.decoded(partial(result.get_value, number)) for number in range(result.ntuples)]
        return Result(rows, result.command_tuples or 0)

    def run_together(
        self,
        raw: PoolProxiedConnection,
        statements: Sequence[tuple[Compiled, Mapping[str, Any]]],
        required: tuple[bool, ...],
    ) -> None:
        """Run them as one statement, which is one transaction.

        `required`: of each, whether it has to change a row. Raises NothingChanged.
        """
        text = combined(tuple(compiled for compiled, _ in statements), required)
        given: list[bytes | None] = []
        for compiled, values in statements:
            given.extend(map(values.__getitem__, compiled.names))
        try:
            _run_prepared(raw, text, given)
        except psycopg.errors.DivisionByZero as error:
            raise NothingChanged from error


def begin(connection: PatientConnection) -> None:
    """Begin a transaction, before the first statement as after it. Raises ConnectionBroken."""
    pgconn = connection.pgconn
    try:
        pgconn.send_query(b"BEGIN")
        result = connection.answer()
    except psycopg.OperationalError as error:
        raise _broken(connection) from error
    _checked(pgconn, result)


def is_over(connection: PatientConnection) -> bool:
    """Whether the server closed this idle connection or is about to: known without asking it, by whatever it sent.

    Its last words come before the end of the stream, at times long before. Or it no longer answers at all.
    """
    pgconn = connection.pgconn
    if pgconn.status != ConnStatus.OK or connection.is_doubtful:
        return True
    return bool(connection.unread.poll(0))


def _run_prepared(raw: PoolProxiedConnection, text: str, values: Sequence[bytes | None]) -> Any:
    connection: Any = raw.driver_connection
    pgconn = connection.pgconn
    # libpq takes a text up to its first NUL: another key than the one asked for.
    if b"\0" in b"".join(filter(None, values)):
        raise ValueError("a text with NUL")
    # Of this connection of the server: SQLAlchemy keeps it as long as that.
    prepared: dict[str, bytes] = raw.info.setdefault(_PREPARED, {})
    try:
        name = prepared.get(text) or _prepare(connection, prepared, text, _name_of(text))
        pgconn.send_query_prepared(name, values)
        result = connection.answer()
        if result.status in _GOOD:
            return result
        if result.error_field(DiagnosticField.SQLSTATE) in _PREPARE_AGAIN:
            _require_idle(raw, pgconn)
            # It was not run, so it may be run again; under another name, since the server may still know this one.
            pgconn.send_query_prepared(_prepare(connection, prepared, text, name + b"r"), values)
            result = connection.answer()
    except psycopg.OperationalError as error:
        if pgconn.status != ConnStatus.OK:
            raise _broken(connection) from error
        raise
    return _checked(pgconn, result)


def _broken(connection: PatientConnection) -> ConnectionBroken:
    return ConnectionLate() if connection.is_doubtful else ConnectionBroken()


def _require_idle(raw: PoolProxiedConnection, pgconn: Any) -> None:
    """Raises ConnectionBroken: within a transaction, which is lost, and with it what was prepared on its connection."""
    if pgconn.transaction_status != TransactionStatus.IDLE:
        raw.invalidate()
        raise ConnectionBroken


def _prepare(connection: PatientConnection, prepared: dict[str, bytes], text: str, name: bytes) -> bytes:
    connection.pgconn.send_prepare(name, text.encode())
    result = connection.answer()
    if result.error_field(DiagnosticField.SQLSTATE) != _PREPARED_ALREADY:
        _checked(connection.pgconn, result)
    prepared[text] = name
    return name


@lru_cache(maxsize=1024)
def _name_of(text: str) -> bytes:
    """Returns a name that stands for this text alone: behind a pooler, others prepare on the same connection."""
    return b"caducee_%s" % hashlib.sha256(text.encode()).hexdigest()[:32].encode()


def _checked(pgconn: Any, result: Any) -> Any:
    """Raises ConnectionBroken, and psycopg's exception for what the server refused; its text names no value."""
    if result.status in _GOOD:
        return result
    if pgconn.status != ConnStatus.OK:
        raise ConnectionBroken
    state = (result.error_field(DiagnosticField.SQLSTATE) or b"XX000").decode()
    try:
        refused = psycopg.errors.lookup(state)
    except KeyError:
        refused = psycopg.DatabaseError
    # The server's own text quotes the values of a unique constraint.
    raise refused(f"SQLSTATE {state}")
