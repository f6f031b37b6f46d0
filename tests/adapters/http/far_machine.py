"""A machine of another organisation: a real server on loopback, plain or TLS, that keeps what it was asked.

Contains the server, its certificate authority. Not here: anything of `idp`.
"""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.limits import within

Reply = Callable[[BaseHTTPRequestHandler], None]


def say(body: bytes, status: int = 200, media_type: str = "application/json", **headers: str) -> Reply:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        sent = {"Content-Type": media_type, "Content-Length": str(len(body)), **headers}
        for name, value in sent.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return reply


@dataclass
class FarMachine:
    """`seen`: method, path, Host header and body of each request."""

    port: int
    reply: Reply = field(default_factory=lambda: say(b"{}"))
    seen: list[tuple[str, str, str, bytes]] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Silent: handshakes that fail are what some tests are about."""


@contextmanager
def far_machine(tls: tuple[Path, Path] | None = None, address: str = "127.0.0.1") -> Iterator[FarMachine]:
    """`tls`: certificate and key."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            machine.seen.append((self.command, self.path, self.headers["Host"], self.rfile.read(length)))
            machine.reply(self)

        do_POST = do_GET  # noqa: N815 - named by http.server

        def log_message(self, format: str, *args: Any) -> None:
            """Silent: the tests look at `seen`."""

    server = _Server((address, 0), Handler)
    machine = FarMachine(server.server_port)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        # The handshake in the thread of its connection.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    serving = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    serving.start()
    try:
        yield machine
    finally:
        machine.stopping.set()
        server.shutdown()
        server.server_close()
        serving.join(within(5))


@dataclass(frozen=True)
class Authority:
    """A certificate authority of the tests."""

    directory: Path
    key: ec.EllipticCurvePrivateKey
    name: x509.Name

    @property
    def root(self) -> Path:
        return self.directory / "root.pem"

    def certify(self, host: str) -> tuple[Path, Path]:
        """Certificate and key of a host."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName(host)])
        certificate = (
            _certificate(x509.Name([]), self.name, key.public_key())
            .add_extension(names, critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), False)
            .sign(self.key, hashes.SHA256())
        )
        paths = self.directory / f"{host}.crt", self.directory / f"{host}.key"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return paths


def an_authority(directory: Path) -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of the tests")])
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    root = (
        _certificate(name, name, key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    authority = Authority(directory, key, name)
    authority.root.write_bytes(root.public_bytes(serialization.Encoding.PEM))
    return authority


def _certificate(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    begin = datetime.now(UTC) - timedelta(hours=1)
    return (
        x509.CertificateBuilder(issuer, subject, key, x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=1))
    )
