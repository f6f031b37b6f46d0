"""SMTP to the operator's relay: a connection, and what a mail is on it.

Contains the shape of a message on the wire, TLS, what an answer of the relay means. Not here: how long a connection is
kept (`connections`), where an operator looks when the relay takes nothing (`remedies`), wording, retries, logs.
"""

import re
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
from pathlib import Path
from typing import Any

import idna

from idp.adapters.http.deadline import ExchangeDeadline
from idp.core.clock import Clock, SystemClock
from idp.core.mailer import Mail, MailPutOff, MailRefused
from idp.settings.files import NotRegular, TooLarge, read_octets

# Quoted-printable: French text also passes a relay that does not announce 8BITMIME.
_POLICY = SMTP.clone(cte_type="7bit")
#: Control characters, line and paragraph separators, lone surrogates: in a header, they could forge another one.
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Zl", "Zp", "Cs"})


#: RFC 3463 §2: what an answer says beside its code, before words that may quote the address.
_ENHANCED = re.compile(rb"[245]\.[0-9]{1,3}\.[0-9]{1,3}(?![0-9.])")
_FOR_EVER = 500
_LEAVE_SECONDS = 1.0


class UnsendableMail(MailRefused):
    """The address or the subject is malformed. The message never quotes it."""


class NoAuthority(OSError):
    """The file holds no certificate, or is larger than one that does. Like a file that is absent: a retry may help."""


def tls_context(authorities: Path | None) -> ssl.SSLContext:
    """Returns what verifies a relay: by these authorities alone, else by the system's. Raises OSError, NoAuthority."""
    if authorities is None:
        return ssl.create_default_context()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        pem = read_octets(authorities)
        # Beside certificates, tools write names in such a file, with their accents.
        context.load_verify_locations(cadata=pem.decode("ascii", "ignore"))
    except (ssl.SSLError, ValueError, NotRegular, TooLarge) as error:
        raise NoAuthority from error
    return context


class _InTime:
    """Of a connection: every step of a mail ends by `deadline`, however slowly the relay speaks."""

    deadline: ExchangeDeadline
    sock: Any

    def __init__(self, deadline: ExchangeDeadline, step: float, **options: Any) -> None:
        self.deadline, self._step = deadline, step
        super().__init__(timeout=step, **options)  # type: ignore[call-arg]

    def send(self, octets: Any) -> None:
        self._bound()
        super().send(octets)  # type: ignore[misc]

    def getreply(self) -> tuple[int, bytes]:
        self._bound()
        return super().getreply()  # type: ignore[misc,no-any-return]

    def _bound(self) -> None:
        left = min(self._step, self.deadline.remaining())
        if self.sock is not None:
            self.sock.settimeout(left)


class _Plain(_InTime, smtplib.SMTP):
    """Also with STARTTLS."""


class _Implicit(_InTime, smtplib.SMTP_SSL):
    pass


#: A connection that has logged in.
Session = _Plain | _Implicit


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpTransport:
    """`sender`: `name@domain` or `Shown name <name@domain>`. `owner`: shown where that shows none. `timeout`: seconds
    for each SMTP exchange; `whole`: for all of a mail, the connection included. `connections`: how many it may have at
    once.

    `tls`: "none", "starttls" or "implicit"; the relay's certificate is verified, without fallback. `authorities`: PEM
    file, in place of the system's; read at each connection, so that a renewed one counts.
    """

    host: str
    port: int
    sender: str
    tls: str
    owner: str = ""
    authorities: Path | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: float = 10.0
    whole: float = 20.0
    connections: int = 4
    clock: Clock = field(default_factory=SystemClock)

    def __post_init__(self) -> None:
        _mailbox(self.sender)
        if self.username is not None and self.tls == "none":
            raise ValueError("an SMTP password is only sent over TLS")

    def deadline(self) -> ExchangeDeadline:
        """Returns that of a mail that begins now."""
        return ExchangeDeadline(self.whole)

    @contextmanager
    def opened(self, deadline: ExchangeDeadline | None = None) -> Iterator[Session]:
        """Yields a connection for a mail, whose time it takes; closed when something fails. Raises OSError."""
        session = self._connected(_mailbox(self.sender).domain, deadline or self.deadline())
        try:
            if self.tls == "starttls":
                session.starttls(context=tls_context(self.authorities))
            if self.username is not None:
                session.login(self.username, self.password or "")
            yield session
        except BaseException:
            session.close()
            raise

    def hand_over(self, session: Session, mail: Mail) -> None:
        """Give the relay this mail. Raises MailRefused, MailPutOff, OSError."""
        message, recipient, sender = self._message(mail), _address(mail.to), _mailbox(self.sender)
        try:
            session.send_message(message, from_addr=sender.addr_spec, to_addrs=[recipient.addr_spec])
        # `from None`: they quote the address.
        except smtplib.SMTPRecipientsRefused as refusal:
            ((code, words),) = refusal.recipients.values()
            raise _refusal(code, words) from None
        except smtplib.SMTPDataError as refusal:
            raise _refusal(refusal.smtp_code, refusal.smtp_error) from None

    def check(self) -> None:
        """Go as far as a mail would, and send none. Raises OSError."""
        with self.opened() as session:
            end(session)

    def _connected(self, domain: str, deadline: ExchangeDeadline) -> Session:
        # Our own name is given: smtplib would ask DNS for it, and wait if there is no DNS.
        place: dict[str, Any] = {"host": self.host, "port": self.port, "local_hostname": domain}
        if self.tls == "implicit":
            return _Implicit(deadline, self.timeout, context=tls_context(self.authorities), **place)
        return _Plain(deadline, self.timeout, **place)

    def _message(self, mail: Mail) -> EmailMessage:
        _require_one_line(mail.subject)
        sender = _mailbox(self.sender)
        message = EmailMessage(policy=_POLICY)
        message["From"] = Address(sender.display_name or self.owner, sender.username, sender.domain)
        message["To"] = _address(mail.to)
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(self.clock.now())
        message["Message-ID"] = f"<{secrets.token_hex(16)}@{sender.domain}>"
        # Automatic responders do not answer such a mail: RFC 3834 §5, and Exchange by [MS-OXCMAIL] 2.1.3.2.20.
        # What could not be delivered is still reported (no « NDR »).
        message["Auto-Submitted"] = "auto-generated"
        message["X-Auto-Response-Suppress"] = "DR, RN, NRN, OOF, AutoReply"
        message.set_content(mail.text)
        message.add_alternative(mail.html, subtype="html")
        return message


def end(session: Session) -> None:
    """Take leave of the relay, in a second: an error from here on concerns no mail."""
    session.deadline = ExchangeDeadline(_LEAVE_SECONDS)
    with suppress(OSError):
        session.quit()
    session.close()


def _refusal(code: int, words: bytes | str) -> MailRefused | MailPutOff:
    """Returns what an answer to a mail means (RFC 5321 §4.2.1), without its words."""
    said = _ENHANCED.match(words if isinstance(words, bytes) else words.encode())
    reason = f"{code} {said[0].decode()}" if said else f"{code}"
    return MailRefused(reason) if code >= _FOR_EVER else MailPutOff(reason)


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
