"""`Outbox` on SQL. A mail may hold a code: its row is deleted once it is sent or expired.

Not here: who empties it (`mail_sender`), SMTP, the wording of a mail.
"""

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy import Engine

from idp.adapters.sql.schema import outbox
from idp.adapters.sql.statement import Statement, parameters_of
from idp.adapters.sql.work import SqlUnitOfWork, run, write
from idp.core.clock import Clock
from idp.core.mailer import Mail

_c = outbox.c
_POSTED = (
    "recipient",
    "subject",
    "text",
    "html",
    "created_at",
    "expires_at",
    "not_before",
    "attempts",
    "topic",
)

_POST = Statement(lambda insert: insert(outbox).values(parameters_of(outbox, *_POSTED)).inline())
# Also the one that a worker is sending now: if that fails, it is not tried again.
_WITHDRAW = Statement(lambda _: sa.delete(outbox).where(_c.topic == sa.bindparam("topic")))


@dataclass(frozen=True, slots=True)
class SqlOutbox:
    database: Engine
    clock: Clock

    def post(self, mail: Mail, *, expires_after_seconds: int, topic: str = "") -> None:
        now = self.clock.now()
        with SqlUnitOfWork(self.database).together():
            if topic:
                self.supersede(topic)
            write(
                self.database,
                _POST,
                recipient=mail.to,
                subject=mail.subject,
                text=mail.text,
                html=mail.html,
                created_at=now,
                expires_at=now + timedelta(seconds=expires_after_seconds),
                not_before=now,
                attempts=0,
                topic=topic or None,
            )

    def supersede(self, topic: str) -> None:
        write(self.database, _WITHDRAW, topic=topic)

    def withdraw(self, topic: str) -> bool:
        return run(self.database, _WITHDRAW, topic=topic).changed > 0
