"""`Epochs` on SQL, and their beginning: one transaction that voids everything begun before (docs/adr/0046).

Contains what is void, each table by one statement, whatever its size. Not here: who begins an epoch (`cli/db`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Select

from idp.accounts.logouts import NoticeState
from idp.adapters.sql.database import insert_into
from idp.adapters.sql.email_schema import email_undos
from idp.adapters.sql.schema import accounts, ended_sessions, ephemeral, grants, logout_notices, outbox
from idp.adapters.sql.session_schema import sessions
from idp.adapters.sql.statement import Statement
from idp.adapters.sql.upkeep_schema import epochs
from idp.adapters.sql.work import fetch
from idp.core.ephemeral import Kind

#: A column of whoever reads accounts: what their generations are not below. NULL before the first epoch.
FLOOR = sa.select(sa.func.max(epochs.c.number)).scalar_subquery().label("floor")
_PRESENT = Statement(lambda _: sa.select(FLOOR))

#: Numbers are the seconds since, so that none is given twice, whatever a restored database forgot.
_FIRST_SECOND = datetime(2026, 1, 1, tzinfo=UTC)

#: What opens something. Counters of failures and marks of what was used stay: an epoch gives no new tries.
VOID: Collection[Kind] = (
    Kind.SESSION,
    Kind.BROWSER_SESSION,
    Kind.AUTHORIZATION_CODE,
    Kind.ACCESS_TOKEN,
    Kind.PUSHED_REQUEST,
    Kind.UPSTREAM_LOGIN,
    Kind.UPSTREAM_PROOF,
    Kind.CARD_ATTEMPT,
    Kind.CARD_PRESENTATION,
    Kind.MAIL_CODE,
    Kind.EMAIL_CHANGE,
    Kind.PASSKEY_CHALLENGE,
)


@dataclass(frozen=True, slots=True)
class SqlEpochs:
    database: Engine

    def present(self) -> int:
        return int(fetch(self.database, _PRESENT)[0].floor or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What an epoch voided: how many of each."""

    number: int
    sessions: int
    grants: int
    notices: int
    links: int
    records: int


def begin_epoch(connection: Connection, now: datetime, listeners: Collection[str], reason: str) -> Ended:
    """Begin an epoch in this transaction. `listeners`: the clients that get a logout notice of each session.

    `Ended.records`: of the embedded store; those of a store on another server are void by their generation.
    """
    if connection.dialect.name == "postgresql":
        # Nobody who reads waits for it, and no backup; of two operators the second does.
        connection.exec_driver_sql("LOCK TABLE epochs IN EXCLUSIVE MODE")
    number = _next_number(connection, now)
    connection.execute(sa.insert(epochs).values(number=number, begun_at=now, reason=reason))
    return Ended(
        number=number,
        sessions=_end_sessions(connection, now),
        notices=_queue_notices(connection, now, listeners),
        grants=_changed(
            connection, sa.update(grants).where(grants.c.revoked_at.is_(None)).values(revoked_at=now)
        ),
        links=_changed(
            connection,
            sa.update(email_undos)
            .where(email_undos.c.used_at.is_(None), email_undos.c.ends_at > now)
            .values(ends_at=now),
        ),
        records=_clear_records(connection),
    )


def _next_number(connection: Connection, now: datetime) -> int:
    """Above every generation there is: clocks of operators differ too."""
    known = [
        connection.execute(sa.select(sa.func.max(one))).scalar() or 0
        for one in (epochs.c.number, accounts.c.generation)
    ]
    return max(int((now - _FIRST_SECOND).total_seconds()), *(one + 1 for one in known))


def _end_sessions(connection: Connection, now: datetime) -> int:
    is_ended = sa.exists().where(ended_sessions.c.sid == sa.literal_column("known.sid"))
    known = sa.union(
        sa.select(grants.c.sid), sa.select(sessions.c.sid).where(sessions.c.ends_at > now)
    ).subquery("known")
    at = sa.literal(now, ended_sessions.c.ended_at.type)
    # In the order of their names, as every end of several: two of them cannot wait for each other.
    living = sa.select(known.c.sid, at).where(~is_ended).order_by(known.c.sid)
    return _added(connection, ended_sessions, ["sid", "ended_at"], living)


def _queue_notices(connection: Connection, now: datetime, listeners: Collection[str]) -> int:
    """One for each session and listener that redeemed a grant of it; one that is queued or delivered stays as it is."""
    at = sa.literal(now, logout_notices.c.ended_at.type)
    due: dict[str, Any] = {
        "ended_at": at,
        "not_before": at,
        "state": sa.literal(str(NoticeState.WAITING)),
        "deliveries": sa.literal(0),
        "attempts": sa.literal(0),
    }
    entered = (
        sa.select(grants.c.sid, grants.c.client_id, sa.func.min(grants.c.account_id), *due.values())
        .where(grants.c.redeemed_at.is_not(None), grants.c.client_id.in_(sorted(listeners)))
        .group_by(grants.c.sid, grants.c.client_id)
    )
    return _added(connection, logout_notices, ["sid", "client_id", "account_id", *due], entered)


def _clear_records(connection: Connection) -> int:
    kinds = [str(kind) for kind in VOID]
    # The mails of a topic hold a code, or tell of one.
    connection.execute(sa.delete(outbox).where(outbox.c.topic.is_not(None)))
    return _changed(connection, sa.delete(ephemeral).where(ephemeral.c.kind.in_(kinds)))


def _added(connection: Connection, table: sa.Table, names: list[str], rows: "Select[Any]") -> int:
    return _changed(
        connection, insert_into(connection, table).from_select(names, rows).on_conflict_do_nothing()
    )


def _changed(connection: Connection, write: Any) -> int:
    return connection.execute(write, execution_options={"preserve_rowcount": True}).rowcount
