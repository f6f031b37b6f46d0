"""Mails given up: moved from the outbox with the reason, listed to an operator, tried again or dropped.

What is in them stays sealed. A code is nothing to try again: of such a mail only the fact is kept. Not here: when a
mail is given up (`mail_sender`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from idp.adapters.sql.batches import AT_ONCE, delete_some
from idp.adapters.sql.database import reading, writing
from idp.adapters.sql.schema import outbox
from idp.adapters.sql.worker_schema import dead_mails

_c, _o = dead_mails.c, outbox.c
_KEPT = ("recipient", "subject", "text", "html", "created_at", "attempts")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadMail:
    """`may_be_sent`: False of a code, which is void by now."""

    id: int
    recipient: str
    subject: str
    created_at: datetime
    died_at: datetime
    attempts: int
    reason: str
    may_be_sent: bool


def give_up(database: Engine, outbox_id: int, attempt: int, reason: str, now: datetime) -> None:
    """Give up a mail that the caller holds by this attempt; nothing, when another one holds it."""
    with writing(database) as connection:
        is_held = (_o.id == outbox_id, _o.attempts == attempt)
        _move(
            connection,
            connection.execute(sa.delete(outbox).where(*is_held).returning(*_o)).all(),
            reason,
            now,
        )


def give_up_expired(database: Engine, now: datetime) -> int:
    """Give up some mails whose end has come, unless they are being sent, or are codes. Returns how many."""
    is_free = sa.or_(_o.leased_until.is_(None), _o.leased_until <= now)
    some = (
        sa.select(_o.id)
        .where(_o.expires_at < now, _o.topic.is_(None), is_free)
        .order_by(_o.expires_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
        .cte("some")
    )
    with writing(database) as connection:
        expired = connection.execute(
            sa.delete(outbox).where(_o.id.in_(sa.select(some.c.id))).returning(*_o)
        ).all()
        _move(connection, expired, "expired", now)
        return len(expired)


def _move(connection: Connection, rows: Sequence[Any], reason: str, now: datetime) -> None:
    if rows:
        connection.execute(sa.insert(dead_mails), [_given_up(row, reason, now) for row in rows])


def _given_up(row: Any, reason: str, now: datetime) -> dict[str, Any]:
    kept = {name: getattr(row, name) for name in _KEPT} | {"died_at": now, "reason": reason}
    return kept if row.topic is None else kept | {"text": "", "html": ""}


@dataclass(frozen=True, slots=True)
class SqlDeadMails:
    database: Engine

    def newest(self, most: int) -> Sequence[DeadMail]:
        wanted = sa.select(dead_mails).order_by(_c.died_at.desc(), _c.id.desc()).limit(most)
        with reading(self.database) as connection:
            return [
                DeadMail(
                    id=row.id,
                    recipient=row.recipient,
                    subject=row.subject,
                    created_at=row.created_at,
                    died_at=row.died_at,
                    attempts=row.attempts,
                    reason=row.reason,
                    may_be_sent=bool(row.text),
                )
                for row in connection.execute(wanted)
            ]

    def retry(self, mail_id: int | None, now: datetime, life: timedelta) -> int:
        """Put the mail, or some of all, back into the outbox for so long. Returns how many: 0 when none is left that
        may be sent."""
        with writing(self.database) as connection:
            rows = connection.execute(self._taken(mail_id, _c.text != "").returning(*_c)).all()
            if rows:
                connection.execute(sa.insert(outbox), [_again(row, now, life) for row in rows])
        return len(rows)

    def drop(self, mail_id: int | None) -> int:
        """Forget the mail, or some of all. Returns how many: 0 when none is left."""
        with writing(self.database) as connection:
            return len(connection.execute(self._taken(mail_id).returning(_c.id)).all())

    def purge(self, died_before: datetime) -> int:
        """Delete some that were given up before then. Returns how many."""
        return delete_some(self.database, _c.died_at, died_before)

    @staticmethod
    def _taken(mail_id: int | None, *which: "sa.ColumnElement[bool]") -> sa.Delete:
        if mail_id is not None:
            return sa.delete(dead_mails).where(_c.id == mail_id, *which)
        some = sa.select(_c.id).where(*which).order_by(_c.id).limit(AT_ONCE)
        return sa.delete(dead_mails).where(_c.id.in_(some))


def _again(row: Any, now: datetime, life: timedelta) -> dict[str, Any]:
    kept = {name: getattr(row, name) for name in ("recipient", "subject", "text", "html", "created_at")}
    return {**kept, "expires_at": now + life, "not_before": now, "attempts": 0, "topic": None}
