"""Reading the audit trail: row by row for its chains, by what an operator asks for, and the seals of its days.

Not here: writing an event (`audit`), what goes with time (`audit_keeping`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, Engine

from idp.adapters.sql.audit_schema import audit_events, audit_seals
from idp.adapters.sql.backends import allow_time
from idp.adapters.sql.database import insert_into, reading, writing
from idp.core.audit_chain import Head, day_of
from idp.core.audit_record import AuditRecord
from idp.core.audit_seals import Seal
from idp.core.audit_walk import Stored
from idp.core.origin import Network
from idp.interaction.reference import beginnings_of

_c = audit_events.c
_AT_ONCE = 2000
#: For one look: an operator waits longer than a sign-in may.
_SECONDS = 60
#: Rows of one moment, in the order of their time: the clocks of two nodes differ by less.
_MOMENT = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What an operator looks for: all of it together. `people`: account id, or what stands for one without account, or
    both. `reference`: the beginning of an interaction's id, or what a page shows for it; a browsing id, an incident."""

    account_id: str | None = None
    person: str | None = None
    events: Sequence[str] = ()
    #: The last part of the event's name.
    outcome: str | None = None
    client_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    reference: str | None = None
    operator: str | None = None
    network: str | None = None
    after_id: int = 0
    before_id: int | None = None

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        yield _c.id > self.after_id
        if self.before_id is not None:
            yield _c.id < self.before_id
        who = [
            column == name
            for column, name in ((_c.account_id, self.account_id), (_c.person, self.person))
            if name is not None
        ]
        if who:
            yield sa.or_(*who)
        if self.events:
            yield sa.or_(*(_c.event.like(one.replace("*", "%")) for one in self.events))
        if self.outcome is not None:
            yield _c.event.endswith(f":{self.outcome}", autoescape=True)
        if self.since is not None:
            yield _c.at >= self.since
        if self.until is not None:
            yield _c.at < self.until
        if self.reference is not None:
            yield _is_named(self.reference)
        for column, value in ((_c.client_id, self.client_id), (_c.operator, self.operator)):
            if value is not None:
                yield column == value
        if self.network is not None:
            yield _c.network.startswith(self.network, autoescape=True)


def _is_named(reference: str) -> ColumnElement[bool]:
    # As `facts` are written: an incident is eight hexadecimal digits, and no fact has quotes within.
    fact = sa.cast(_c.facts, sa.Text).contains(f':"{reference}"', autoescape=True)
    found = [_c.interaction_id == reference[:8], _c.browsing == reference, fact]
    if beginnings := beginnings_of(reference):
        # As a page of a sign-in shows it.
        found.append(sa.func.substr(_c.interaction_id, 1, len(beginnings[0])).in_(beginnings))
    return sa.or_(*found)


def _found(connection: Connection, asked: Asked, most: int, *, newest: bool = False) -> Sequence[Stored]:
    chosen = sa.select(audit_events).where(*asked.conditions()).limit(most)
    rows = connection.execute(chosen.order_by(_c.id.desc() if newest else _c.id)).all()
    return [_stored(row) for row in (reversed(rows) if newest else rows)]


