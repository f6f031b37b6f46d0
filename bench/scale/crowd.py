"""A million persons in PostgreSQL and Redis, made of what a few real sign-ins left there.

Contains multiplying rows and records by what the stores themselves say of them: so no adapter need be known. Not here:
who they are made of (`bench.peers.caducee`).
"""

import os
import random
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql
from redis import Redis

_AHEAD = 2000
#: Records of one person that live as long as a session.
_LONG_LIFE_MS = 30 * 60 * 1000
_DAY_US = 86_400_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    accounts: int = 1_000_000
    sessions: int = 1_000_000
    events: int = 10_000_000


def rpps_of_crowd(rank: int) -> str:
    """Returns the number of the person of this rank, from 1."""
    return f"3{rank:010d}"


def fill_postgresql(address: str, crowd: Crowd, template_rpps: str) -> None:
    """Multiply one account with its rows, a grant each, and the audit rows that there are, over the year before now."""
    with psycopg.connect(address.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '512MB'")
        connection.execute("SET synchronous_commit = off")
        # Rows made of each other need no look at what they refer to.
        connection.execute("SET session_replication_role = replica")
        found = connection.execute("SELECT id FROM accounts WHERE rpps = %s", [template_rpps]).fetchone()
        assert found is not None
        _multiply(connection, "accounts", crowd.accounts, _ACCOUNT, "id", found[0])
        for table in ("charter_acceptances", "account_proofs"):
            _multiply(connection, table, crowd.accounts, {"account_id": _ID}, "account_id", found[0])
        _multiply(connection, "grants", crowd.accounts, _GRANT, "account_id", found[0])
        _multiply_events(connection, crowd)
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")


_ID = "'crowd-' || n"
_ACCOUNT = {
    "id": _ID,
    "subject": "'subject-of-crowd-' || n",
    "rpps": "'3' || lpad(n::text, 10, '0')",
    "email": "'crowd' || n || '@example.org'",
    "email_normalised": "'crowd' || n || '@example.org'",
}
_GRANT = {
    "id": "'grant-' || md5(n::text)",
    "account_id": _ID,
    "sid": "'sid-' || md5(n::text)",
    "granted_at": f"t.granted_at - n % 365 * {_DAY_US}",
}


def _multiply(
    connection: psycopg.Connection, table: str, count: int, changed: Mapping[str, str], key: str, value: str
) -> None:
    """`changed`: SQL of each column that is not that of the template, the first row with this value."""
    with _without_indexes(connection, table):
        names, values = _columns(connection, table, changed)
        connection.execute(
            sql.SQL(
                "INSERT INTO {table} ({names}) SELECT {values} FROM generate_series(1, {count}) n, "
                "(SELECT * FROM {table} WHERE {key} = {value} LIMIT 1) t"
            ).format(
                table=sql.Identifier(table),
                names=names,
                values=values,
                count=sql.Literal(count),
                key=sql.Identifier(key),
                value=sql.Literal(value),
            )
        )


def _multiply_events(connection: psycopg.Connection, crowd: Crowd) -> None:
    """The whole audit of the first days, again and again, each time of somebody else."""
    found = connection.execute("SELECT count(*), max(id) FROM audit_events").fetchone()
    assert found is not None
    present, last = found
    rounds = -(-crowd.events // present)
    # 7919: a prime, so that neighbours in the table are of other persons.
    person = f"'crowd-' || (1 + n * 7919::bigint % {crowd.accounts})"
    changed = {
        "at": f"t.at - n % 365 * {_DAY_US}",
        "account_id": f"CASE WHEN t.account_id IS NULL THEN NULL ELSE {person} END",
    }
    with _without_indexes(connection, "audit_events"):
        names, values = _columns(connection, "audit_events", changed, without=("id",))
        connection.execute(
            sql.SQL(
                "INSERT INTO audit_events ({names}) SELECT {values} FROM generate_series(1, {rounds}) n, "
                "(SELECT * FROM audit_events WHERE id <= {last}) t"
            ).format(names=names, values=values, rounds=sql.Literal(rounds), last=sql.Literal(last))
        )


def _columns(
    connection: psycopg.Connection, table: str, changed: Mapping[str, str], without: Sequence[str] = ()
) -> tuple[sql.Composed, sql.Composed]:
    """Returns the names of the columns, and for each its new value or that of the template `t`."""
    asked = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position",
        [table],
    )
    names = [name for (name,) in asked if name not in without]
    values = [
        sql.SQL(changed[name]) if name in changed else sql.SQL("t.{}").format(sql.Identifier(name))
        for name in names
    ]
    return sql.SQL(", ").join(map(sql.Identifier, names)), sql.SQL(", ").join(values)


class _without_indexes:  # noqa: N801 read as a word in `with`
    """Drop the indexes that hold no constraint, and make them again at the end: at once, not row by row."""

    def __init__(self, connection: psycopg.Connection, table: str) -> None:
        self._connection, self._table = connection, table
        self._definitions: list[str] = []

    def __enter__(self) -> None:
        asked = self._connection.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s AND indexname NOT IN "
            "(SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass)",
            [self._table, self._table],
        )
        for name, definition in asked.fetchall():
            self._definitions.append(definition)
            self._connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))

    def __exit__(self, *_raised: object) -> None:
        for definition in self._definitions:
            self._connection.execute(definition.encode())


def fill_redis(address: str, crowd: Crowd) -> int:
    """Multiply each kind of record that a person's session left. Returns how many records were added."""
    with Redis.from_url(address) as client:
        templates = dict(_templates(client))
        host, port = (
            client.connection_pool.connection_kwargs["host"],
            client.connection_pool.connection_kwargs["port"],
        )
    added = 0
    with socket.create_connection((host, port)) as connection:
        answers = connection.makefile("rb")
        for kind, (record, life) in templates.items():
            for begun in range(0, crowd.sessions, _AHEAD):
                count = min(_AHEAD, crowd.sessions - begun)
                connection.sendall(b"".join(_restore(kind, record, life) for _ in range(count)))
                for _ in range(count):
                    answer = answers.readline()
                    if not answer.startswith(b"+OK"):
                        raise RuntimeError(answer.decode("ascii", "replace"))
                added += count
    return added


def _templates(client: "Redis") -> Iterator[tuple[bytes, tuple[bytes, int]]]:
    """Returns one record of each kind, `<prefix>:<kind>:` by its name, as DUMP gives it, and its life."""
    for name in client.scan_iter(count=1000):
        kind = name.rpartition(b":")[0] + b":"
        life = client.pttl(name)
        record = client.dump(name)
        if b"session" in kind and life > _LONG_LIFE_MS and record is not None:
            yield kind, (record, life)


def _restore(kind: bytes, record: bytes, life: int) -> bytes:
    """`RESTORE name ttl record`, with a life that ends at another time for each, but not during the measurement."""
    name = kind + os.urandom(32).hex().encode()
    words = (b"RESTORE", name, b"%d" % (life + random.randrange(life)), record)  # noqa: S311 no secret
    return b"*4\r\n" + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
