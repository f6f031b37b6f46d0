"""How much waits in each queue, and since when: asked of the queue itself, so it is known when no worker lives.

Each answer reads a bounded number of rows, whatever the backlog. Not here: who works on it (`heartbeats`).
"""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Engine, Select

from idp.accounts.logouts import NoticeState
from idp.adapters.sql.database import reading
from idp.adapters.sql.schema import logout_notices, outbox
from idp.adapters.sql.worker_schema import dead_mails
from idp.core.heartbeats import Waiting

#: Nobody needs to know more exactly how many there are.
MOST_COUNTED = 10_000


@dataclass(frozen=True, slots=True)
class SqlQueues:
    database: Engine

    def mails(self, now: datetime) -> Waiting:
        """Returns the mails that wait to be sent, or to be tried again; none whose end has come. Raises
        StoreUnavailable."""
        c = outbox.c
        return self._first(sa.select(c.created_at.label("at")).where(c.expires_at > now).order_by(c.id))

    def notices(self) -> Waiting:
        """Returns the logout notices that wait, or are to be tried again. Raises StoreUnavailable."""
        c = logout_notices.c
        return self._first(sa.select(c.ended_at.label("at")).where(c.state == NoticeState.WAITING))

    def dead_mails(self) -> Waiting:
        """Returns the mails given up (`idp mails list`). Raises StoreUnavailable."""
        c = dead_mails.c
        return self._first(sa.select(c.died_at.label("at")).order_by(c.died_at))

    def _first(self, waiting: "Select[tuple[datetime]]") -> Waiting:
        some = waiting.limit(MOST_COUNTED).subquery("some")
        counted = sa.select(sa.func.count(), sa.func.min(some.c.at))
        with reading(self.database) as connection:
            number, oldest_at = connection.execute(counted).one()
        return Waiting(number=number, oldest_at=oldest_at)
