"""Port to outgoing mail. A request only writes to the outbox; `idp worker` sends, so no request waits for SMTP."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    to: str
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


class Outbox(Protocol):
    def post(self, mail: Mail, *, expires_after_seconds: int, topic: str = "") -> None:
        """Commit the mail for sending. The worker drops it unsent after `expires_after_seconds`.

        `topic`: in the same commit, the mails of it that wait are withdrawn; "" is none.
        """

    def supersede(self, topic: str) -> None:
        """Withdraw with the present unit of work."""

    def withdraw(self, topic: str) -> bool:
        """Drop the mails of this topic that wait: they would say what is no longer true. Returns whether one did."""


class MailTransport(Protocol):
    def send(self, mail: Mail) -> None:
        """Send the mail to the next server. Raises OSError, smtplib.SMTPException: the worker tries again later."""
