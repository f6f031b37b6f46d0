"""`Audit` on SQL: one row per event, in the commit of the fact, bound to the row before it (docs/adr/0048).

Contains writing. Rows are never changed; what is erased and deleted with time is in `audit_keeping`. Not here: reading
them (`audit_reading`), the lines (`adapters/audit_lines`).
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine

from idp.adapters.sql.audit_schema import audit_events
from idp.adapters.sql.statement import Statement, parameters_of
from idp.adapters.sql.work import write
from idp.adapters.unit import Outcome, outcome_after, present_unit
from idp.core import origin
from idp.core.audit import AuditEvent, Fact
from idp.core.audit_chain import Chains, Head, linked
from idp.core.audit_record import AuditRecord, sealed_of, tell_committed
from idp.core.clock import Clock

_LONGEST_NAME = 255
#: In the order of `AuditRecord`, its network in three.
_COLUMNS = (
    "at",
    "event",
    "account_id",
    "client_id",
    "interaction_id",
    "browsing",
    "person",
    "operator",
    "network",
    "network_salt",
    "network_digest",
    "facts",
    "chain",
    "sequence",
    "digest",
)
_NETWORK = _COLUMNS.index("network")
_NOWHERE = (None, None, None)
_RECORD = Statement(
    lambda insert: insert(audit_events).values(parameters_of(audit_events, *_COLUMNS)).inline()
)


#: The event, and its names in the order of `AuditRecord`.
_Told = tuple[str, str | None, str | None, str | None, str | None, str | None, str | None]


@dataclass(frozen=True, slots=True)
class People:
    """Names for people in the audit trail. RPPS numbers are few and public: only the key keeps a name from being read
    back."""

    key: bytes = field(repr=False)

    def of(self, rpps: str) -> str:
        """Returns 32 hexadecimal digits."""
        return hmac.digest(self.key, rpps.encode(), "sha256")[:16].hex()


@dataclass(slots=True, kw_only=True)
class _Lease:
    """A chain while one unit of work has it, and what that unit adds. It is one moment: what is committed together has
    one instant, and only by that may rows of a chain stand in another order than their numbers say."""

    chains: Chains
    at: datetime
    before: Head
    head: Head
    records: list[AuditRecord] = field(default_factory=list)

    def add(self, told: _Told, facts: Mapping[str, Fact]) -> AuditRecord:
        """Returns the next row."""
        come = origin.present_origin()
        network = None if come is None else come.network
        self.head = linked(self.chains.key, self.head, sealed_of(self.at, told, network), facts)
        made = AuditRecord(self.at, *told, network, facts, *self.head)
        self.records.append(made)
        return made

    def ended(self, outcome: Outcome) -> None:
        if outcome == "unknown":
            return
        self.chains.give_back(self.head if outcome == "committed" else self.before)
        if outcome == "committed":
            tell_committed(self.records)


@dataclass(frozen=True, slots=True, eq=False)
class Trail:
    """What the events of one process have in common, of one application key."""

    chains: Chains = field(default_factory=lambda: Chains(b""))
    people: People = field(default_factory=lambda: People(b""))

    def lease(self, now: datetime) -> _Lease:
        """Returns a chain for one commit, which tells it how it ended."""
        head = self.chains.take(now)
        return _Lease(chains=self.chains, at=now, before=head, head=head)

    def name(self, rpps: str) -> str:
        return self.people.of(rpps)


@dataclass(frozen=True, slots=True)
class SqlAudit:
    database: Engine
    clock: Clock
    trail: Trail = field(default_factory=Trail)

    def record(
        self,
        event: AuditEvent,
        *,
        account_id: str | None = None,
        client_id: str | None = None,
        interaction_id: str | None = None,
        rpps: str | None = None,
        **facts: Fact,
    ) -> None:
        # What the row of a person without account is found by. An account has its id, which leads to nobody once it is
        # erased (docs/adr/0042); beside it, this would.
        person = self.trail.name(rpps) if rpps and account_id is None else None
        told = (
            event.value,
            account_id,
            _storable(client_id),
            _storable(interaction_id),
            origin.browsing(),
            person,
            origin.operator(),
        )
        unit = present_unit()
        if unit is None:
            self._write_alone(told, facts)
        else:
            lease = unit.at_end.get(self.trail) or unit.at_end.setdefault(self.trail, self._lease())
            self._write(lease.add(told, facts))

    def _write_alone(self, told: _Told, facts: Mapping[str, Fact]) -> None:
        lease = self._lease()
        try:
            self._write(lease.add(told, facts))
        except BaseException as error:
            lease.ended(outcome_after(error))
            raise
        lease.ended("committed")

    def _lease(self) -> _Lease:
        return self.trail.lease(self.clock.now())

    def _write(self, made: AuditRecord) -> None:
        values = (*made[:_NETWORK], *(made.network or _NOWHERE), *made[_NETWORK + 1 :])
        write(self.database, _RECORD, **dict(zip(_COLUMNS, values, strict=True)))


def _storable(name: str | None) -> str | None:
    """Returns the text cut, without what no column can hold: a refused request may name any text as its client."""
    if name is None:
        return None
    return name[:_LONGEST_NAME].encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
