"""Port to outgoing mail. A request only posts to the outbox; `idp worker` sends, so nobody waits for SMTP."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    to: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


class Outbox(Protocol):
    def post(self, mail: Mail, *, expires_after_seconds: int) -> None:
        """Commit the mail for sending; the worker drops it unsent after `expires_after_seconds`."""


class MailTransport(Protocol):
    def send(self, mail: Mail) -> None:
        """Hand the mail to the next server. Raises OSError or smtplib.SMTPException; the outbox retries."""
