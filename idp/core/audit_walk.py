"""Looking at the rows of the audit trail: does each follow from the one before it (docs/adr/0048)?

Contains the walk along all chains at once, and what it finds. Not here: making a chain (`audit_chain`), the seals of
the days, which know how long a chain was (`audit_seals`).
"""

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from idp.core.audit_chain import Head, day_of, linked
from idp.core.audit_record import AuditRecord
from idp.core.origin import digest_of

#: So many numbers later a row is missed: rows of one commit may stand in another order than their numbers say.
_WINDOW = 64
#: After the first row with a chain, what a node of the release before may still write without one.
_UPGRADE = timedelta(days=1)


class Fault(StrEnum):
    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    REORDERED = "reordered"
    CUT = "cut"
    SEAL_CHANGED = "seal_changed"
    SEAL_REMOVED = "seal_removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`row`: the number of the row in the table, None for one that is not there. `told`: for the operator."""

    fault: Fault
    chain: str
    sequence: int
    row: int | None = None
    at: datetime | None = None
    told: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """A row as it is in the database. One of before has a chain without a name."""

    id: int
    record: AuditRecord


@dataclass(slots=True, kw_only=True)
class _Chain:
    head: Head
    last: Stored | None = None
    latest: int = 0
    waiting: dict[int, list[Stored]] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class Walk:
    """`kept_since`: the day before which rows may have gone with time; `bare_until`: the last day whose addresses may
    have been erased."""

    key: bytes = field(repr=False)
    kept_since: str
    bare_until: str
    rows: int = 0
    #: Rows from before there was a chain.
    unchained: int = 0
    _chains: dict[str, _Chain] = field(default_factory=dict)
    _began: datetime | None = None

    def feed(self, stored: Stored) -> Iterator[Finding]:
        """Look at the next row of the table, in the order of their `id`."""
        self.rows += 1
        record = stored.record
        if not record.chain:
            yield from self._without_chain(stored)
            return
        self._began = self._began or record.at
        chain = self._chains.setdefault(record.chain, _Chain(head=Head(record.chain, 0, "")))
        if record.sequence <= chain.head.sequence:
            yield _found(Fault.INSERTED, stored, "a row of this number was there already")
            return
        chain.waiting.setdefault(record.sequence, []).append(stored)
        chain.latest = max(chain.latest, record.sequence)
        while chain.waiting and chain.latest > chain.head.sequence + _WINDOW:
            yield from self._step(chain)

    def finish(self) -> Iterator[Finding]:
        for chain in self._chains.values():
            while chain.waiting:
                yield from self._step(chain)

    def heads(self) -> Sequence[Head]:
        """Returns how far each chain goes."""
        return [chain.head for chain in self._chains.values()]

    def _without_chain(self, stored: Stored) -> Iterator[Finding]:
        self.unchained += 1
        if self._began is not None and stored.record.at > self._began + _UPGRADE:
            yield _found(Fault.INSERTED, stored, "a row without a chain")

    def _step(self, chain: _Chain) -> Iterator[Finding]:
        """Look at the lowest number that waits."""
        number = min(chain.waiting)
        rows, is_gap = chain.waiting.pop(number), number > chain.head.sequence + 1
        if is_gap and not (chain.head.sequence == 0 and self._may_be_gone(chain, rows)):
            missing = number - chain.head.sequence - 1
            yield Finding(
                fault=Fault.REMOVED,
                chain=chain.head.chain,
                sequence=chain.head.sequence + 1,
                told=f"{missing} missing before row {rows[0].id}",
            )
        # Of the row after a gap only the next one tells whether it is right.
        right = next((one for one in rows if is_gap or self._follows(chain.head, one)), None)
        if right is None:
            right = rows[0]
            yield _found(Fault.CHANGED, right, "its digest is another")
        yield from (
            _found(Fault.INSERTED, one, "a second row of this number") for one in rows if one is not right
        )
        yield from _of_place(chain.last, right)
        network = right.record.network
        if network and not network.address and right.record.day > self.bare_until:
            yield _found(Fault.CHANGED, right, "its address was erased before its time")
        chain.last, chain.head = right, Head(chain.head.chain, number, right.record.digest)

    def _follows(self, head: Head, stored: Stored) -> bool:
        made = linked(self.key, head, stored.record.sealed(), stored.record.facts)
        return hmac.compare_digest(made.digest, stored.record.digest) and _is_address_right(stored.record)

    def _may_be_gone(self, chain: _Chain, rows: Sequence[Stored]) -> bool:
        # The name of a chain is what whoever wrote the row says; a row goes by its instant.
        latest = max(one.record.day for one in rows)
        return max(day_of(chain.head.chain), latest) < self.kept_since


def _is_address_right(record: AuditRecord) -> bool:
    """Whether the address is the one that the digest was made of, or was erased."""
    network = record.network
    return (
        network is None or not network.address or digest_of(network.address, network.salt) == network.digest
    )


def _of_place(before: Stored | None, stored: Stored) -> Iterator[Finding]:
    if before is not None and stored.id < before.id and stored.record.at != before.record.at:
        yield _found(Fault.REORDERED, stored, f"it stands before row {before.id}, which came first")


def _found(fault: Fault, stored: Stored, told: str) -> Finding:
    record = stored.record
    return Finding(
        fault=fault, chain=record.chain, sequence=record.sequence, row=stored.id, at=record.at, told=told
    )
