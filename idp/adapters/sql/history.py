"""`AccountHistory` on SQL: what the audit trail says of one account, in one read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine

from idp.accounts.account import AccountId
from idp.accounts.history import TOLD, HistoryEntry
from idp.adapters.sql.schema import audit_events
from idp.adapters.sql.statement import Statement
from idp.adapters.sql.work import fetch
from idp.core.audit import AuditEvent

#: Beyond every number of a row: the newest page has no end.
_NONE_BEFORE = 2**63 - 1

_c = audit_events.c
# Added to nothing, so that no database walks the whole trail backwards by this key: the rows of one account are few.
_newest_first = (_c.id + sa.literal_column("0")).desc()
_of_account = sa.and_(
    _c.account_id == sa.bindparam("account_id"),
    _c.event.in_([sa.literal(str(event), _c.event.type) for event in TOLD]),
)
_columns = (_c.id, _c.at, _c.event, _c.client_id, _c.facts, _c.interaction_id)

_PAGE = Statement(
    lambda _: (
        sa.select(*_columns)
        .where(
            _of_account,
            _c.at >= sa.bindparam("since", type_=_c.at.type),
            _c.id < sa.bindparam("before", type_=_c.id.type),
        )
        .order_by(_newest_first)
        .limit(sa.bindparam("most", type_=sa.Integer))
    )
)
_ONE = Statement(
    lambda _: sa.select(*_columns).where(_of_account, _c.id == sa.bindparam("id", type_=_c.id.type))
)
_PASSKEYS_USED = Statement(
    lambda _: sa.select(_c.facts).where(
        _c.account_id == sa.bindparam("account_id"),
        _c.interaction_id == sa.bindparam("interaction_id"),
        _c.event == sa.literal(str(AuditEvent.PASSKEY_ACCEPTED), _c.event.type),
    )
)


@dataclass(frozen=True, slots=True)
class SqlHistory:
    database: Engine

    def of(
        self, account_id: AccountId, since: datetime, most: int, *, before: int | None = None
    ) -> Sequence[HistoryEntry]:
        last = _NONE_BEFORE if before is None else before
        rows = fetch(self.database, _PAGE, account_id=account_id, since=since, before=last, most=most)
        return [_entry(row) for row in rows]

    def find(self, account_id: AccountId, entry_id: int) -> HistoryEntry | None:
        rows = fetch(self.database, _ONE, account_id=account_id, id=entry_id)
        return _entry(rows[0]) if rows else None

    def passkeys_of(self, account_id: AccountId, entry: HistoryEntry) -> frozenset[str]:
        if entry.event is AuditEvent.PASSKEY_ADDED:
            return frozenset({str(entry.facts["passkey"])})
        if entry.event is not AuditEvent.SESSION_STARTED:
            return frozenset()
        used = fetch(
            self.database, _PASSKEYS_USED, account_id=account_id, interaction_id=entry.interaction_id
        )
        return frozenset(str(row.facts["passkey"]) for row in used)


def _entry(row: Any) -> HistoryEntry:
    return HistoryEntry(
        id=row.id,
        at=row.at,
        event=AuditEvent(row.event),
        client_id=row.client_id,
        facts=row.facts,
        interaction_id=row.interaction_id or "",
    )
