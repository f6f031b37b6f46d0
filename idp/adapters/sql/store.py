"""`EphemeralStore` on the SQL database: the embedded default, where one machine needs no other server.

Contains each operation as one statement, so that the database settles races. Expired rows are invisible at once; only
the worker removes them (`purge`). Not here: anything but records that expire.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Engine

from idp.adapters.ephemeral_record import as_text, checked_life, from_text, hashed
from idp.adapters.sql.database import insert_into, reading, writing
from idp.adapters.sql.schema import ephemeral
from idp.adapters.unit import present_unit
from idp.core.clock import Clock
from idp.core.ephemeral import Kind, StaleRecord, StoreUnavailable, Versioned

_c = ephemeral.c
_IDENTITY = (_c.kind, _c.key_hash)


@dataclass(frozen=True, slots=True)
class SqlStore:
    database: Engine
    clock: Clock

    def put(self, kind: Kind, key: str, value: Mapping[str, Any], ttl: timedelta) -> None:
        record = {"value": as_text(value), "version": 0, "expires_at": self.clock.now() + checked_life(ttl)}
        self._when_committed(lambda connection: _put(connection, kind, key, record))

    def add(self, kind: Kind, key: str, value: Mapping[str, Any], ttl: timedelta) -> bool:
        now = self.clock.now()
        written = {"value": as_text(value), "version": 0, "expires_at": now + checked_life(ttl)}
        with writing(self.database) as connection:
            added = connection.execute(
                insert_into(connection, ephemeral)
                .values(kind=kind.value, key_hash=hashed(key), **written)
                # A dead row that `purge` has not removed yet is no record.
                .on_conflict_do_update(index_elements=_IDENTITY, set_=written, where=_c.expires_at <= now)
                .returning(_c.version)
            ).one_or_none()
        return added is not None

    def get(self, kind: Kind, key: str) -> Versioned | None:
        found = sa.select(_c.value, _c.version).where(_named(kind, key), _c.expires_at > self.clock.now())
        with reading(self.database) as connection:
            row = connection.execute(found).one_or_none()
        return None if row is None else Versioned(from_text(row.value), row.version)

    def take(self, kind: Kind, key: str) -> Mapping[str, Any] | None:
        now = self.clock.now()
        # DELETE … RETURNING settles the race: only one caller's statement finds the row.
        gone = sa.delete(ephemeral).where(_named(kind, key)).returning(_c.value, _c.expires_at)
        with writing(self.database) as connection:
            row = connection.execute(gone).one_or_none()
        # An expired record is gone for callers, even if `purge` has not removed its row yet.
        return None if row is None or row.expires_at <= now else from_text(row.value)

    def swap(
        self,
        kind: Kind,
        key: str,
        value: Mapping[str, Any],
        *,
        expected_version: int,
        ttl: timedelta | None = None,
    ) -> None:
        swapped = self._swapped(kind, key, value, expected_version, ttl)
        with writing(self.database) as connection:
            if connection.execute(swapped).rowcount != 1:
                raise StaleRecord

    def touch(
        self, kind: Kind, key: str, value: Mapping[str, Any], *, expected_version: int, ttl: timedelta
    ) -> None:
        swapped = self._swapped(kind, key, value, expected_version, ttl)
        self._when_committed(lambda connection: connection.execute(swapped))

    def put_counted(
        self,
        kind: Kind,
        key: str,
        value: Mapping[str, Any],
        ttl: timedelta,
        *,
        counter: tuple[Kind, str],
        window: timedelta,
        most: int,
    ) -> bool:
        record = {"value": as_text(value), "version": 0, "expires_at": self.clock.now() + checked_life(ttl)}
        checked_life(window)
        with writing(self.database) as connection:
            is_within = self._counted_on(connection, counter, window) <= most
            if is_within:
                _put(connection, kind, key, record)
        return is_within

    def count(self, kind: Kind, key: str, ttl: timedelta) -> int:
        checked_life(ttl)
        with writing(self.database) as connection:
            return self._counted_on(connection, (kind, key), ttl)

    def counted(self, kind: Kind, key: str) -> int:
        record = self.get(kind, key)
        return 0 if record is None else record.version

    def is_alive(self) -> bool:
        try:
            with reading(self.database) as connection:
                connection.execute(sa.select(sa.literal(1)))
        except StoreUnavailable:
            return False
        return True

    def purge(self, limit: int = 1000) -> int:
        """Delete up to `limit` expired rows, in one short transaction. Returns how many."""
        dead = sa.select(*_IDENTITY).where(_c.expires_at <= self.clock.now()).limit(limit)
        with writing(self.database) as connection:
            return connection.execute(sa.delete(ephemeral).where(sa.tuple_(*_IDENTITY).in_(dead))).rowcount

    def _when_committed(self, write: Callable[[Connection], object]) -> None:
        """Write now, or after the commit of the present unit."""
        if (unit := present_unit()) is not None:
            unit.follow(self._write, write)
        else:
            self._write([write])

    def _write(self, writes: list[Callable[[Connection], object]]) -> None:
        with writing(self.database) as connection:
            for write in writes:
                write(connection)

    def _swapped(
        self, kind: Kind, key: str, value: Mapping[str, Any], expected_version: int, ttl: timedelta | None
    ) -> sa.Update:
        now = self.clock.now()
        written: dict[str, Any] = {"value": as_text(value), "version": expected_version + 1}
        if ttl is not None:
            written["expires_at"] = now + checked_life(ttl)
        is_expected = sa.and_(_named(kind, key), _c.version == expected_version, _c.expires_at > now)
        return sa.update(ephemeral).where(is_expected).values(written)

    def _counted_on(self, connection: Connection, counter: tuple[Kind, str], window: timedelta) -> int:
        now = self.clock.now()
        window_end = now + window
        # A counter whose window is over starts again at 1; its row may still be there.
        over = _c.expires_at <= now
        kind, key = counter
        counted: int = connection.execute(
            insert_into(connection, ephemeral)
            .values(kind=kind.value, key_hash=hashed(key), value="{}", version=1, expires_at=window_end)
            .on_conflict_do_update(
                index_elements=_IDENTITY,
                set_={
                    "version": sa.case((over, 1), else_=_c.version + 1),
                    "expires_at": sa.case(
                        (over, sa.literal(window_end, _c.expires_at.type)), else_=_c.expires_at
                    ),
                },
            )
            .returning(_c.version)
        ).scalar_one()
        return counted


def _put(connection: Connection, kind: Kind, key: str, record: Mapping[str, Any]) -> None:
    connection.execute(
        insert_into(connection, ephemeral)
        .values(kind=kind.value, key_hash=hashed(key), **record)
        .on_conflict_do_update(index_elements=_IDENTITY, set_=record)
    )


def _named(kind: Kind, key: str) -> ColumnElement[bool]:
    return sa.and_(_c.kind == kind.value, _c.key_hash == hashed(key))
