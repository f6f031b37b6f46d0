"""What is known of the mails to one address: those that wait, and those given up (`dead_mails`). Not what is in them.

Not here: who sends them (`mail_sender`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Engine

from idp.adapters.sql.database import reading
from idp.adapters.sql.schema import outbox
from idp.adapters.sql.worker_schema import dead_mails

_MOST = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class MailTo:
    """`given_up_at`: None of one that waits. `tries`: how often it was begun to be sent. `is_code`: that waits."""

    posted_at: datetime
    tries: int
    is_code: bool = False
    given_up_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SqlMailsTo:
    database: Engine

    def of(self, address: str, now: datetime) -> Sequence[MailTo]:
        """Returns the newest of each, first those that wait, unless their end has come."""
        w, d = outbox.c, dead_mails.c
        waiting = sa.select(outbox).where(w.recipient == address, w.expires_at > now).order_by(w.id.desc())
        given_up = sa.select(dead_mails).where(d.recipient == address).order_by(d.id.desc())
        with reading(self.database) as connection:
            waits = connection.execute(waiting.limit(_MOST)).all()
            ends = connection.execute(given_up.limit(_MOST)).all()
        return [
            *(
                MailTo(posted_at=row.created_at, tries=row.attempts, is_code=row.topic is not None)
                for row in waits
            ),
            *(
                MailTo(
                    posted_at=row.created_at, tries=row.attempts, given_up_at=row.died_at, reason=row.reason
                )
                for row in ends
            ),
        ]
