"""The seal of one day of the audit trail: how far each of its chains went (docs/adr/0048).

Contains making a seal, and what the seals tell of the chains that were found. Each seal has the one of the day before
in it, so none can be left out. Not here: the rows (`audit_walk`), where seals are kept.
"""

import hmac
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from idp.core.audit_chain import Head, day_of
from idp.core.audit_walk import Fault, Finding

_canonical = json.JSONEncoder(separators=(",", ":"), sort_keys=True).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """`faults`: how many rows were broken already. `mark`: 64 hexadecimal digits, which the application key makes."""

    day: str
    chains: tuple[Head, ...]
    faults: int
    previous: str
    sealed_at: datetime
    mark: str

    def line(self) -> str:
        """Returns it as one line of JSON, to be kept elsewhere."""
        return _canonical(
            {
                "day": self.day,
                "chains": self.chains,
                "faults": self.faults,
                "previous": self.previous,
                "sealed_at": self.sealed_at.isoformat(),
                "mark": self.mark,
            }
        )


def seal_day(
    key: bytes, day: str, heads: Iterable[Head], *, faults: int, previous: str, now: datetime
) -> Seal:
    """`previous`: the mark of the seal of the day before, empty for the first."""
    chains = tuple(sorted(heads))
    mark = _mark(key, day, chains, faults, previous, now)
    return Seal(day=day, chains=chains, faults=faults, previous=previous, sealed_at=now, mark=mark)


def is_genuine(key: bytes, seal: Seal) -> bool:
    mark = _mark(key, seal.day, seal.chains, seal.faults, seal.previous, seal.sealed_at)
    return hmac.compare_digest(mark, seal.mark)


def faults_of_seals(key: bytes, seals: Sequence[Seal]) -> Iterator[Finding]:
    """Look at the seals alone, the oldest first."""
    before: Seal | None = None
    for seal in seals:
        if not is_genuine(key, seal):
            yield _found(Fault.SEAL_CHANGED, seal.day, "the seal is not of this application key")
        if seal.previous != (before.mark if before else "") or (before and seal.day != next_day(before.day)):
            yield _found(Fault.SEAL_REMOVED, seal.day, "the seal before it is not the one that it follows")
        before = seal


def faults_by_seals(seals: Sequence[Seal], heads: Sequence[Head], kept_since: str) -> Iterator[Finding]:
    """Compare how far the chains go with what was sealed. `kept_since`: as of a `Walk`."""
    found = {head.chain: head for head in heads}
    for seal in seals:
        sealed = {head.chain: head for head in seal.chains}
        if seal.day >= kept_since:
            yield from _missing(sealed, found)
        for chain, head in found.items():
            if day_of(chain) == seal.day and (chain not in sealed or head.sequence > sealed[chain].sequence):
                yield _at(Fault.INSERTED, head, "not there when the day was sealed")


def faults_by_seals_elsewhere(kept: Sequence[Seal], seals: Sequence[Seal]) -> Iterator[Finding]:
    """Compare the seals with those that an operator keeps elsewhere."""
    here = {seal.day: seal for seal in seals}
    for seal in kept:
        known = here.get(seal.day)
        if known is None:
            yield _found(Fault.SEAL_REMOVED, seal.day, "the seal is kept elsewhere, and not here")
        elif known.mark != seal.mark:
            yield _found(Fault.SEAL_CHANGED, seal.day, "the seal is another than the one kept elsewhere")


def next_day(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def _missing(sealed: Mapping[str, Head], found: Mapping[str, Head]) -> Iterator[Finding]:
    for chain, head in sealed.items():
        there = found.get(chain)
        if there is None:
            yield _at(Fault.REMOVED, Head(chain, 1, ""), f"all {head.sequence} rows of a sealed chain")
        elif there.sequence < head.sequence:
            cut = head.sequence - there.sequence
            yield _at(
                Fault.CUT, Head(chain, there.sequence + 1, ""), f"{cut} rows at the end of a sealed chain"
            )
        elif there.sequence == head.sequence and there.digest != head.digest:
            yield _at(Fault.CHANGED, head, "the last row is another than the sealed one")


def _mark(
    key: bytes, day: str, chains: tuple[Head, ...], faults: int, previous: str, sealed_at: datetime
) -> str:
    text = _canonical(["seal", day, chains, faults, previous, sealed_at.isoformat()])
    return hmac.digest(key, text.encode(), "sha256").hex()


def _found(fault: Fault, day: str, told: str) -> Finding:
    return Finding(fault=fault, chain=day, sequence=0, told=told)


def _at(fault: Fault, head: Head, told: str) -> Finding:
    return Finding(fault=fault, chain=head.chain, sequence=head.sequence, told=told)
