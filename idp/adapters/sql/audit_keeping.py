"""What becomes of the audit trail with time: each day is sealed, addresses are erased, rows are deleted.

Contains what a worker does, in short transactions; the rights for it are another role's than a provider's (`idp db
roles`). Not here: the rows and the seals themselves (`audit_reading`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy import Engine

from idp.adapters.sql.audit_months import add_months, drop_months, month_of
from idp.adapters.sql.audit_reading import SqlAuditTrail
from idp.adapters.sql.audit_schema import audit_events, audit_seals
from idp.adapters.sql.batches import resting
from idp.adapters.sql.database import writing
from idp.core.audit_chain import Head, day_of
from idp.core.audit_seals import next_day, seal_day
from idp.core.audit_walk import Finding, Walk
from idp.core.clock import Clock

log = structlog.get_logger()

_c = audit_events.c
_AT_ONCE = 1000
#: After midnight (UTC) until a day is sealed: what began before it is committed by then, on every node's clock.
_SEALED_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditKeeper:
    """`life`: of a row; `address_life`: of the address in it; `by_month`: rows go with the last one of their month. Any
    number may run, in any process."""

    database: Engine
    clock: Clock
    key: bytes = field(repr=False)
    life: timedelta
    address_life: timedelta
    by_month: bool = False

    def run_due(self, is_stopped: Callable[[], bool] = lambda: False) -> None:
        """Raises StoreUnavailable. `is_stopped`: asked before each batch.

        In this order: no row goes before its day is sealed.
        """
        add_months(self.database, self.clock.now())
        self.seal_due(is_stopped)
        self.erase_addresses(is_stopped)
        self.purge(is_stopped)

    def seal_due(self, is_stopped: Callable[[], bool] = lambda: False) -> int:
        """Seal each day that is over and is not sealed. Returns how many."""
        trail, sealed = SqlAuditTrail(self.database), 0
        last = trail.last_seal()
        day = next_day(last.day) if last is not None else trail.first_day()
        while day is not None and not is_stopped() and self.clock.now() >= _end_of(day) + _SEALED_AFTER:
            heads, faults = self._heads_of(trail, day)
            previous = last.mark if last is not None else ""
            last = seal_day(self.key, day, heads, faults=faults, previous=previous, now=self.clock.now())
            if not trail.add_seal(last):
                # Another worker was first: what it saw is what holds.
                return sealed
            log.info("audit_day_sealed", day=day, chains=len(heads), faults=faults, seal=last.mark)
            sealed, day = sealed + 1, next_day(day)
        return sealed

    def erase_addresses(self, is_stopped: Callable[[], bool] = lambda: False) -> int:
        """Erase the addresses of sealed days that are too old; their digests go on binding the rows. Returns how
        many."""
        last, erased = (self.clock.now() - self.address_life).date().isoformat(), 0
        for day in SqlAuditTrail(self.database).with_addresses(last):
            of_day = sa.and_(_c.at >= _begin_of(day), _c.at < _end_of(day), _c.network.is_not(None))
            some = sa.select(_c.id).where(of_day).limit(_AT_ONCE)
            # The day again: only the month that has it is looked at.
            bare = (
                sa.update(audit_events).where(of_day, _c.id.in_(some)).values(network=None, network_salt=None)
            )
            erased += self._in_batches(bare, is_stopped)
            if is_stopped():
                break
            with writing(self.database) as connection:
                done = sa.update(audit_seals).where(audit_seals.c.day == day)
                connection.execute(done.values(has_no_address=True))
        return erased

    def purge(self, is_stopped: Callable[[], bool] = lambda: False) -> int:
        """Delete the rows of whole days that are too old, once they are sealed. Returns how many."""
        before = _begin_of((self.clock.now() - self.life).date().isoformat())
        if self.by_month:
            before = month_of(before)
        drop_months(self.database, before)
        last = SqlAuditTrail(self.database).last_seal()
        is_over: sa.ColumnElement[bool] = _c.chain.is_(None)
        if last is not None:
            is_over = sa.or_(is_over, _c.at < _end_of(last.day))
        old = sa.select(_c.id).where(_c.at < before, is_over).limit(_AT_ONCE)
        return self._in_batches(sa.delete(audit_events).where(_c.at < before, _c.id.in_(old)), is_stopped)

    def _in_batches(self, statement: "sa.Update | sa.Delete", is_stopped: Callable[[], bool]) -> int:
        """Run it in transactions of their own until nothing is left. Returns how many rows."""
        done = 0
        while not is_stopped():
            with resting(), writing(self.database) as connection:
                changed = connection.execute(statement).rowcount
            done += changed
            if changed < _AT_ONCE:
                break
        return done

    def _heads_of(self, trail: SqlAuditTrail, day: str) -> tuple[list[Head], int]:
        """Returns how far the chains of this day go, and how many of their rows are broken already."""
        walk, found = Walk(key=self.key, kept_since=day, bare_until=day), list[Finding]()
        # Rows of the next day may stand among its last ones, and rows without a chain are none of it.
        for stored in trail.after(trail.before_day(day), until=_end_of(day) + _SEALED_AFTER / 2):
            if stored.record.chain and day_of(stored.record.chain) == day:
                found += walk.feed(stored)
        found += walk.finish()
        if found:
            first = found[0]
            log.error(
                "audit_chain_broken",
                day=day,
                faults=len(found),
                first=str(first.fault),
                row=first.row,
                chain=first.chain,
                number=first.sequence,
            )
        return list(walk.heads()), len(found)


def _begin_of(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)


def _end_of(day: str) -> datetime:
    return _begin_of(next_day(day))
