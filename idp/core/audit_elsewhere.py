"""What an operator keeps of the audit trail elsewhere, compared with what is here: its lines, the seals of its days.

Whoever can change the database cannot change these. Not here: the chain itself (`audit_walk`), printing (`cli/audit`).
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from idp.core.audit_chain import Head, day_of
from idp.core.audit_seals import Seal
from idp.core.audit_walk import Fault, Finding, Stored


class NotKept(ValueError):
    """A file that holds none of what it should: no seal, or a line that is none."""


@dataclass(slots=True)
class KeptLines:
    """Of lines of the trail, each until its row is found. `unread`: lines that are cut, or something else's."""

    digests: dict[tuple[str, int], str] = field(default_factory=dict)
    unread: int = 0

    def add(self, lines: Iterable[str]) -> None:
        for line in lines:
            told = _object(line)
            # A collector may have put it into an object of its own, or a syslog header before it.
            try:
                self.digests[str(told["chain"]), int(told["sequence"])] = str(told["digest"])
            except (KeyError, TypeError, ValueError):
                self.unread += 1

    def compare(self, stored: Stored) -> Iterator[Finding]:
        record = stored.record
        digest = self.digests.pop((record.chain, record.sequence), record.digest)
        if digest != record.digest:
            yield Finding(
                fault=Fault.CHANGED,
                chain=record.chain,
                sequence=record.sequence,
                row=stored.id,
                at=record.at,
                told="its line says otherwise",
            )

    def missing(self, kept_since: str) -> Iterator[Finding]:
        """Returns the lines without a row, but of days that went with time."""
        for chain, sequence in sorted(self.digests):
            if day_of(chain) >= kept_since:
                yield Finding(
                    fault=Fault.REMOVED,
                    chain=chain,
                    sequence=sequence,
                    told="there is a line of it, and no row",
                )


def read_seals(lines: Iterable[str]) -> list[Seal]:
    """Returns the seals as `Seal.line` writes them. Raises NotKept."""
    return [_seal(_object(line)) for line in lines if line.strip()]


def _seal(told: Any) -> Seal:
    try:
        return Seal(
            day=str(told["day"]),
            chains=tuple(Head(*one) for one in told["chains"]),
            faults=int(told["faults"]),
            previous=str(told["previous"]),
            sealed_at=datetime.fromisoformat(told["sealed_at"]),
            mark=str(told["mark"]),
        )
    except (KeyError, TypeError, ValueError):
        raise NotKept("expected lines of `idp audit seals`") from None


def _object(line: str) -> Any:
    """Returns the JSON object that ends this line, None for anything else."""
    begins = line.find("{")
    try:
        return json.loads(line[begins:]) if begins >= 0 else None
    except ValueError:
        return None
