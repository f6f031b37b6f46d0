"""Authorities, lists and OCSP answers on demand, and the real servers that give them out. Not fixtures."""

import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from idp.cards.anchors import TrustAnchors, load_anchors
from sandbox.igc.authorities import Authority, make_intermediate, make_root, sign_certificate
from sandbox.igc.issuing import new_key
from tests.fakes import NOON
from tests.servers import free_port

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CARD, OTHER = 0x4A11CE, 0x4B0B


@dataclass(frozen=True)
class Pki:
    """A root, the authority of cards, a delegate, a stranger; a certificate each of the first for the tests."""

    at: datetime = NOON
    stranger_key: RSAPrivateKey = field(default_factory=new_key)
    delegate_key: RSAPrivateKey = field(default_factory=new_key)

    @cached_property
    def root(self) -> Authority:
        return make_root("R", new_key(), self.at)

    @cached_property
    def issuing(self) -> Authority:
        return make_intermediate("I", new_key(), self.root, self.at)

    @cached_property
    def stranger(self) -> Authority:
        return make_root("S", self.stranger_key, self.at)

    @cached_property
    def anchors(self) -> TrustAnchors:
        return load_anchors(one.certificate.public_bytes(Encoding.PEM) for one in (self.root, self.issuing))

    def card(self, serial: int = CARD) -> x509.Certificate:
        return _leaf(serial, self.delegate_key, self.issuing, self.at)

    @cached_property
    def delegate(self) -> x509.Certificate:
        return self.make_delegate()

    def make_delegate(
        self,
        *,
        nocheck: bool = True,
        purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.OCSP_SIGNING,
        signer: RSAPrivateKey | None = None,
        ends: datetime | None = None,
    ) -> x509.Certificate:
        extensions: list[tuple[x509.ExtensionType, bool]] = [(x509.ExtendedKeyUsage([purpose]), False)]
        if nocheck:
            extensions.append((x509.OCSPNoCheck(), False))
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "OCSP")])
        return sign_certificate(
            name,
            self.delegate_key,
            self.issuing.certificate.subject,
            signer or self.issuing.key,
            (self.at - DAY, ends or self.at + DAY),
            extensions,
        )

    def crl(
        self,
        *serials: int,
        by: Authority | None = None,
        key: RSAPrivateKey | None = None,
        begins: datetime | None = None,
        ends: datetime | None = None,
        number: int | None = 1,
        names_key: bool = True,
        extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (),
        entry_extension: tuple[x509.ExtensionType, bool] | None = None,
        digest: hashes.HashAlgorithm | None = None,
    ) -> bytes:
        authority = by or self.issuing
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(authority.certificate.subject)
            .last_update(begins or self.at - HOUR)
            .next_update(ends or self.at + DAY)
        )
        if names_key:
            builder = builder.add_extension(authority.authority_key_id, critical=False)
        if number is not None:
            builder = builder.add_extension(x509.CRLNumber(number), critical=False)
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical)
        for serial in serials:
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(self.at - DAY)
            if entry_extension is not None:
                entry = entry.add_extension(*entry_extension)
            builder = builder.add_revoked_certificate(entry.build())
        return builder.sign(key or authority.key, digest or hashes.SHA256()).public_bytes(Encoding.DER)

    def answer(
        self,
        *,
        status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
        serial: int = CARD,
        issuer: Authority | None = None,
        begins: datetime | None = None,
        ends: datetime | None = NOON + HOUR,
        signer: Authority | None = None,
        delegate: x509.Certificate | None = None,
        nonce: bytes | None = None,
        reason: x509.ReasonFlags | None = None,
        algorithm: hashes.HashAlgorithm | None = None,
        digest: hashes.HashAlgorithm | None = None,
    ) -> bytes:
        """Signed by the issuing authority itself, or by the key of a delegate whose certificate goes along."""
        is_revoked = status is ocsp.OCSPCertStatus.REVOKED
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response(
                cert=self.card(serial),
                issuer=(issuer or self.issuing).certificate,
                algorithm=algorithm or hashes.SHA1(),  # noqa: S303 names the certificate, as responders do
                cert_status=status,
                this_update=begins or self.at,
                next_update=ends,
                revocation_time=self.at - DAY if is_revoked else None,
                revocation_reason=reason if is_revoked else None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.HASH, delegate or (signer or self.issuing).certificate)
        )
        if delegate is not None:
            builder = builder.certificates([delegate])
        if nonce is not None:
            builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
        key = self.delegate_key if delegate is not None else (signer or self.issuing).key
        return builder.sign(key, digest or hashes.SHA256()).public_bytes(Encoding.DER)


def _leaf(serial: int, key: RSAPrivateKey, issuer: Authority, at: datetime) -> x509.Certificate:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "card")]))
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(at - DAY)
        .not_valid_after(at + 365 * DAY)
        .sign(issuer.key, hashes.SHA256())
    )


Reply = tuple[int, str, bytes]


@dataclass
class Web:
    """A real HTTP server whose answers the test sets; it counts what it was asked."""

    url: str
    replies: dict[str, Reply | Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def give(self, path: str, body: bytes, media_type: str, status: int = 200) -> str:
        self.replies[path] = (status, media_type, body)
        return f"{self.url}{path}"

    def give_crl(self, path: str, der: bytes) -> str:
        return self.give(path, der, "application/pkix-crl")

    def give_ocsp(self, der: bytes) -> str:
        return self.give("/ocsp", der, "application/ocsp-response")


@contextmanager
def web_server() -> Iterator[Web]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._reply()

        def _reply(self) -> None:
            web.asked.append(self.path)
            reply = web.replies.get(self.path, (404, "text/plain", b"no"))
            if callable(reply):
                reply(self)
                return
            status, media_type, body = reply
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    web = Web(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield web
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def openssl_responder(pki: Pki, directory: Path, statuses: Mapping[int, str]) -> Iterator[str]:
    """Run `openssl ocsp` with its own database of serials. Returns its URL.

    `statuses`: V or R (RFC 5280 by openssl ca).
    """
    (directory / "ca.pem").write_bytes(pki.issuing.certificate.public_bytes(Encoding.PEM))
    (directory / "signer.pem").write_bytes(pki.delegate.public_bytes(Encoding.PEM))
    (directory / "signer.key").write_bytes(
        pki.delegate_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    rows = [
        f"{status}\t361231235959Z\t{'261101000000Z' if status == 'R' else ''}\t{serial:X}\tunknown\t/CN=card\n"
        for serial, status in statuses.items()
    ]
    # An even number of digits, as `openssl ca` writes serials.
    (directory / "index.txt").write_text("".join(rows))
    port = free_port()
    command = ["openssl", "ocsp", "-port", str(port), "-index", "index.txt", "-CA", "ca.pem", "-nmin", "10"]
    command += ["-rsigner", "signer.pem", "-rkey", "signer.key", "-rmd", "sha256"]
    with (directory / "openssl.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=directory, stdout=log, stderr=log)
    try:
        _wait_for_responder(directory / "openssl.log", process)
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.kill()
        process.wait()


def _wait_for_responder(log: Path, process: "subprocess.Popen[bytes]") -> None:
    pause = threading.Event()
    for _ in range(200):
        if b"waiting for OCSP" in log.read_bytes():
            return
        assert process.poll() is None, log.read_text()
        pause.wait(0.05)
    raise AssertionError(f"openssl ocsp did not start: {log.read_text()}")
