"""`EphemeralStore` on the SQL database: the embedded default, where one machine needs no other server.

Contains each operation as one statement, so that the database settles races. Expired rows are invisible at once; only
the worker removes them (`purge`). Not here: anything but records that expire.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine

from idp.adapters.ephemeral_record import as_text, checked_life, from_text
from idp.adapters.sql.batches import AT_ONCE, delete_some
from idp.adapters.sql.database import reading
from idp.adapters.sql.execution import Result
from idp.adapters.sql.members import SqlMembers
from idp.adapters.sql.records import (
    ADD,
    COUNT,
    COUNT_WITHIN,
    DELETE,
    GET,
    PUT,
    PUT_COUNTED,
    ROW,
    SWAP,
    SWAP_AND_PROLONG,
    TAKE,
)
from idp.adapters.sql.schema import ephemeral
from idp.adapters.sql.several import count_up, delete_all, named, read_all
from idp.adapters.sql.statement import Statement
from idp.adapters.sql.work import SqlUnitOfWork, fetch, run, run_in_turn, write, write_later, write_waiting
from idp.adapters.unit import forget, forget_all, present_unit, remember, remembered
from idp.core.ephemeral import Kind, Limited, Place, Put, StaleRecord, StoreUnavailable, Versioned

_TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class SqlStore(SqlMembers):
    def put(self, kind: Kind, key: str, value: Mapping[str, Any], ttl: timedelta) -> None:
        statement, values = self._put(Put(kind, key, value, ttl))
        write(self.database, statement, **values)

    def add(
        self, kind: Kind, key: str, value: Mapping[str, Any], ttl: timedelta, *, after: Put | None = None
    ) -> bool:
        values = {"now": self.clock.now(), **_named(kind, key), **self._new(value, ttl)}
        self._settle(kind, key)
        added = self._run_after(after, ADD, values)
        self._forget(kind, key, is_lost=not added.changed)
        return bool(added.changed)

    def get(self, kind: Kind, key: str) -> Versioned | None:
        known = remembered(self._place(kind, key)) or self._read(kind, key)
        if known is None:
            return None
        # As text: a caller that changes what it got changes nothing here.
        remember(self._place(kind, key), known)
        text, version = known
        return Versioned(from_text(text), version)

    def foresee(self, kind: Kind, key: str) -> None:
        """Nothing: two statements are two round trips."""

    def get_all(self, places: Sequence[Place]) -> Sequence[Versioned | None]:
        for place in places:
            self._settle(*place)
        names = [named(place) for place in places]
        found = read_all(self.database, names, self.clock.now())
        rows = [found.get(name) for name in names]
        return [None if row is None else Versioned(from_text(row.value), row.version) for row in rows]

    def take(self, kind: Kind, key: str, *, after: Put | None = None) -> Mapping[str, Any] | None:
        now = self.clock.now()
        self._settle(kind, key)
        rows = self._run_after(after, TAKE, _named(kind, key)).rows
        self._forget(kind, key)
        # An expired record is gone for callers, even if `purge` has not removed its row yet.
        return from_text(rows[0].value) if rows and rows[0].expires_at > now else None

    def swap(
        self,
        kind: Kind,
        key: str,
        value: Mapping[str, Any],
        *,
        expected_version: int,
        ttl: timedelta | None = None,
    ) -> None:
        now = self.clock.now()
        written: dict[str, Any] = {"value": as_text(value), "version": expected_version + 1}
        if ttl is not None:
            written["expires_at"] = now + checked_life(ttl)
        statement = SWAP if ttl is None else SWAP_AND_PROLONG
        self._settle(kind, key)
        swapped = run(
            self.database, statement, now=now, expected=expected_version, **_named(kind, key), **written
        )
        self._forget(kind, key, is_lost=not swapped.changed)
        if not swapped.changed:
            raise StaleRecord

    def touch(
        self, kind: Kind, key: str, value: Mapping[str, Any], *, expected_version: int, ttl: timedelta
    ) -> None:
        written = {**self._new(value, ttl), "version": expected_version + 1}
        self._expect(kind, key, written, expected_version)
        write_later(
            self.database,
            SWAP_AND_PROLONG,
            now=self.clock.now(),
            expected=expected_version,
            **_named(kind, key),
            **written,
        )

    def put_counted(
        self, kind: Kind, key: str, value: Mapping[str, Any], ttl: timedelta, *, counter: Limited
    ) -> bool:
        # The count stays when it is too high: a caller who goes on asking goes on waiting.
        counter_kind, counter_key = named(counter.place)
        counted_by = {"counter_kind": counter_kind, "counter_key": counter_key, "most": counter.most}
        counting = (COUNT, self._counting(counter.place, counter.window))
        putting = (PUT_COUNTED, {**counted_by, **_named(kind, key), **self._new(value, ttl)})
        self._settle(kind, key)
        _, put = run_in_turn(self.database, counting, putting)
        self._forget(kind, key)
        return bool(put.changed)

    def count(self, kind: Kind, key: str, ttl: timedelta) -> int:
        rows = run(self.database, COUNT, **self._counting((kind, key), ttl)).rows
        self._forget(kind, key)
        counted: int = rows[0].version
        return counted

    def count_all(self, counters: Sequence[Limited]) -> Sequence[int]:
        now = self.clock.now()
        names = [named(counter.place) for counter in counters]
        ends = [now + checked_life(counter.window) for counter in counters]
        counts = count_up(self.database, names, [counter.most for counter in counters], ends, now)
        for counter in counters:
            self._forget(*counter.place)
        return counts

    def count_or_refuse(self, *counters: tuple[Limited, Exception]) -> None:
        with SqlUnitOfWork(self.database).together():
            for counter, refusal in counters:
                self._count_with_unit(counter, refusal)

    def counted(self, kind: Kind, key: str) -> int:
        # Never remembered: others count meanwhile.
        record = self._read(kind, key)
        return 0 if record is None else record[1]

    def clear(self, places: Sequence[Place]) -> None:
        for place in places:
            self._settle(*place)
            self._forget(*place)
        if len(places) == 1:
            write(self.database, DELETE, **_named(*places[0]))
        else:
            delete_all(self.database, [named(place) for place in places])

    def is_alive(self) -> bool:
        try:
            with reading(self.database) as connection:
                connection.execute(sa.select(sa.literal(1)))
        except StoreUnavailable:
            return False
        return True

    def purge(self, limit: int = AT_ONCE) -> int:
        """Delete up to `limit` expired rows, in one short transaction. Returns how many."""
        return delete_some(self.database, ephemeral.c.expires_at, self.clock.now() + _TICK, most=limit)

    def _count_with_unit(self, counter: Limited, refusal: Exception) -> None:
        if counter.most < 1:
            raise refusal
        values = self._counting(counter.place, counter.window)
        forget(self._place(*counter.place))
        write(self.database, COUNT_WITHIN, refusal=refusal, most=counter.most, **values)

    def _counting(self, place: Place, window: timedelta) -> dict[str, Any]:
        now = self.clock.now()
        return {"now": now, "expires_at": now + checked_life(window), **_named(*place)}

    def _put(self, put: Put) -> tuple[Statement, dict[str, Any]]:
        self._settle(put.kind, put.key)
        forget(self._place(put.kind, put.key))
        return PUT, {**_named(put.kind, put.key), **self._new(put.value, put.ttl)}

    def _run_after(self, put: Put | None, statement: Statement, values: dict[str, Any]) -> Result:
        if put is None:
            return run(self.database, statement, **values)
        return run_in_turn(self.database, self._put(put), (statement, values))[-1]

    def _read(self, kind: Kind, key: str) -> tuple[str, int] | None:
        """Returns the value's text and its version."""
        self._settle(kind, key)
        rows = fetch(self.database, GET, now=self.clock.now(), **_named(kind, key))
        return (rows[0].value, rows[0].version) if rows else None

    def _expect(self, kind: Kind, key: str, written: Mapping[str, Any], expected_version: int) -> None:
        """This request reads what it touched as if it were written; a race lost meanwhile shows at its next write."""
        known = remembered(self._place(kind, key))
        self._forget(kind, key)
        if known is not None and known[1] == expected_version and present_unit() is None:
            remember(self._place(kind, key), (written["value"], written["version"]))

    def _settle(self, kind: Kind, key: str) -> None:
        """A touch of this record that waits comes before what follows it in its request."""
        write_waiting(self.database, GET, **_named(kind, key))

    def _new(self, value: Mapping[str, Any], ttl: timedelta) -> dict[str, Any]:
        return {"value": as_text(value), "version": 0, "expires_at": self.clock.now() + checked_life(ttl)}

    def _place(self, kind: Kind, key: str) -> tuple[Engine, Kind, str]:
        return (self.database, kind, key)

    def _forget(self, kind: Kind, key: str, *, is_lost: bool = False) -> None:
        """After a lost race everything: what follows is decided on what is there now."""
        if is_lost:
            forget_all()
        else:
            forget(self._place(kind, key))


def _named(kind: Kind, key: str) -> dict[str, Any]:
    return dict(zip(ROW, named((kind, key)), strict=True))
