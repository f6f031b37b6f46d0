"""Receiving mails over SMTP, and keeping the last ones in memory.

Contains the mailbox and the SMTP server. Not here: pages, HTTP.
"""

import asyncio
import email
import email.policy
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from itertools import count

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

KEPT = 500
_LARGEST_MAIL_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as received. `recipients` come from the envelope, the rest from the message."""

    id: int
    received_at: datetime
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str

    @property
    def to(self) -> str:
        return ", ".join(self.recipients)

    def is_for(self, address: str) -> bool:
        return address.strip().casefold() in (recipient.casefold() for recipient in self.recipients)


class Mailbox:
    """The last mails, newest first. Thread-safe: shared by the SMTP loop and the web threads."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        #: How many seconds each mail is kept waiting for its 250, as by a slow relay.
        self.delay = 0.0
        self._mails: deque[Mail] = deque(maxlen=KEPT)
        self._numbers = count(1)
        self._lock = threading.Lock()

    def receive(self, sender: str, recipients: Sequence[str], source: bytes) -> None:
        message = email.message_from_bytes(source, policy=email.policy.default)
        subject, text, html = _subject(message), _body(message, "plain"), _body(message, "html")
        with self._lock:
            self._mails.appendleft(
                Mail(next(self._numbers), self._now(), sender, tuple(recipients), subject, text, html)
            )

    def newest_first(self, to: str | None = None) -> list[Mail]:
        """Returns all mails kept, or only those with `to` in their envelope (letter case ignored)."""
        with self._lock:
            mails = list(self._mails)
        return mails if to is None else [mail for mail in mails if mail.is_for(to)]

    def find(self, number: int) -> Mail | None:
        return next((mail for mail in self.newest_first() if mail.id == number), None)

    def empty(self) -> None:
        with self._lock:
            self._mails.clear()


class _Handler:
    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 aiosmtpd's name
        await asyncio.sleep(self._mailbox.delay)
        source = envelope.original_content or b""
        self._mailbox.receive(envelope.mail_from or "", envelope.rcpt_tos, source)
        return "250 2.0.0 Kept"


def listen(mailbox: Mailbox, port: int) -> Controller:
    """Start SMTP on 127.0.0.1 in its own thread. The caller stops it. Raises OSError when the port is taken."""
    controller = Controller(
        _Handler(mailbox),
        hostname="127.0.0.1",
        port=port,
        server_hostname="localhost",  # otherwise the machine's name is resolved, which may take seconds offline
        data_size_limit=_LARGEST_MAIL_BYTES,
    )
    controller.start()
    return controller


def _subject(message: EmailMessage) -> str:
    try:
        return str(message.get("Subject", ""))
    except (LookupError, ValueError):  # an unknown charset must not lose the mail
        return ""


def _body(message: EmailMessage, subtype: str) -> str:
    part = message.get_body(preferencelist=(subtype,))
    if part is None:
        return ""
    try:
        content = str(part.get_content())
    except (LookupError, ValueError):
        payload = part.get_payload(decode=True)
        content = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    return content.replace("\r\n", "\n")
