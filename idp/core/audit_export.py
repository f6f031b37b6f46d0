"""A part of the audit trail in a file, with what proves it whole away from its database (docs/adr/0063).

Contains the line of one row, with all that its digest is made of, and the proof beside the file: how far each chain
goes, and the seals of the days. Only the application key makes one. Not here: the walk along the chains (`audit_walk`),
writing and reading the files (`cli/audit`).
"""

import hmac
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from idp.core.audit_chain import Head
from idp.core.audit_elsewhere import NotKept, read_seals
from idp.core.audit_record import AuditRecord
from idp.core.audit_seals import Seal, faults_by_seals, faults_of_seals
from idp.core.audit_walk import Fault, Finding, Stored, Walk
from idp.core.origin import Network

_NEVER = datetime.min.replace(tzinfo=UTC)
_FORMAT = "caducee-audit-proof/1"
_canonical = json.JSONEncoder(separators=(",", ":"), sort_keys=True).encode
_NAMES = ("account_id", "client_id", "interaction_id", "browsing", "person", "operator")


def exported_line(stored: Stored) -> str:
    """Returns the row as one line of JSON: its number, what `AuditRecord.line` says, and what vouches for its
    address."""
    network = stored.record.network
    vouched = (
        "" if network is None else f',"network_salt":"{network.salt}","network_digest":"{network.digest}"'
    )
    return f'{{"id":{stored.id},{stored.record.line()[1:-1]}{vouched}}}'


def read_exported(line: str) -> Stored:
    """Raises NotKept."""
    try:
        told: Any = json.loads(line)
        network = None
        if "network_digest" in told:
            network = Network(
                str(told.get("network", "")), str(told["network_salt"]), str(told["network_digest"])
            )
        record = AuditRecord(
            at=datetime.fromisoformat(told["at"]),
            event=str(told["event"]),
            network=network,
            facts=dict(told.get("facts") or {}),
            chain=str(told.get("chain", "")),
            sequence=int(told.get("sequence", 0)),
            digest=str(told.get("digest", "")),
            **{name: told.get(name) for name in _NAMES},
        )
        return Stored(int(told["id"]), record)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise NotKept("expected lines of `idp audit export`") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """Of the rows of the days from `since` to before `until`. `sha256`: of the file; `bare_until`: as of a `Walk`;
    `faults`: how many rows were broken already; `mark`: 64 hexadecimal digits."""

    since: str
    until: str
    bare_until: str
    rows: int
    sha256: str
    faults: int
    chains: tuple[Head, ...]
    seals: tuple[Seal, ...]
    mark: str = ""

    def signed(self, key: bytes) -> str:
        """Returns it as one line of JSON, under its mark."""
        return _canonical({**self._told(), "mark": self._mark(key)})

    def is_genuine(self, key: bytes) -> bool:
        return self.mark.isascii() and hmac.compare_digest(self._mark(key), self.mark)

    def _mark(self, key: bytes) -> str:
        return hmac.digest(key, _canonical(["export", self._told()]).encode(), "sha256").hex()

    def _told(self) -> dict[str, Any]:
        plain = {one.name: getattr(self, one.name) for one in fields(self) if one.name != "mark"}
        return {**plain, "format": _FORMAT, "seals": [json.loads(seal.line()) for seal in self.seals]}


def read_proof(text: str) -> Proof:
    """Raises NotKept."""
    try:
        told: Any = json.loads(text)
        if told["format"] != _FORMAT:
            raise NotKept("a proof of another version of this program")
        return Proof(
            **{name: str(told[name]) for name in ("since", "until", "bare_until", "sha256", "mark")},
            rows=int(told["rows"]),
            faults=int(told["faults"]),
            chains=tuple(Head(*one) for one in told["chains"]),
            seals=tuple(read_seals(_canonical(one) for one in told["seals"])),
        )
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, NotKept):
            raise
        raise NotKept("expected a proof that `idp audit export --proof` made") from None


def faults_of_export(key: bytes, proof: Proof, rows: Iterable[Stored]) -> Iterator[Finding]:
    """Yields what does not follow, and what is missing of the chains and the sealed days."""
    walk = Walk(key=key, kept_since="", bare_until=proof.bare_until)
    for stored in rows:
        yield from walk.feed(stored)
    yield from walk.finish()
    first = proof.seals[0].day if proof.seals else ""
    # The seal before the first is not in this part.
    yield from (
        one
        for one in faults_of_seals(key, proof.seals)
        if not (one.fault is Fault.SEAL_REMOVED and one.chain == first)
    )
    # How far the chains went is compared as with a seal, of no day.
    ends = Seal(day="", chains=proof.chains, faults=0, previous="", sealed_at=_NEVER, mark="")
    for seal in (ends, *proof.seals):
        yield from faults_by_seals([seal], walk.heads(), "")
