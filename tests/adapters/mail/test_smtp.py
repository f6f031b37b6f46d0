"""`SmtpTransport` against a real SMTP server: what arrives, and what is refused before it leaves."""

import email
import email.policy
import re
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from idp.adapters.mail.connections import KeptConnections
from idp.adapters.mail.remedies import remedy
from idp.adapters.mail.smtp import NoAuthority, SmtpTransport, UnsendableMail, tls_context
from idp.core.mailer import Mail, MailPutOff, MailRefused
from tests.limits import within
from tests.servers import free_port

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SENDER = "Caducée <ne-pas-repondre@caducee.example>"
MAIL = Mail(
    to="dr.dupont@hopital.example",
    subject="Votre code de connexion à ViaTrajectoire",
    text="Votre code est 123456.\nIl est valable 10 minutes : ne le donnez à personne. "
    + "é" * 200
    + "\n.\nFin\n",
    html="<p>Votre code est <b>123456</b>, à usage unique.</p>",
)


class FixedClock:
    def now(self) -> datetime:
        return NOON


@dataclass
class Received:
    envelopes: list[Envelope] = field(default_factory=list)
    hosts: list[str | None] = field(default_factory=list)
    logins: list[tuple[bytes, bytes]] = field(default_factory=list)
    over_tls: list[bool] = field(default_factory=list)
    #: What the server answers to the message, and before it.
    verdict: str = "250 OK"
    of_recipient: str = "250 OK"
    of_sender: str = "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        self.envelopes.append(envelope)
        self.hosts.append(session.host_name)
        self.over_tls.append(server.transport.get_extra_info("ssl_object") is not None)
        return self.verdict

    async def handle_MAIL(  # noqa: N802
        self, _server: Any, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.of_sender

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.of_recipient

    def authenticate(
        self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: Any
    ) -> AuthResult:
        assert isinstance(given, LoginPassword)
        self.logins.append((given.login, given.password))
        return AuthResult(success=given.password == b"sesame", handled=False)

    def message(self) -> EmailMessage:
        (envelope,) = self.envelopes
        assert isinstance(envelope.content, bytes)
        return email.message_from_bytes(envelope.content, _class=EmailMessage, policy=email.policy.default)


@dataclass
class Relay:
    port: int
    received: Received


@contextmanager
def smtp_relay(received: Received, port: int = 0, **options: Any) -> Iterator[Relay]:
    controller = Controller(received, hostname="127.0.0.1", port=port or free_port(), **options)
    controller.start()
    try:
        yield Relay(controller.port, received)
    finally:
        controller.stop()


@pytest.fixture
def relay() -> Iterator[Relay]:
    with smtp_relay(Received()) as running:
        yield running


@pytest.fixture
def tls_relay(tmp_path: Path) -> Iterator[Relay]:
    """A relay that wants STARTTLS, then a password, before any mail."""
    with relay_of("starttls", tmp_path) as running:
        yield running


def relay_of(tls: str, directory: Path) -> AbstractContextManager[Relay]:
    """A relay with TLS, which then takes a password; its certificate is `relay.pem`."""
    received, context = Received(), self_signed(directory)
    options: dict[str, dict[str, Any]] = {
        "starttls": {"tls_context": context, "require_starttls": True},
        "implicit": {"ssl_context": context},
    }
    return smtp_relay(
        received,
        **options[tls],
        # As far as aiosmtpd knows, a connection that began with TLS has none.
        auth_required=tls == "starttls",
        auth_require_tls=tls == "starttls",
        authenticator=received.authenticate,
    )


def self_signed(directory: Path) -> ssl.SSLContext:
    """A TLS server context for `localhost`; its certificate is left in `relay.pem`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (directory / "relay.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (directory / "relay.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "relay.pem", directory / "relay.key")
    return context


#: Of `relay_of`: its certificate is for this name.
LOGIN: dict[str, Any] = {"host": "localhost", "username": "caducee", "password": "sesame"}


def to(relay: Relay, **changes: Any) -> SmtpTransport:
    settings: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": relay.port,
        "sender": SENDER,
        "tls": "none",
        "timeout": within(2),
        "clock": FixedClock(),
    }
    return SmtpTransport(**settings | changes)


def send(relay: SmtpTransport, mail: Mail) -> None:
    with closing(KeptConnections(relay=relay)) as connections:
        connections.send(mail)


# --- what arrives


def test_mail_arrives_in_text_and_html(relay: Relay) -> None:
    send(to(relay), MAIL)
    message = relay.received.message()
    assert message.get_content_type() == "multipart/alternative"
    text, html = message.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text.get_content().replace("\r\n", "\n") == MAIL.text
    assert html.get_content().strip() == MAIL.html


def test_headers_say_who_when_and_that_no_answer_is_awaited(relay: Relay) -> None:
    send(to(relay), MAIL)
    message = relay.received.message()
    assert message["From"] == SENDER
    assert message["To"] == MAIL.to
    assert message["Subject"] == MAIL.subject
    assert message["Date"].datetime == NOON
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "DR, RN, NRN, OOF, AutoReply"
    assert re.fullmatch(r"<[0-9a-f]{32}@caducee\.example>", message["Message-ID"])


def test_a_mail_is_of_no_list_and_no_bulk(relay: Relay) -> None:
    send(to(relay), MAIL)
    headers = relay.received.message().keys()
    of_lists = [name for name in headers if name.startswith("List-") or name in ("Precedence", "Reply-To")]
    assert of_lists == []
    assert [headers.count(name) for name in ("Date", "Message-ID", "From", "To")] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("sender", "shown"),
    [
        ("ne-pas-repondre@caducee.example", "Hôpital, Lille"),
        (SENDER, "Caducée"),
    ],
)
def test_a_sender_without_a_name_is_shown_under_that_of_the_operator(
    relay: Relay, sender: str, shown: str
) -> None:
    send(to(relay, sender=sender, owner="Hôpital, Lille"), MAIL)
    (address,) = relay.received.message()["From"].addresses
    assert (address.display_name, address.addr_spec) == (shown, "ne-pas-repondre@caducee.example")
    assert relay.received.envelopes[0].mail_from == "ne-pas-repondre@caducee.example"


def test_envelope_carries_bare_addresses_and_our_name(relay: Relay) -> None:
    send(to(relay), MAIL)
    (envelope,) = relay.received.envelopes
    assert envelope.mail_from == "ne-pas-repondre@caducee.example"
    assert envelope.rcpt_tos == [MAIL.to]
    assert relay.received.hosts == ["caducee.example"]


def test_message_is_ascii_with_crlf_and_short_lines(relay: Relay) -> None:
    send(to(relay), MAIL)
    content = relay.received.envelopes[0].content
    assert isinstance(content, bytes)
    assert content.isascii()
    assert content.count(b"\n") == content.count(b"\r\n")
    assert max(map(len, content.split(b"\r\n"))) <= 78


def test_two_mails_have_two_message_ids(relay: Relay) -> None:
    send(to(relay), MAIL)
    send(to(relay), MAIL)
    contents = [envelope.content for envelope in relay.received.envelopes]
    ids = {
        email.message_from_bytes(content)["Message-ID"] for content in contents if isinstance(content, bytes)
    }
    assert len(ids) == 2


def test_domain_with_accents_travels_in_ascii(relay: Relay) -> None:
    send(to(relay), Mail(to="dr@hôpital.example", subject="s", text="t", html="h"))
    assert relay.received.envelopes[0].rcpt_tos == ["dr@xn--hpital-ixa.example"]


# --- what never leaves


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example\r\nBcc: victim@x.example",
        "a@b.example\nBcc: victim@x.example",
        "a\x00@b.example",
        "a@b.example\u2028",
        "a\u0085@b.example",
        "\ud800@b.example",
        "a@b.example, victim@x.example",
        "Name <a@b.example>",
        "<a@b.example>",
        "a@b.example (comment)",
        "a@@b.example",
        "a b@c.example",
        "a@",
        '"a\x01b"@c.example',
        '"a\r\nb"@c.example',
        "@b.example",
        "nobody",
        "",
    ],
)
def test_text_that_is_not_one_address_is_refused_unquoted(relay: Relay, address: str) -> None:
    with pytest.raises(UnsendableMail) as refusal:
        send(to(relay), Mail(to=address, subject="s", text="t", html="h"))
    assert "example" not in str(refusal.value)
    assert relay.received.envelopes == []


@pytest.mark.parametrize(
    "subject", ["a\r\nBcc: victim@x.example", "a\nb", "a\x00", "a\x1b[31m", "a\u2029b", "a\x7f"]
)
def test_control_characters_in_a_subject_are_refused(relay: Relay, subject: str) -> None:
    with pytest.raises(UnsendableMail):
        send(to(relay), Mail(to="a@b.example", subject=subject, text="t", html="h"))
    assert relay.received.envelopes == []


@pytest.mark.parametrize("sender", ["nobody", "a@b.example\r\nBcc: x@y.example", ""])
def test_sender_that_is_no_address_is_refused_at_start(relay: Relay, sender: str) -> None:
    with pytest.raises(UnsendableMail):
        to(relay, sender=sender)


# --- TLS and login


def test_login_and_mail_travel_over_verified_tls(
    tls_relay: Relay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "relay.pem"))
    send(to(tls_relay, host="localhost", tls="starttls", username="caducee", password="sesame"), MAIL)
    assert tls_relay.received.over_tls == [True]
    assert tls_relay.received.logins == [(b"caducee", b"sesame")]


def test_relay_nobody_vouches_for_gets_neither_login_nor_mail(tls_relay: Relay) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        send(to(tls_relay, host="localhost", tls="starttls", username="caducee", password="sesame"), MAIL)
    assert tls_relay.received.logins == []
    assert tls_relay.received.envelopes == []


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_relay_of_a_private_authority_gets_login_and_mail_over_tls(tls: str, tmp_path: Path) -> None:
    with relay_of(tls, tmp_path) as relay:
        send(to(relay, **LOGIN, tls=tls, authorities=tmp_path / "relay.pem"), MAIL)
    assert relay.received.over_tls == [True]
    assert relay.received.logins == [(b"caducee", b"sesame")]


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_authorities_of_a_file_stand_in_place_of_those_of_the_system(
    tls: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    self_signed(tmp_path / "other")
    with relay_of(tls, tmp_path) as relay:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "relay.pem"))
        with pytest.raises(ssl.SSLCertVerificationError):
            send(to(relay, **LOGIN, tls=tls, authorities=tmp_path / "other" / "relay.pem"), MAIL)
    assert relay.received.logins == []


def test_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    with relay_of("implicit", tmp_path) as relay, pytest.raises(ssl.SSLCertVerificationError):
        send(to(relay, tls="implicit", authorities=tmp_path / "relay.pem"), MAIL)


def test_names_with_accents_beside_the_certificates_of_a_file_do_no_harm(tmp_path: Path) -> None:
    with relay_of("implicit", tmp_path) as relay:
        pem = tmp_path / "relay.pem"
        pem.write_bytes("friendlyName: Autorité de l'hôpital\n".encode() + pem.read_bytes())
        send(to(relay, **LOGIN, tls="implicit", authorities=pem), MAIL)
    assert relay.received.over_tls == [True]


@pytest.mark.parametrize("content", [b"", b"\n", b"noise", b"\xff\xfe", b"-----BEGIN CERTIFICATE-----\n"])
def test_file_without_authority_is_no_reason_to_trust_the_system(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ca.pem").write_bytes(content)
    with pytest.raises(NoAuthority):
        tls_context(tmp_path / "ca.pem")


def test_file_without_end_is_refused_at_once() -> None:
    with pytest.raises(NoAuthority):
        tls_context(Path("/dev/zero"))


def test_absent_file_of_authorities_is_a_fault_that_a_retry_may_help(relay: Relay, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        send(to(relay, tls="implicit", authorities=tmp_path / "absent.pem"), MAIL)


def test_relay_without_starttls_gets_no_mail_when_it_is_wanted(relay: Relay) -> None:
    with pytest.raises(smtplib.SMTPNotSupportedError):
        send(to(relay, tls="starttls"), MAIL)
    assert relay.received.envelopes == []


def test_wrong_password_is_an_smtp_error(
    tls_relay: Relay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "relay.pem"))
    with pytest.raises(smtplib.SMTPAuthenticationError):
        send(to(tls_relay, host="localhost", tls="starttls", username="caducee", password="wrong"), MAIL)


def test_password_without_tls_is_refused_at_start(relay: Relay) -> None:
    with pytest.raises(ValueError, match="over TLS"):
        to(relay, username="caducee", password="sesame")


def test_password_is_not_in_the_repr(relay: Relay) -> None:
    assert "sesame" not in repr(to(relay, tls="starttls", username="caducee", password="sesame"))


# --- looking before the first mail


def test_look_goes_as_far_as_a_mail_and_sends_none(tls_relay: Relay, tmp_path: Path) -> None:
    to(tls_relay, **LOGIN, tls="starttls", authorities=tmp_path / "relay.pem").check()
    assert tls_relay.received.logins == [(b"caducee", b"sesame")]
    assert tls_relay.received.envelopes == []


def told(transport: SmtpTransport) -> str:
    try:
        transport.check()
    except OSError as error:
        return remedy(error)
    raise AssertionError("the relay takes mails")


@pytest.mark.parametrize(
    ("spoken", "changes", "words"),
    [
        ("starttls", {"tls": "implicit"}, "it speaks no such TLS there: CADUCEE_SMTP_TLS, CADUCEE_SMTP_PORT"),
        (
            "implicit",
            {"tls": "starttls", "timeout": 0.3},
            "it does not answer, or hangs up: CADUCEE_SMTP_HOST",
        ),
        (
            "starttls",
            {"password": "wrong"},
            "it refuses the user name or the password: CADUCEE_SMTP_USERNAME",
        ),
        ("starttls", {"authorities": None}, "its certificate is of no authority known here"),
        ("starttls", {"host": "127.0.0.1"}, "its certificate is of no authority known here, another name"),
        ("starttls", {"authorities": Path("/dev/null")}, "the file of authorities holds none"),
        ("starttls", {"port": free_port()}, "it cannot be reached: CADUCEE_SMTP_HOST, CADUCEE_SMTP_PORT"),
    ],
)
def test_what_the_relay_does_not_take_is_told_with_where_to_look(
    tmp_path: Path, spoken: str, changes: dict[str, Any], words: str
) -> None:
    with relay_of(spoken, tmp_path) as relay:
        right = {**LOGIN, "tls": spoken, "authorities": tmp_path / "relay.pem"}
        line = told(to(relay, **{**right, **changes}))
    assert line.startswith(words)
    assert "sesame" not in line


@pytest.mark.parametrize(
    ("greeting", "words"),
    [(b"554 no\r\n", "its answer is a refusal"), (b"HTTP/1.1 400\r\n", "its answer is")],
)
def test_relay_that_refuses_or_is_none_is_told(greeting: bytes, words: str) -> None:
    def greet(connection: socket.socket) -> None:
        connection.sendall(greeting)
        listen_only(connection)

    with scripted_server(greet) as strange:
        assert told(to(strange)).startswith(words)


def test_relay_without_starttls_is_told(relay: Relay) -> None:
    assert told(to(relay, tls="starttls")).startswith("it offers no STARTTLS")


# --- a relay in trouble


@pytest.mark.parametrize(
    ("verdict", "means", "reason"),
    [
        ("451 4.7.1 later, dr.dupont@hopital.example", MailPutOff, "451 4.7.1"),
        ("452 no room", MailPutOff, "452"),
        ("550 5.1.1 no dr.dupont@hopital.example", MailRefused, "550 5.1.1"),
        ("554 1.2.3.4 is listed", MailRefused, "554"),
    ],
)
@pytest.mark.parametrize("step", ["verdict", "of_recipient"])
def test_an_answer_to_a_mail_is_for_now_or_for_ever_and_names_nobody(
    verdict: str, means: type[Exception], reason: str, step: str
) -> None:
    with smtp_relay(Received(**{step: verdict})) as relay, pytest.raises(means) as refusal:
        send(to(relay), MAIL)
    assert str(refusal.value) == reason
    assert refusal.value.__suppress_context__  # a stack trace would quote the address


def test_a_sender_that_the_relay_does_not_take_is_no_fault_of_the_mail() -> None:
    with (
        smtp_relay(Received(of_sender="553 5.7.1 not yours")) as relay,
        pytest.raises(smtplib.SMTPSenderRefused),
    ):
        send(to(relay), MAIL)


def test_closed_port_is_an_os_error() -> None:
    with pytest.raises(OSError, match="refused"):
        send(to(Relay(free_port(), Received())), MAIL)


@contextmanager
def scripted_server(talk: Callable[[socket.socket], None]) -> Iterator[Relay]:
    """A server for one connection that says just what the test wants."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                talk(connection)

        speaker = threading.Thread(target=serve)
        speaker.start()
        yield Relay(listener.getsockname()[1], Received())
        speaker.join()


def listen_only(connection: socket.socket) -> None:
    while connection.recv(4096):
        pass


def accept_then_never_answer_quit(connection: socket.socket) -> None:
    connection.sendall(b"220 hello\r\n")
    for answer in (b"250 hello\r\n", b"250 sender\r\n", b"250 recipient\r\n", b"354 go\r\n"):
        connection.recv(4096)
        connection.sendall(answer)
    body = b""
    while not body.endswith(b"\r\n.\r\n"):
        body += connection.recv(4096)
    connection.sendall(b"250 taken\r\n")
    listen_only(connection)


def test_silent_server_is_given_up_in_time() -> None:
    with scripted_server(listen_only) as silent, pytest.raises(OSError, match="timed out"):
        send(to(silent, timeout=0.3), MAIL)


def test_mail_once_taken_is_sent_even_if_the_relay_forgets_to_say_goodbye() -> None:
    relay: AbstractContextManager[Relay] = scripted_server(accept_then_never_answer_quit)
    with relay as rude:
        send(to(rude, timeout=0.3), MAIL)


def test_a_relay_that_speaks_too_slowly_is_given_up_as_a_whole() -> None:
    """Each answer comes in time, all of them do not."""

    def drawl(connection: socket.socket) -> None:
        connection.sendall(b"220 hello\r\n")
        with suppress(OSError):
            while connection.recv(4096):
                time.sleep(0.2)
                connection.sendall(b"250 go on\r\n")

    began = time.monotonic()
    with scripted_server(drawl) as slow, pytest.raises(OSError, match=r"too slow|timed out"):
        send(to(slow, timeout=within(10), whole=0.5), MAIL)
    assert time.monotonic() - began < within(5)
