"""Mails are sealed while they wait, so that a copy of the database shows no code (facts/security OT1)."""

import dataclasses
from dataclasses import dataclass

from idp.core.mailer import Mail, MailRefused, MailTransport, Outbox
from idp.core.sealing import Sealer


@dataclass(frozen=True, slots=True)
class SealedOutbox:
    outbox: Outbox
    sealer: Sealer

    def post(self, mail: Mail, *, expires_after_seconds: int, topic: str = "") -> None:
        sealed = dataclasses.replace(mail, text=self.sealer.seal(mail.text), html=self.sealer.seal(mail.html))
        self.outbox.post(sealed, expires_after_seconds=expires_after_seconds, topic=topic)

    def supersede(self, topic: str) -> None:
        self.outbox.supersede(topic)

    def withdraw(self, topic: str) -> bool:
        return self.outbox.withdraw(topic)


@dataclass(frozen=True, slots=True)
class OpeningTransport:
    """Opens what `SealedOutbox` sealed, and hands it to the transport."""

    transport: MailTransport
    sealer: Sealer

    def send(self, mail: Mail) -> None:
        """Raises what the transport does; MailRefused also for a mail sealed under another application key."""
        text, html = self.sealer.open(mail.text), self.sealer.open(mail.html)
        if text is None or html is None:
            raise MailRefused("sealed under another application key")
        self.transport.send(dataclasses.replace(mail, text=text, html=html))

    def rest(self) -> None:
        self.transport.rest()

    def close(self) -> None:
        self.transport.close()