@dataclass(frozen=True, slots=True)
class SqlAuditTrail:
    database: Engine

    def after(self, row: int, until: datetime | None = None) -> Iterator[Stored]:
        """Returns every row after this one, by their `id`, to the first of that time: those of one instant.

        A number that was given before, and is committed after it, would pass for a row that was taken away.
        """
        with reading(self.database) as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            allow_time(connection, _SECONDS)
            while found := _found(connection, Asked(after_id=row), _AT_ONCE):
                for stored in found:
                    if until is not None and stored.record.at >= until:
                        return
                    yield stored
                row = found[-1].id

    def before_day(self, day: str) -> int:
        """Returns the `id` before the first row of this day (UTC); 0 when there is none."""
        begins = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
        moment = sa.select(_c.id).where(_c.at >= begins).order_by(_c.at).limit(_MOMENT).subquery()
        with reading(self.database) as connection:
            first = connection.execute(sa.select(sa.func.min(moment.c.id))).scalar()
        return 0 if first is None else first - 1

    def first_day(self) -> str | None:
        """Returns the first day that has a chain."""
        with reading(self.database) as connection:
            none, some = 0, connection.execute(sa.select(sa.func.max(_c.id))).scalar() or 0
            # Rows without a chain come before the others, but for those of one upgrade.
            while none < some:
                middle = (none + some) // 2
                none, some = (none, middle) if self._chain_after(connection, middle) else (middle + 1, some)
            chain = self._chain_after(connection, some - 1)
        return None if chain is None else day_of(chain)

    def _chain_after(self, connection: Connection, row: int) -> str | None:
        found = sa.select(_c.chain).where(_c.id > row).order_by(_c.id).limit(1)
        chain: str | None = connection.execute(found).scalar()
        return chain

    def search(self, asked: Asked, most: int, *, newest: bool = False) -> Sequence[Stored]:
        """Returns so many of the rows asked for, the oldest first; `newest`: the last ones."""
        with reading(self.database) as connection:
            allow_time(connection, _SECONDS)
            return _found(connection, asked, most, newest=newest)

    def seals(self) -> Sequence[Seal]:
        """Returns all, the oldest first."""
        with reading(self.database) as connection:
            rows = connection.execute(sa.select(audit_seals).order_by(audit_seals.c.day)).all()
        return [_seal(row) for row in rows]

    def last_seal(self) -> Seal | None:
        with reading(self.database) as connection:
            row = connection.execute(
                sa.select(audit_seals).order_by(audit_seals.c.day.desc()).limit(1)
            ).first()
        return None if row is None else _seal(row)

    def faults_since(self, day: str) -> int:
        """Returns how many rows of the sealed days from this one on were broken when they were sealed."""
        seals = audit_seals.c
        told = sa.select(sa.func.coalesce(sa.func.sum(seals.faults), 0)).where(seals.day >= day)
        with reading(self.database) as connection:
            return int(connection.execute(told).scalar_one())

    def with_addresses(self, before: str) -> Sequence[str]:
        """Returns the sealed days to this one, itself among them, whose rows may still have addresses."""
        seals = audit_seals.c
        old = sa.select(seals.day).where(seals.day <= before, ~seals.has_no_address).order_by(seals.day)
        with reading(self.database) as connection:
            return connection.execute(old).scalars().all()

    def add_seal(self, seal: Seal) -> bool:
        """Returns False: another worker sealed that day."""
        with writing(self.database) as connection:
            added = insert_into(connection, audit_seals).values(
                day=seal.day,
                chains=[list(head) for head in seal.chains],
                faults=seal.faults,
                previous=seal.previous,
                seal=seal.mark,
                sealed_at=seal.sealed_at,
                has_no_address=False,
            )
            first = added.on_conflict_do_nothing().returning(audit_seals.c.day)
            return connection.execute(first).first() is not None


def _stored(row: Any) -> Stored:
    erasable = (row.network or "", row.network_salt or "", row.network_digest)
    record = AuditRecord(
        at=row.at,
        event=row.event,
        account_id=row.account_id,
        client_id=row.client_id,
        interaction_id=row.interaction_id,
        browsing=row.browsing,
        person=row.person,
        operator=row.operator,
        network=None if row.network_digest is None else Network(*erasable),
        facts=row.facts,
        chain=row.chain or "",
        sequence=row.sequence or 0,
        digest=row.digest or "",
    )
    return Stored(row.id, record)


def _seal(row: Any) -> Seal:
    return Seal(
        day=row.day,
        chains=tuple(Head(*one) for one in row.chains),
        faults=row.faults,
        previous=row.previous,
        sealed_at=row.sealed_at,
        mark=row.seal,
    )
