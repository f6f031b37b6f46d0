"""A compiled statement on a connection of psycopg, by the functions of libpq: psycopg's own cursors cost three times as
much (docs/performance.md).

Contains preparing, several statements as one, errors by their SQLSTATE. Not here: a transaction (`work`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg.pq import ConnStatus, DiagnosticField, ExecStatus
from sqlalchemy import PoolProxiedConnection

from idp.adapters.sql.execution import ConnectionBroken, NothingChanged, Result
from idp.adapters.sql.statement import Compiled, combined

_GOOD = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)
#: The server forgot what was prepared (a pooler between us and it), or the table changed under it (a migration).
_PREPARE_AGAIN = (b"26000", b"0A000")
_PREPARED = "caducee_prepared"


class PostgresqlDriver:
    def begin(self, raw: PoolProxiedConnection) -> None:
        pgconn = raw.driver_connection.pgconn  # type: ignore[union-attr]
        _checked(pgconn, pgconn.exec_(b"BEGIN"))

    def run(self, raw: PoolProxiedConnection, compiled: Compiled, values: Mapping[str, Any]) -> Result:
        result = _run_prepared(raw, compiled.text, [values[name] for name in compiled.names])
        rows = [
            compiled.decoded([result.get_value(row, column) for column in range(result.nfields)])
            for row in range(result.ntuples)
        ]
        return Result(rows, result.command_tuples or 0)

    def run_together(
        self,
        raw: PoolProxiedConnection,
        statements: Sequence[tuple[Compiled, Mapping[str, Any], bool]],
    ) -> None:
        """Run them as one statement, which is one transaction. Raises NothingChanged."""
        text = combined(
            tuple(compiled.text for compiled, _, _ in statements),
            tuple(len(compiled.names) for compiled, _, _ in statements),
            tuple(is_required for _, _, is_required in statements),
        )
        try:
            _run_prepared(
                raw,
                text,
                [values[name] for compiled, values, _ in statements for name in compiled.names],
            )
        except psycopg.errors.DivisionByZero as error:
            raise NothingChanged from error


def _run_prepared(raw: PoolProxiedConnection, text: str, values: Sequence[bytes | None]) -> Any:
    pgconn = raw.driver_connection.pgconn  # type: ignore[union-attr]
    # Of this connection of the server: SQLAlchemy keeps it as long as that.
    prepared: dict[str, bytes] = raw.info.setdefault(_PREPARED, {})
    name = prepared.get(text)
    if name is None:
        name = _prepare(pgconn, prepared, text)
    result = pgconn.exec_prepared(name, values)
    if result.status in _GOOD:
        return result
    if result.error_field(DiagnosticField.SQLSTATE) not in _PREPARE_AGAIN:
        return _checked(pgconn, result)
    prepared.clear()
    pgconn.exec_(b"DEALLOCATE ALL")
    return _checked(pgconn, pgconn.exec_prepared(_prepare(pgconn, prepared, text), values))


def _prepare(pgconn: Any, prepared: dict[str, bytes], text: str) -> bytes:
    name = b"caducee_%d" % len(prepared)
    _checked(pgconn, pgconn.prepare(name, text.encode()))
    prepared[text] = name
    return name


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
