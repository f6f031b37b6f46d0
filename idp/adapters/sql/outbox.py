"""`Outbox` on SQL, and the worker that empties it.

Contains retries and expiry. A mail may hold a code: its row is deleted once it is sent or expired. Not here: SMTP, the
wording of a mail.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from smtplib import SMTPException

import sqlalchemy as sa
import structlog
from sqlalchemy import Engine

from idp.adapters.sql.database import reading, writing
from idp.adapters.sql.leased_queue import LeasedQueue
from idp.adapters.sql.schema import outbox
from idp.adapters.sql.statement import Statement, parameters_of
from idp.adapters.sql.work import SqlUnitOfWork, run, write
from idp.core.clock import Clock
from idp.core.mailer import Mail, MailTransport
from idp.core.measures import RETRIES

_c = outbox.c
_log = structlog.get_logger(__name__)

# Longer than the slowest delivery (fifteen SMTP exchanges of 10 s).
_LEASE = timedelta(minutes=3)
_FIRST_DELAY = timedelta(seconds=5)
_LONGEST_DELAY = timedelta(minutes=5)
_MAILS_PER_ROUND = 100
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


@dataclass(frozen=True, slots=True)
class _Leased:
    id: int
    attempt: int
    mail: Mail


@dataclass(frozen=True, slots=True)
class OutboxWorker:
    """Any number may run, in any process. When one dies while sending, another sends its mail after the lease."""

    database: Engine
    clock: Clock
    transport: MailTransport

    def drain_once(self, is_stopped: Callable[[], bool] = lambda: False) -> int:
        """Drop expired mails, try each due mail once. Returns how many were sent. Raises StoreUnavailable.

        `is_stopped`: asked before each mail.
        """
        # A read first, not a write: an idle worker must not commit four times a second.
        if not self._has_mail():
            return 0
        self._drop_expired()
        sent = 0
        for _ in range(_MAILS_PER_ROUND):
            leased = None if is_stopped() else self._lease_next()
            if leased is None:
                break
            sent += self._deliver(leased)
        return sent

    def _has_mail(self) -> bool:
        with reading(self.database) as connection:
            return connection.execute(sa.select(_c.id).limit(1)).first() is not None

    def _deliver(self, leased: _Leased) -> int:
        try:
            self.transport.send(leased.mail)
        except (OSError, SMTPException) as error:
            # Only the type is logged: an SMTP refusal quotes the address.
            _log.warning(
                "mail_not_sent", outbox_id=leased.id, attempt=leased.attempt, error=type(error).__name__
            )
            self._postpone(leased)
            return 0
        except ValueError:
            # Sealed under another application key, or no valid address: a retry would fail in the same way.
            _log.error("mail_dropped_as_unsendable", outbox_id=leased.id)
            self._forget(leased)
            return 0
        self._forget(leased)
        return 1

    @property
    def _queue(self) -> LeasedQueue:
        return LeasedQueue(self.database, outbox, _LEASE)

    def _lease_next(self) -> _Leased | None:
        now = self.clock.now()
        # An expired code is never sent late: the person has asked for another by then.
        row = self._queue.lease_next(now, _c.expires_at > now)
        if row is None:
            return None
        return _Leased(
            row.id, row.attempts, Mail(to=row.recipient, subject=row.subject, text=row.text, html=row.html)
        )

    def _postpone(self, leased: _Leased) -> None:
        RETRIES.of("mail").add()
        # 2^6 already exceeds the longest delay.
        delay = min(_FIRST_DELAY * 2 ** min(leased.attempt - 1, 6), _LONGEST_DELAY)
        self._queue.give_back(leased.id, leased.attempt, not_before=self.clock.now() + delay)

    def _forget(self, leased: _Leased) -> None:
        self._queue.forget(leased.id, leased.attempt)

    def _drop_expired(self) -> None:
        with writing(self.database) as connection:
            dropped = connection.execute(sa.delete(outbox).where(_c.expires_at <= self.clock.now())).rowcount
        if dropped:
            _log.warning("mails_expired_unsent", mails=dropped)
