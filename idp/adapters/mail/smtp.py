"""`MailTransport` by SMTP: one mail, one connection, to the operator's relay.

Contains the shape of a message on the wire. Not here: wording, retries (the outbox has them), logs.
"""

import secrets
import smtplib
import ssl
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

import idna

from idp.core.clock import Clock, SystemClock
from idp.core.mailer import Mail

# Quoted-printable: French text also passes a relay that does not announce 8BITMIME.
_POLICY = SMTP.clone(cte_type="7bit")
#: Control characters, line and paragraph separators, lone surrogates: in a header, they could forge another one.
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Zl", "Zp", "Cs"})


class UnsendableMail(ValueError):
    """The address or the subject is malformed: no retry can help. The message never quotes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpTransport:
    """`sender`: `name@domain` or `Shown name <name@domain>`. `timeout`: seconds for each SMTP exchange.

    With `starttls` the relay's certificate is verified against the system's authorities, without fallback.
    """

    host: str
    port: int
    sender: str
    starttls: bool
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: float = 10.0
    clock: Clock = field(default_factory=SystemClock)

    def __post_init__(self) -> None:
        _mailbox(self.sender)
        if self.username is not None and not self.starttls:
            raise ValueError("an SMTP password is only sent over STARTTLS")

    def send(self, mail: Mail) -> None:
        """Raises OSError or smtplib.SMTPException when a retry may help, UnsendableMail when none can."""
        message = self._message(mail)
        recipient, sender = _address(mail.to), _mailbox(self.sender)
        with self._session(sender.domain) as session:
            session.send_message(message, from_addr=sender.addr_spec, to_addrs=[recipient.addr_spec])

    @contextmanager
    def _session(self, domain: str) -> Iterator[smtplib.SMTP]:
        # Our own name is given: smtplib would ask DNS for it, and wait if there is no DNS.
        session = smtplib.SMTP(self.host, self.port, local_hostname=domain, timeout=self.timeout)
        try:
            if self.starttls:
                session.starttls(context=ssl.create_default_context())
            if self.username is not None:
                session.login(self.username, self.password or "")
            yield session
            # The relay has accepted the mail: an error from here on must not send it a second time.
            with suppress(OSError, smtplib.SMTPException):
                session.quit()
        finally:
            session.close()

    def _message(self, mail: Mail) -> EmailMessage:
        _require_one_line(mail.subject)
        sender = _mailbox(self.sender)
        message = EmailMessage(policy=_POLICY)
        message["From"] = sender
        message["To"] = _address(mail.to)
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(self.clock.now())
        message["Message-ID"] = f"<{secrets.token_hex(16)}@{sender.domain}>"
        # RFC 3834 §5: automatic responders do not answer such a mail.
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        message.add_alternative(mail.html, subtype="html")
        return message


def _mailbox(text: str) -> Address:
    _require_one_line(text)
    name, addr_spec = parseaddr(text)
    address = _address(addr_spec)
    return Address(display_name=name, username=address.username, domain=address.domain)


def _address(addr_spec: str) -> Address:
    """Returns one bare address, its domain in ASCII (RFC 5891), so that no relay needs SMTPUTF8."""
    # Checked before the parser below, whose strictness depends on the Python version.
    _require_one_line(addr_spec)
    local, _, domain = addr_spec.rpartition("@")
    try:
        ascii_domain = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
        address = Address(addr_spec=f"{local}@{ascii_domain}")
    except (ValueError, IndexError, MessageError):
        raise UnsendableMail("not one e-mail address") from None
    if not address.username or not address.domain or address.addr_spec != f"{local}@{ascii_domain}":
        raise UnsendableMail("not one e-mail address")
    return address


def _require_one_line(text: str) -> None:
    if any(unicodedata.category(character) in _FORBIDDEN_CATEGORIES for character in text):
        raise UnsendableMail("control character in an address or a subject")
