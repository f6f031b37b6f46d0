"""`MailTransport` on connections to the relay that are kept open: a mail costs no new TLS and no new login.

Contains which connection a mail takes, and when one is closed. Not here: SMTP (`smtp`), how many mails are sent at once
(who calls).
"""

import threading
import time
from dataclasses import dataclass, field

from idp.adapters.http.deadline import ExchangeDeadline
from idp.adapters.mail.smtp import Session, SmtpTransport, end
from idp.core.mailer import Mail, MailPutOff, MailRefused

#: A relay closes an idle connection after five minutes (RFC 5321 §4.5.3.2.7), some after one.
_IDLE_SECONDS = 30.0
#: Relays refuse more on one connection, some at a hundred and one.
_MAILS_EACH = 100


@dataclass(slots=True)
class _Kept:
    session: Session
    mails: int = 0
    used_at: float = field(default_factory=time.monotonic)


@dataclass(slots=True, kw_only=True)
class KeptConnections:
    """For any number of threads: each mail has a connection of its own while it is sent."""

    relay: SmtpTransport
    idle_seconds: float = _IDLE_SECONDS
    mails_each: int = _MAILS_EACH
    _idle: list[_Kept] = field(default_factory=list)
    _mutex: threading.Lock = field(default_factory=threading.Lock)

    def send(self, mail: Mail) -> None:
        """Raises MailRefused, MailPutOff, OSError."""
        # Of the mail, whatever is tried for it: it is leased for little longer.
        deadline = self.relay.deadline()
        kept = self._taken(deadline) or self._new(deadline)
        try:
            self.relay.hand_over(kept.session, mail)
        except (MailRefused, MailPutOff):
            # The relay goes on listening (smtplib said RSET), unless it closed.
            self._give_back(kept)
            raise
        except BaseException:
            kept.session.close()
            raise
        kept.mails += 1
        self._give_back(kept)

    def rest(self) -> None:
        long_ago = time.monotonic() - self.idle_seconds
        with self._mutex:
            idle = [kept for kept in self._idle if kept.used_at < long_ago]
            self._idle = [kept for kept in self._idle if kept.used_at >= long_ago]
        for kept in idle:
            end(kept.session)

    def close(self) -> None:
        with self._mutex:
            idle, self._idle = self._idle, []
        for kept in idle:
            end(kept.session)

    def _new(self, deadline: ExchangeDeadline) -> _Kept:
        with self.relay.opened(deadline) as session:
            return _Kept(session)

    def _taken(self, deadline: ExchangeDeadline) -> _Kept | None:
        """Returns the connection used last, if the relay still answers there."""
        with self._mutex:
            if not self._idle:
                return None
            kept = self._idle.pop()
        kept.session.deadline = deadline
        if _answers(kept.session):
            return kept
        # The others lead to the same relay: asked one by one, they would take a mail's whole time.
        with self._mutex:
            silent, self._idle = [kept, *self._idle], []
        for one in silent:
            one.session.close()
        return None

    def _give_back(self, kept: _Kept) -> None:
        if kept.session.sock is None:
            return
        if kept.mails >= self.mails_each:
            end(kept.session)
            return
        kept.used_at = time.monotonic()
        with self._mutex:
            self._idle.append(kept)


def _answers(session: Session) -> bool:
    # Asked before the mail, not found out by it: of a mail that breaks off nobody knows whether the relay has it.
    try:
        return session.noop()[0] == 250
    except OSError:
        return False
