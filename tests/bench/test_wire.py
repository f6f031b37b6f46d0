"""What the relays of `make bench-check` count, in the octets that the clients write."""

import struct
from collections.abc import Sequence

import pytest

from bench.check.wire import PostgresqlReader, RedisReader, Tally

_STARTUP = struct.pack("!II", 8, 3 << 16)
_TLS_ASKED = struct.pack("!II", 8, 80877103)


def message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def query(text: str) -> bytes:
    return message(b"Q", text.encode() + b"\0")


def prepared(text: str, name: bytes = b"p1") -> bytes:
    """Parse, Bind and Execute, without Sync."""
    bound = message(b"B", b"\0" + name + b"\0" + b"\0\0" * 3)
    return message(b"P", name + b"\0" + text.encode() + b"\0\0\0") + bound + again()


def again() -> bytes:
    return message(b"E", b"\0\0\0\0\0")


SYNC = message(b"S")


def counted(
    bursts: Sequence[bytes], *, by: type[PostgresqlReader] | type[RedisReader] = PostgresqlReader
) -> Tally:
    tally = Tally()
    reader = by(tally)
    if by is PostgresqlReader:
        reader.read(_TLS_ASKED, is_new_burst=True)
        reader.read(_STARTUP, is_new_burst=True)
    for burst in bursts:
        reader.read(burst, is_new_burst=True)
    return tally


@pytest.mark.parametrize(
    ("bursts", "statements", "trips", "commits"),
    [
        ([prepared("SELECT 1") + SYNC], 1, 1, 0),
        ([prepared("SELECT 1 FROM accounts FOR UPDATE") + SYNC], 1, 1, 0),
        ([prepared("INSERT INTO grants VALUES ($1)") + SYNC], 1, 1, 1),
        ([prepared("WITH a AS (INSERT INTO x VALUES (1)) SELECT 1") + SYNC], 1, 1, 1),
        ([query("BEGIN"), prepared("UPDATE a SET b = 1") + SYNC, query("COMMIT")], 1, 3, 1),
        ([query("BEGIN"), prepared("UPDATE a SET b = 1") + SYNC, query("ROLLBACK")], 1, 3, 0),
        ([query("BEGIN"), prepared("SELECT 1") + SYNC, query("COMMIT")], 1, 3, 0),
        ([prepared("DELETE FROM a") + prepared("SELECT 2", b"p2") + SYNC], 2, 1, 1),
    ],
)
def test_postgresql(bursts: Sequence[bytes], statements: int, trips: int, commits: int) -> None:
    found = counted(bursts)
    assert (found.statements, found.sql_trips, found.commits) == (statements, trips, commits)


def test_a_statement_prepared_before_is_known_when_it_runs_again() -> None:
    bound = message(b"B", b"\0p1\0" + b"\0\0" * 3)
    assert counted([prepared("INSERT INTO a VALUES (1)") + SYNC, bound + again() + SYNC]).commits == 2


def test_octets_may_come_in_any_pieces() -> None:
    tally = Tally()
    reader = PostgresqlReader(tally)
    for rank, octet in enumerate(_STARTUP + prepared("SELECT 1") + SYNC):
        reader.read(bytes([octet]), is_new_burst=rank == len(_STARTUP))
    assert (tally.statements, tally.sql_trips) == (1, 1)


def test_redis() -> None:
    get, put = b"*2\r\n$3\r\nGET\r\n$1\r\na\r\n", b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\nb\r\n"
    found = counted([get, put + get], by=RedisReader)
    assert (found.commands, found.redis_trips) == (3, 2)
    assert counted([b"*1\r\n$5\r\nMULTI\r\n" + put + b"*1\r\n$4\r\nEXEC\r\n"], by=RedisReader).commands == 1
    tally = Tally()
    reader = RedisReader(tally)
    for octet in put:
        reader.read(bytes([octet]), is_new_burst=False)
    assert tally.commands == 1
