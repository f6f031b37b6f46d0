"""Contains `EventCounts` on SQL: numbers of the audit trail between two instants, by its index on `at`, and nothing of
a person. Not here: which hours (`core/day_counts`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Engine, Select

from idp.adapters.sql.audit_schema import audit_events
from idp.adapters.sql.bounded import reading_for
from idp.core.audit import AuditEvent
from idp.core.day_counts import Counted
from idp.core.measures import SIGN_IN_OF

_c = audit_events.c
#: For one statement.
_SECONDS = 1
#: Whose reason is counted apart.
REASONED = (
    AuditEvent.CARD_LOGIN_REFUSED,
    AuditEvent.PSC_LOGIN_REFUSED,
    AuditEvent.PASSWORD_REFUSED,
    AuditEvent.PASSWORD_THROTTLED,
    AuditEvent.MAIL_CODE_REFUSED,
    AuditEvent.MAIL_CODE_NOT_SENT,
    AuditEvent.PASSKEY_REFUSED,
)
COUNTED = (*SIGN_IN_OF, AuditEvent.CODE_ISSUED, AuditEvent.MAIL_CODE_SENT, AuditEvent.MAIL_CODE_NOT_SENT)


@dataclass(frozen=True, slots=True)
class SqlEventCounts:
    database: Engine

    def between(self, since: datetime, until: datetime) -> Sequence[Counted]:
        with reading_for(self.database, _SECONDS) as connection:
            return [Counted(*row) for row in connection.execute(counts_between(since, until))]

    def clients_used(self, since: datetime, until: datetime) -> Mapping[str, datetime]:
        with reading_for(self.database, _SECONDS) as connection:
            return {row.client_id: row.at for row in connection.execute(uses_between(since, until))}

    def begin(self) -> datetime | None:
        with reading_for(self.database, _SECONDS) as connection:
            return connection.execute(sa.select(sa.func.min(_c.at))).scalar()


def counts_between(since: datetime, until: datetime) -> "Select[tuple[str, str, int, datetime]]":
    """Returns the statement, without the instants of one hour twice: they are half open."""
    detail = sa.case(
        (_c.event.in_(REASONED), _c.facts["reason"].as_string()),
        (_c.event == AuditEvent.CODE_ISSUED, _c.client_id),
        else_="",
    )
    # Named once, below the grouping: PostgreSQL takes the same expression with other parameters for another one.
    events = (
        sa.select(_c.event, sa.func.coalesce(detail, "").label("detail"), _c.at)
        .where(_c.at >= since, _c.at < until, _c.event.in_(COUNTED))
        .subquery("events")
    )
    found = events.c
    return sa.select(found.event, found.detail, sa.func.count(), sa.func.max(found.at)).group_by(
        found.event, found.detail
    )


def uses_between(since: datetime, until: datetime) -> "Select[tuple[str, datetime]]":
    return (
        sa.select(_c.client_id, sa.func.max(_c.at).label("at"))
        .where(_c.at >= since, _c.at < until, _c.event == AuditEvent.CODE_ISSUED, _c.client_id.is_not(None))
        .group_by(_c.client_id)
    )
