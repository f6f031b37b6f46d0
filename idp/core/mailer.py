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


class MailRefused(ValueError):
    """No retry can help. Its text is the reason, for the operator; it names nobody."""


class MailPutOff(Exception):
    """The next server will not have this mail now; it takes others. Its text is the reason, and names nobody."""


class MailTransport(Protocol):
    def send(self, mail: Mail) -> None:
        """Hand the mail to the next server, in bounded time. Raises MailRefused, MailPutOff, and OSError when the
        server takes no mail at all."""

    def rest(self) -> None:
        """Called now and then, also while there is nothing to send: close what was not used for long."""

    def close(self) -> None:
        """Close what is kept open."""
