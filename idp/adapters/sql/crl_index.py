"""The revocation lists as an index of serials in SQL: a login reads one row, a new list replaces all of an old one.

Contains generations (a list is loaded beside the one in force, then replaces it in one transaction), and the
revocations that OCSP told. Not here: fetching, signatures: what is loaded was verified.
"""

import dataclasses
import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Engine

from idp.adapters.sql.batches import resting
from idp.adapters.sql.crl_schema import card_crl_entries, card_crl_fetches, card_crls, card_revocations
from idp.adapters.sql.database import insert_into, reading, writing
from idp.cards.revocation import CrlAnswer

_TICK = timedelta(microseconds=1)
#: Rows of one transaction: so short that no login waits for the write lock, and PostgreSQL does not cancel it.
_AT_ONCE = 2000

_lists, _entries, _said = card_crls.c, card_crl_entries.c, card_revocations.c
_fetches = card_crl_fetches.c


class OlderList(Exception):
    """A newer list of this authority is in force: this one is a replay, or of a mirror that is behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListInForce:
    issuer_key_id: str
    number: int
    this_update: datetime
    next_update: datetime
    fetched_at: datetime
    entries: int
    generation: int


def serial_text(serial: int) -> str:
    return f"{serial:x}"


@dataclass(frozen=True, slots=True)
class CrlIndex:
    """`grace`: how long after its nextUpdate a list still counts."""

    database: Engine
    grace: timedelta
    skew: timedelta

    def answer(self, issuer_key_id: str, serial: int, now: datetime) -> CrlAnswer:
        """Returns what the list says; LISTED at any age of it: a revocation is final. Raises StoreUnavailable."""
        text = serial_text(serial)
        # One statement, one snapshot: deleting an old generation must not empty the one that is read here.
        is_listed = sa.exists().where(
            _entries.issuer_key_id == _lists.issuer_key_id,
            _entries.generation == _lists.generation,
            _entries.serial == text,
        )
        asked = sa.select(_lists.this_update, _lists.next_update, is_listed.label("is_listed")).where(
            _lists.issuer_key_id == issuer_key_id
        )
        said = sa.select(_said.serial).where(_said.issuer_key_id == issuer_key_id, _said.serial == text)
        with reading(self.database) as connection:
            current = connection.execute(asked).one_or_none()
            was_said = connection.execute(said).first() is not None
        if was_said or (current is not None and current.is_listed):
            return CrlAnswer.LISTED
        if current is None or not self._counts(current.this_update, current.next_update, now):
            return CrlAnswer.NONE
        return CrlAnswer.NOT_LISTED

    def remember_revoked(self, issuer_key_id: str, serial: int, now: datetime) -> None:
        with writing(self.database) as connection:
            said = insert_into(connection, card_revocations).values(
                issuer_key_id=issuer_key_id, serial=serial_text(serial), seen_at=now
            )
            connection.execute(said.on_conflict_do_nothing())

    def in_force(self) -> list[ListInForce]:
        with reading(self.database) as connection:
            rows = connection.execute(sa.select(card_crls).order_by(_lists.issuer_key_id)).all()
        return [
            ListInForce(
                issuer_key_id=row.issuer_key_id,
                number=int(row.number),
                this_update=row.this_update,
                next_update=row.next_update,
                fetched_at=row.fetched_at,
                entries=row.entries,
                generation=row.generation,
            )
            for row in rows
        ]

    def lacking(self, issuer_key_ids: frozenset[str], now: datetime) -> frozenset[str]:
        """Returns those of these authorities that have no list that counts. Raises StoreUnavailable."""
        return issuer_key_ids.difference(
            one.issuer_key_id
            for one in self.in_force()
            if self._counts(one.this_update, one.next_update, now)
        )

    def waiting(self, issuer_key_ids: frozenset[str], now: datetime) -> frozenset[str]:
        """Returns those that have no current list: the last one may still count, in its grace, but a new one is due.

        Raises StoreUnavailable.
        """
        return dataclasses.replace(self, grace=timedelta()).lacking(issuer_key_ids, now)

    def is_lacking(self, issuer_key_ids: frozenset[str], now: datetime) -> bool:
        """Whether one of these authorities has no list that counts."""
        return bool(self.lacking(issuer_key_ids, now))

    def _counts(self, this_update: datetime, next_update: datetime, now: datetime) -> bool:
        return this_update - self.skew <= now <= next_update + self.grace

    def load(
        self,
        issuer_key_id: str,
        serials: Iterable[int],
        *,
        number: int,
        this_update: datetime,
        next_update: datetime,
        now: datetime,
    ) -> int:
        """Put a whole list in force. Returns its number of entries. Raises OlderList, and what `serials` raises."""
        known = next((one for one in self.in_force() if one.issuer_key_id == issuer_key_id), None)
        if known is not None and (number, this_update) < (known.number, known.this_update):
            raise OlderList
        generation = (now - datetime(1970, 1, 1, tzinfo=now.tzinfo)) // _TICK
        if known is not None:  # also higher when a clock was set back since
            generation = max(generation, known.generation + 1)
        try:
            count = self._add(issuer_key_id, generation, serials)
        except BaseException:
            self._delete(issuer_key_id, _entries.generation == generation)
            raise
        is_newest = self._put_in_force(
            issuer_key_id,
            {
                "generation": generation,
                "number": str(number),
                "this_update": this_update,
                "next_update": next_update,
                "fetched_at": now,
                "entries": count,
            },
        )
        if not is_newest:
            self._delete(issuer_key_id, _entries.generation == generation)
            raise OlderList
        self._delete(issuer_key_id, _entries.generation < generation)
        return count

    def _add(self, issuer_key_id: str, generation: int, serials: Iterable[int]) -> int:
        count = 0
        left = iter(serials)
        while batch := tuple(itertools.islice(left, _AT_ONCE)):
            rows = [
                {"issuer_key_id": issuer_key_id, "generation": generation, "serial": serial_text(serial)}
                for serial in batch
            ]
            with resting(), writing(self.database) as connection:
                connection.execute(insert_into(connection, card_crl_entries).on_conflict_do_nothing(), rows)
            count += len(rows)
        return count

    def _put_in_force(self, issuer_key_id: str, replacing: dict[str, object]) -> bool:
        with writing(self.database) as connection:
            put = insert_into(connection, card_crls).values(issuer_key_id=issuer_key_id, **replacing)
            # Two workers may load at once: the newer list stays. And a list whose load began before that of the list in
            # force never replaces it: when that one came into force, the rows of every earlier generation were deleted.
            is_newer = sa.and_(
                _lists.this_update <= put.excluded.this_update, _lists.generation <= put.excluded.generation
            )
            replaced = put.on_conflict_do_update(
                index_elements=[_lists.issuer_key_id], set_=replacing, where=is_newer
            )
            return connection.execute(replaced.returning(_lists.generation)).first() is not None

    def _delete(self, issuer_key_id: str, which: ColumnElement[bool]) -> None:
        """Delete in short transactions, as they were loaded."""
        some = (
            sa.select(_entries.generation, _entries.serial)
            .where(_entries.issuer_key_id == issuer_key_id, which)
            .limit(_AT_ONCE)
        )
        one = sa.delete(card_crl_entries).where(
            _entries.issuer_key_id == issuer_key_id,
            _entries.generation == sa.bindparam("in_generation"),
            _entries.serial == sa.bindparam("of_serial"),
        )
        while True:
            with resting(), writing(self.database) as connection:
                rows = connection.execute(some).all()
                if not rows:
                    return
                connection.execute(
                    one, [{"in_generation": row.generation, "of_serial": row.serial} for row in rows]
                )

    # When to fetch. An address has one plan while every authority has its list. An authority that waits for its list
    # has a plan of its own there: a new one does not wait for the morning that was planned with its predecessor's list.

    def claim(
        self, url: str, now: datetime, retry_at: datetime, waiting: frozenset[str] = frozenset()
    ) -> bool:
        """Whether the list is due and the caller is to fetch it; if the caller dies, it is due again at `retry_at`."""
        plans = _plans(url, waiting)
        postponed = sa.update(card_crl_fetches).where(_fetches.url.in_(plans)).values(due_at=retry_at)
        with writing(self.database) as connection:
            first = insert_into(connection, card_crl_fetches).on_conflict_do_nothing()
            connection.execute(first, [{"url": plan, "due_at": now} for plan in plans])
            if connection.execute(postponed.where(_fetches.due_at <= now)).rowcount == 0:
                return False
            connection.execute(postponed)  # plans of an earlier attempt wait for the outcome of this one
            return True

    def is_due(self, url: str, now: datetime, waiting: frozenset[str] = frozenset()) -> bool:
        plans = _plans(url, waiting)
        with reading(self.database) as connection:
            planned = sa.select(_fetches.due_at).where(_fetches.url.in_(plans))
            due = connection.execute(planned).scalars().all()
        return len(due) < len(plans) or min(due) <= now

    def plan(self, url: str, due_at: datetime, waiting: frozenset[str] = frozenset()) -> None:
        """Set when this list is fetched next, whatever was planned, also for the authorities `waiting` there."""
        prefix = f"{url} "
        of_others = sa.func.substr(_fetches.url, 1, len(prefix)) == prefix
        with writing(self.database) as connection:
            connection.execute(sa.delete(card_crl_fetches).where(of_others))
            put = insert_into(connection, card_crl_fetches)
            replaced = put.on_conflict_do_update(
                index_elements=[_fetches.url], set_={"due_at": put.excluded.due_at}
            )
            plans = {url, *_plans(url, waiting)}
            connection.execute(replaced, [{"url": plan, "due_at": due_at} for plan in sorted(plans)])


def _plans(url: str, waiting: frozenset[str]) -> tuple[str, ...]:
    """Returns the rows of `card_crl_fetches` that decide. No address contains a space: settings separate them so."""
    return tuple(f"{url} {key_id}" for key_id in sorted(waiting)) or (url,)
