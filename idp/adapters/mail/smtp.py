"""`MailTransport` by SMTP: one mail, one connection, to the operator's relay.

Contains the shape of a message on the wire, TLS, and what an operator looks at when the relay takes nothing. Not here:
wording, retries (the outbox has them), logs.
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
from pathlib import Path

import idna

from idp.core.clock import Clock, SystemClock
from idp.core.mailer import Mail
from idp.settings.files import NotRegular, TooLarge, read_octets

# Quoted-printable: French text also passes a relay that does not announce 8BITMIME.
_POLICY = SMTP.clone(cte_type="7bit")
#: Control characters, line and paragraph separators, lone surrogates: in a header, they could forge another one.
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Zl", "Zp", "Cs"})


class UnsendableMail(ValueError):
    """The address or the subject is malformed: no retry can help. The message never quotes it."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpTransport:
    """`sender`: `name@domain` or `Shown name <name@domain>`. `timeout`: seconds for each SMTP exchange.

    `tls`: "none", "starttls" or "implicit"; the relay's certificate is verified, without fallback. `authorities`: PEM
    file, in place of the system's; read at each mail, so that a renewed one counts.
    """

    host: str
    port: int
    sender: str
    tls: str
    authorities: Path | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout: float = 10.0
    clock: Clock = field(default_factory=SystemClock)

    def __post_init__(self) -> None:
        _mailbox(self.sender)
        if self.username is not None and self.tls == "none":
            raise ValueError("an SMTP password is only sent over TLS")

    def send(self, mail: Mail) -> None:
        """Raises OSError or smtplib.SMTPException when a retry may help, UnsendableMail when none can."""
        message = self._message(mail)
        recipient, sender = _address(mail.to), _mailbox(self.sender)
        with self._session(sender.domain) as session:
            session.send_message(message, from_addr=sender.addr_spec, to_addrs=[recipient.addr_spec])

    def check(self) -> None:
        """Go as far as a mail would, and send none. Raises as `send` does."""
        with self._session(_mailbox(self.sender).domain):
            pass

    def _connected(self, domain: str) -> smtplib.SMTP:
        # Our own name is given: smtplib would ask DNS for it, and wait if there is no DNS.
        if self.tls == "implicit":
            return smtplib.SMTP_SSL(
                self.host,
                self.port,
                local_hostname=domain,
                timeout=self.timeout,
                context=tls_context(self.authorities),
            )
        return smtplib.SMTP(self.host, self.port, local_hostname=domain, timeout=self.timeout)

    @contextmanager
    def _session(self, domain: str) -> Iterator[smtplib.SMTP]:
        session = self._connected(domain)
        try:
            if self.tls == "starttls":
                session.starttls(context=tls_context(self.authorities))
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


#: The first row whose kind of fault it is. An SMTPException is an OSError.
_REMEDIES: tuple[tuple[type[OSError], str], ...] = (
    (
        smtplib.SMTPAuthenticationError,
        "it refuses the user name or the password: CADUCEE_SMTP_USERNAME, CADUCEE_SMTP_PASSWORD",
    ),
    (
        smtplib.SMTPNotSupportedError,
        "it offers no STARTTLS, or no login: CADUCEE_SMTP_TLS, CADUCEE_SMTP_PORT, CADUCEE_SMTP_USERNAME",
    ),
    (
        smtplib.SMTPServerDisconnected,
        "it does not answer, or hangs up: CADUCEE_SMTP_HOST, CADUCEE_SMTP_PORT, CADUCEE_SMTP_TLS",
    ),
    (smtplib.SMTPException, "its answer is a refusal, or no SMTP: CADUCEE_SMTP_PORT, CADUCEE_SMTP_TLS"),
    (
        ssl.SSLCertVerificationError,
        "its certificate is of no authority known here, another name, or old: CADUCEE_SMTP_CA_FILE, CADUCEE_SMTP_HOST",
    ),
    (ssl.SSLError, "it speaks no such TLS there: CADUCEE_SMTP_TLS, CADUCEE_SMTP_PORT"),
    (NoAuthority, "the file of authorities holds none: CADUCEE_SMTP_CA_FILE"),
    (OSError, "it cannot be reached: CADUCEE_SMTP_HOST, CADUCEE_SMTP_PORT, the firewall"),
)


def remedy(error: OSError) -> str:
    """Returns what keeps the relay from taking mails, and where to look. `error`: of `SmtpTransport.check`."""
    return next(told for kind, told in _REMEDIES if isinstance(error, kind))


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
