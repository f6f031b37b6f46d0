"""`Audit` on SQL: one committed row per event, never changed, deleted when its time is over."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Engine

from idp.adapters.sql.database import writing
from idp.adapters.sql.schema import audit_events
from idp.adapters.sql.statement import Statement, parameters_of
from idp.adapters.sql.work import write
from idp.core.audit import AuditEvent, Fact
from idp.core.clock import Clock
from idp.core.measures import count_event

_LONGEST_NAME = 255
_COLUMNS = ("at", "event", "account_id", "client_id", "interaction_id", "facts")
_RECORD = Statement(
    lambda insert: insert(audit_events).values(parameters_of(audit_events, *_COLUMNS)).inline()
)


@dataclass(frozen=True, slots=True)
class SqlAudit:
    database: Engine
    clock: Clock

    def record(
        self,
        event: AuditEvent,
        *,
        account_id: str | None = None,
        client_id: str | None = None,
        interaction_id: str | None = None,
        **facts: Fact,
    ) -> None:
        write(
            self.database,
            _RECORD,
            at=self.clock.now(),
            event=event.value,
            account_id=account_id,
            client_id=_storable(client_id),
            interaction_id=_storable(interaction_id),
            facts=facts,
        )
        count_event(event)

    def purge(self, before: datetime) -> int:
        """Delete rows past their time (facts/security §0.2: 12 months). Returns how many."""
        with writing(self.database) as connection:
            return connection.execute(sa.delete(audit_events).where(audit_events.c.at < before)).rowcount


def _storable(name: str | None) -> str | None:
    """Returns the text cut, without what no column can hold: a refused request may name any text as its client."""
    if name is None:
        return None
    return name[:_LONGEST_NAME].encode("utf-8", "replace").decode().replace("\x00", "\ufffd")
