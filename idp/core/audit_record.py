"""One event of the audit trail as it was committed, and the one place that every event passes then.

Contains the record, its JSON line, and who hears of it. Not here: the events (`audit`), the chain (`audit_chain`),
where lines go (`adapters/audit_lines`).
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import structlog

from idp.core.audit import AuditEvent, Fact
from idp.core.compact_json import compact_json
from idp.core.measures import count_event
from idp.core.origin import Network

log = structlog.get_logger()

_EPOCH, _TICK = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_line = compact_json()


class AuditRecord(NamedTuple):
    """`person`: a keyed hash of the RPPS, of somebody who has no account. `browsing`: what the events of one browser
    have in common. `chain`, `sequence`, `digest`: its link (`audit_chain`)."""

    at: datetime
    event: str
    account_id: str | None
    client_id: str | None
    interaction_id: str | None
    browsing: str | None
    person: str | None
    operator: str | None
    network: Network | None
    facts: Mapping[str, Fact]
    chain: str
    sequence: int
    digest: str

    def sealed(self) -> Sequence[str | int | None]:
        """Returns what its digest is made of, besides the facts and the row before."""
        told = (
            self.event,
            self.account_id,
            self.client_id,
            self.interaction_id,
            self.browsing,
            self.person,
            self.operator,
        )
        return sealed_of(self.at, told, self.network)

    @property
    def day(self) -> str:
        """Of its instant, in UTC."""
        return self.at.date().isoformat()

    def line(self) -> str:
        """Returns it as one line of JSON, without what is not known. Names of facts stay apart from ours."""
        told = {
            "at": self.at.isoformat(timespec="microseconds"),
            "event": self.event,
            "account_id": self.account_id,
            "client_id": self.client_id,
            "interaction_id": self.interaction_id,
            "browsing": self.browsing,
            "person": self.person,
            "operator": self.operator,
            "network": None if self.network is None else self.network.address,
            "facts": dict(self.facts) or None,
            "chain": self.chain,
            "sequence": self.sequence,
            "digest": self.digest,
        }
        return _line({name: value for name, value in told.items() if value is not None})


def sealed_of(
    at: datetime, told: Sequence[str | None], network: Network | None
) -> Sequence[str | int | None]:
    """`told`: the event, and its names in the order of the record."""
    return ((at - _EPOCH) // _TICK, *told, None if network is None else network.digest)


Listener = Callable[[AuditRecord], None]
_listeners: list[Listener] = []


def on_committed(listener: Listener) -> Callable[[], None]:
    """Call `listener` with each event once it is committed, in the thread that committed it, before its answer leaves:
    it must neither wait nor raise. Returns what takes it back.

    An event is told at most once: of a commit of which nobody knows the outcome, or of a process that is killed, the
    row alone tells. What a refusal trail leaves out (`refusal_trail`) is no event.
    """
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


def tell_committed(records: Sequence[AuditRecord]) -> None:
    for record in records:
        count_event(AuditEvent(record.event))
    for listener in _listeners:
        for record in records:
            try:
                listener(record)
            except Exception:  # The fact is committed: nothing that listens may undo its answer.
                log.exception("audit_listener_failed")
