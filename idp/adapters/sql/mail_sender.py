"""Empties the outbox: which mail is sent next, what becomes of one that fails, and of one whose end has come.

Contains retries, pauses while the relay is down, expiry. Not here: how many are sent at once (`cli/worker`), SMTP, what
an operator does with mails given up (`dead_mails`).
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa
import structlog
from sqlalchemy import Engine

from idp.adapters.sql.batches import delete_some, rest_of
from idp.adapters.sql.database import reading
from idp.adapters.sql.dead_mails import give_up, give_up_expired
from idp.adapters.sql.leased_queue import LeasedQueue
from idp.adapters.sql.schema import outbox
from idp.core.clock import Clock
from idp.core.mailer import Mail, MailPutOff, MailRefused, MailTransport
from idp.core.measures import RETRIES

_c = outbox.c
_log = structlog.get_logger(__name__)

#: Longer than the slowest delivery (CADUCEE_SMTP_WITHIN): the mail of a worker that died is sent by another then.
LEASE = timedelta(minutes=1)
_FIRST_DELAY = timedelta(seconds=5)
#: Of a mail that the relay put off, and of one that failed with the relay: that one is due again soon after its return.
_LONGEST_DELAY = timedelta(minutes=5)
_LONGEST_DELAY_BY_RELAY = timedelta(seconds=40)
#: Mails with a topic are codes, for which somebody waits; one that comes late is void.
_IS_CODE = _c.topic.is_not(None)


@dataclass(slots=True, kw_only=True)
class _Relay:
    """Whether the relay takes mails. While it does not, one mail at a time tries it, after growing pauses."""

    first: timedelta = timedelta(seconds=1)
    longest: timedelta = timedelta(seconds=30)
    _failures: int = 0
    _asked_again_at: datetime | None = None
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    def takes(self, now: datetime, most: int) -> int:
        """Returns how many mails may try it now."""
        again = self._asked_again_at
        if again is None:
            return most
        # A clock that was set back must not silence it for long.
        return 1 if not timedelta() < again - now <= self.longest else 0

    def failed(self, now: datetime) -> None:
        with self._mutex:
            # Those that were under way when the first of them failed are one failure.
            if self._asked_again_at is None or self._asked_again_at <= now:
                self._failures += 1
            self._asked_again_at = now + min(self.longest, self.first * 2 ** min(self._failures - 1, 6))

    def answered(self) -> None:
        with self._mutex:
            self._failures, self._asked_again_at = 0, None


@dataclass(frozen=True, slots=True)
class _Leased:
    id: int
    attempt: int
    mail: Mail


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSender:
    """Any number may run, in any process, and be called by any number of threads: one at a time holds a mail. When one
    dies while sending, another sends its mail after the lease."""

    database: Engine
    clock: Clock
    transport: MailTransport
    _relay: _Relay = field(default_factory=_Relay)

    def due(self, most: int) -> int:
        """Returns for how many threads there is a mail to send, up to `most`. Raises StoreUnavailable."""
        now = self.clock.now()
        allowed = self._relay.takes(now, most)
        if not allowed:
            return 0
        # A read, not a write: an idle worker must not commit four times a second.
        with reading(self.database) as connection:
            return sum(
                len(connection.execute(_due(now, which).limit(allowed)).all())
                for which in (_IS_CODE, ~_IS_CODE)
            )

    def send_next(self) -> bool:
        """Try one mail. Returns False when none is due. Raises StoreUnavailable."""
        now = self.clock.now()
        leased = self._lease_next(now) if self._relay.takes(now, 1) else None
        if leased is None:
            return False
        try:
            self.transport.send(leased.mail)
        except MailPutOff as put_off:
            self._relay.answered()
            self._put_off(leased, str(put_off), _LONGEST_DELAY)
        except ValueError as error:
            self._relay.answered()
            # Sealed under another application key, no valid address, refused for ever: a retry would fail alike.
            reason = str(error) if isinstance(error, MailRefused) else type(error).__name__
            self._give_up(leased, reason)
        except OSError as error:
            self._relay.failed(self.clock.now())
            self._put_off(leased, type(error).__name__, _LONGEST_DELAY_BY_RELAY)
        else:
            self._relay.answered()
            self._queue.forget(leased.id, leased.attempt)
        return True

    def rest(self) -> None:
        """Called now and then: connections that nobody needs are closed."""
        self.transport.rest()

    def close(self) -> None:
        self.transport.close()

    def drop_expired(self, is_over: Callable[[], bool] = lambda: False) -> None:
        """Drop the codes whose end has come; what else has expired is given up visibly. Raises StoreUnavailable.

        `is_over`: asked between two batches.
        """
        now = self.clock.now()
        codes = self._in_batches(partial(delete_some, self.database, _c.expires_at, now, _IS_CODE), is_over)
        others = self._in_batches(partial(give_up_expired, self.database, now), is_over)
        if codes or others:
            _log.warning("mails_expired_unsent", mails=codes + others, codes=codes)

    def _in_batches(self, one: Callable[[], int], is_over: Callable[[], bool]) -> int:
        if not self._has_expired():
            return 0
        gone = 0
        while not is_over():
            began = time.monotonic()
            if not (some := one()):
                break
            gone += some
            time.sleep(rest_of(began))
        return gone

    def _has_expired(self) -> bool:
        expired = sa.select(_c.id).where(_c.expires_at < self.clock.now()).limit(1)
        with reading(self.database) as connection:
            return connection.execute(expired).first() is not None

    @property
    def _queue(self) -> LeasedQueue:
        return LeasedQueue(self.database, outbox, LEASE)

    def _lease_next(self, now: datetime) -> _Leased | None:
        # An expired code is never sent late: the person has asked for another by then.
        row = self._queue.lease_next(now, _c.expires_at > now, ahead=_IS_CODE)
        if row is None:
            return None
        return _Leased(
            row.id, row.attempts, Mail(to=row.recipient, subject=row.subject, text=row.text, html=row.html)
        )

    def _put_off(self, leased: _Leased, reason: str, longest: timedelta) -> None:
        RETRIES.of("mail").add()
        # Only the kind is logged: what a relay says quotes the address.
        _log.warning("mail_not_sent", outbox_id=leased.id, attempt=leased.attempt, error=reason)
        # 2^6 already exceeds the longest delay.
        delay = min(_FIRST_DELAY * 2 ** min(leased.attempt - 1, 6), longest)
        self._queue.give_back(leased.id, leased.attempt, not_before=self.clock.now() + delay)

    def _give_up(self, leased: _Leased, reason: str) -> None:
        _log.error("mail_given_up", outbox_id=leased.id, attempt=leased.attempt, reason=reason)
        give_up(self.database, leased.id, leased.attempt, reason, self.clock.now())


def _due(now: datetime, which: "sa.ColumnElement[bool]") -> "sa.Select[tuple[int]]":
    is_free = sa.or_(_c.leased_until.is_(None), _c.leased_until <= now)
    return sa.select(_c.id).where(which, _c.not_before <= now, _c.expires_at > now, is_free)
