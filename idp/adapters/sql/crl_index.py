"""The revocation lists as an index of serials in SQL: a login asks one row, a new list replaces an old one whole.

Contains generations (a list is loaded beside the one in force, then put in its place by one transaction),
and what OCSP said for good. Not here: fetching, signatures: what is loaded was verified.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Engine

from idp.adapters.sql.crl_schema import card_crl_entries, card_crl_fetches, card_crls, card_revocations
from idp.adapters.sql.database import insert_into, reading, writing
from idp.cards.revocation import CrlAnswer

_TICK = timedelta(microseconds=1)
#: Rows of one transaction: short enough that no login waits for the write lock, nor PostgreSQL cuts it.
_AT_ONCE = 2000

_lists, _entries, _said = card_crls.c, card_crl_entries.c, card_revocations.c


class OlderList(Exception):
    """A newer list of this authority is in force: a replay, or a mirror that lags behind."""


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
        """LISTED whatever the age of the list: opposition is for good. Raises StoreUnavailable."""
        text = serial_text(serial)
        # One statement, one snapshot: the sweep of an old generation must not empty the one being asked.
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
        if current is None or not current.this_update - self.skew <= now <= current.next_update + self.grace:
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

    def is_lacking(self, issuer_key_ids: frozenset[str], now: datetime) -> bool:
        """Whether one of these authorities has no list that still counts."""
        usable = {one.issuer_key_id for one in self.in_force() if now <= one.next_update + self.grace}
        return not usable.issuperset(issuer_key_ids)

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
        """Put a whole list in force; gives how many entries. Raises OlderList, and what `serials` raises."""
        known = next((one for one in self.in_force() if one.issuer_key_id == issuer_key_id), None)
        if known is not None and (number, this_update) < (known.number, known.this_update):
            raise OlderList
        generation = (now - datetime(1970, 1, 1, tzinfo=now.tzinfo)) // _TICK
        if known is not None:  # also when a clock was set back since
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
            with writing(self.database) as connection:
                connection.execute(insert_into(connection, card_crl_entries).on_conflict_do_nothing(), rows)
            count += len(rows)
        return count

    def _put_in_force(self, issuer_key_id: str, replacing: dict[str, object]) -> bool:
        with writing(self.database) as connection:
            put = insert_into(connection, card_crls).values(issuer_key_id=issuer_key_id, **replacing)
            # Two workers loaded at once: the newer list stays. And a list that began to load before the one in
            # force never follows it: that one's coming swept away what was loaded of every earlier generation.
            is_newer = sa.and_(
                _lists.this_update <= put.excluded.this_update, _lists.generation <= put.excluded.generation
            )
            replaced = put.on_conflict_do_update(
                index_elements=[_lists.issuer_key_id], set_=replacing, where=is_newer
            )
            return connection.execute(replaced.returning(_lists.generation)).first() is not None

    def _delete(self, issuer_key_id: str, which: ColumnElement[bool]) -> None:
        """In short transactions, like the loading."""
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
            with writing(self.database) as connection:
                rows = connection.execute(some).all()
                if not rows:
                    return
                connection.execute(
                    one, [{"in_generation": row.generation, "of_serial": row.serial} for row in rows]
                )

    # When to fetch.

    def claim(self, url: str, now: datetime, retry_at: datetime) -> bool:
        """Whether this list is due and ours to fetch; if we die on the way, it is due again at `retry_at`."""
        with writing(self.database) as connection:
            first = insert_into(connection, card_crl_fetches).values(url=url, due_at=now)
            connection.execute(first.on_conflict_do_nothing())
            claimed = (
                sa.update(card_crl_fetches)
                .where(card_crl_fetches.c.url == url, card_crl_fetches.c.due_at <= now)
                .values(due_at=retry_at)
            )
            return connection.execute(claimed).rowcount == 1

    def is_due(self, url: str, now: datetime) -> bool:
        with reading(self.database) as connection:
            due_at = connection.execute(
                sa.select(card_crl_fetches.c.due_at).where(card_crl_fetches.c.url == url)
            ).scalar()
        return due_at is None or due_at <= now

    def plan(self, url: str, due_at: datetime) -> None:
        with writing(self.database) as connection:
            planned = sa.update(card_crl_fetches).where(card_crl_fetches.c.url == url).values(due_at=due_at)
            connection.execute(planned)
