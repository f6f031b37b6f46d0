"""What sign-ins leave behind: write-ahead log, rows, memory of Redis."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from redis import Redis

from bench.peers.caducee import Running


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """Until an instant; between two of them by `-`. In octets."""

    sign_ins: int
    log: int
    rows: int
    redis: int

    def __sub__(self, earlier: "Costs") -> "Costs":
        return Costs(**{name: getattr(self, name) - getattr(earlier, name) for name in self.__slots__})

    def megabytes_of_a_thousand(self) -> dict[str, float]:
        """Returns what a thousand sign-ins leave. Empty without a sign-in."""
        names = [name for name in self.__slots__ if name != "sign_ins"] if self.sign_ins else []
        return {name: round(getattr(self, name) / self.sign_ins / 1000, 3) for name in names}


@contextmanager
def costs_of(running: Running) -> Iterator[list[Costs]]:
    """Gives a list that holds the costs once it is left."""
    found: list[Costs] = []
    before = _until_now(running)
    yield found
    found.append(_until_now(running) - before)


def _until_now(running: Running) -> Costs:
    with psycopg.connect(running.database.replace("+psycopg", "")) as connection:
        asked = connection.execute(
            "SELECT (SELECT count(*) FROM grants WHERE id NOT LIKE 'grant-%'), "
            "pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint, pg_database_size(current_database())"
        ).fetchone()
        assert asked is not None
        sign_ins, log, rows = asked
    with Redis.from_url(running.redis) as client:
        memory = int(client.info("memory")["used_memory_dataset"])
    return Costs(sign_ins=sign_ins, log=log, rows=rows, redis=memory)
