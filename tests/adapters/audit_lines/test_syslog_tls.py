"""A syslog server by TLS (RFC 5425): a real listener, which is known by its certificate and may know us by ours."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from idp.adapters.audit_lines import syslog
from idp.adapters.audit_lines.lines import Lines
from idp.adapters.audit_lines.places import place_of
from idp.adapters.audit_lines.syslog import Syslog, Trust
from tests.adapters.audit_lines.test_lines import a_record
from tests.adapters.audit_lines.test_places import header, records
from tests.limits import eventually, within
from tests.protocol.tls_certificates import Authority


@dataclass
class Server:
    """Takes connections one after the other; `most`: messages of each, then it closes it."""

    context: ssl.SSLContext
    listening: socket.socket
    most: int = 10**6
    got: list[int] = field(default_factory=list)
    peers: list[str] = field(default_factory=list)
    taken: socket.socket | None = None

    @property
    def where(self) -> str:
        return f"tls:localhost:{self.listening.getsockname()[1]}"

    def serve(self) -> None:
        with contextlib.suppress(OSError):  # the end
            while True:
                plain, _ = self.listening.accept()
                with (
                    contextlib.suppress(OSError),
                    self.context.wrap_socket(plain, server_side=True) as secured,
                ):
                    self.taken = secured
                    self._take(secured)

    def _take(self, secured: ssl.SSLSocket) -> None:
        presented = secured.getpeercert(binary_form=True)
        if presented:
            self.peers.append(x509.load_der_x509_certificate(presented).subject.rfc4514_string())
        with secured.makefile("rb") as stream:
            for _ in range(self.most):
                length = b""
                while not length.endswith(b" "):
                    if not (one := stream.read(1)):
                        return
                    length += one
                _head, body = header(stream.read(int(length)).decode())
                self.got.append(int(str(body["sequence"])))


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syslog, "_TIMEOUT_SECONDS", within(3))


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def trust(authority: Authority, tmp_path: Path) -> Trust:
    return Trust(authorities=authority.write(tmp_path / "ca.pem"))


@contextlib.contextmanager
def serving(authority: Authority, place: Path, name: str = "localhost", port: int = 0) -> Iterator[Server]:
    held = authority.issue(names=[x509.DNSName(name)], usages=[ExtendedKeyUsageOID.SERVER_AUTH])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*held.write(place, f"server-{name}"))
    context.load_verify_locations(authority.write(place / "clients.pem"))
    context.verify_mode = ssl.CERT_OPTIONAL
    with socket.create_server(("127.0.0.1", port)) as listening:
        server = Server(context, listening)
        thread = threading.Thread(target=server.serve)
        thread.start()
        try:
            yield server
        finally:
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()
            while thread.is_alive():
                # A connection that is open would still be served.
                with contextlib.suppress(OSError):
                    if server.taken is not None:
                        server.taken.shutdown(socket.SHUT_RDWR)
                thread.join(0.05)


def test_a_server_gets_each_message_with_its_length_and_knows_us_by_our_certificate(
    authority: Authority, trust: Trust, tmp_path: Path
) -> None:
    ours = authority.issue("caducee").write(tmp_path, "ours")
    known = Trust(authorities=trust.authorities, certificate=ours[0], key=ours[1])
    with serving(authority, tmp_path) as server:
        for count, of in ((3, trust), (6, known)):
            place = place_of(server.where, "node", of)
            assert place.send(records()) == 3
            assert eventually(lambda count=count: len(server.got) == count, 10)  # type: ignore[misc]
            place.leave()  # type: ignore[union-attr]
        assert server.got == [0, 1, 2, 0, 1, 2]
        assert [peer.partition(",")[0] for peer in server.peers] == ["CN=caducee"]


def test_a_server_that_is_not_the_one_gets_no_line(
    authority: Authority, trust: Trust, tmp_path: Path
) -> None:
    stranger = Trust(authorities=Authority("another").write(tmp_path / "other.pem"))
    broken = Trust(
        authorities=trust.authorities, certificate=tmp_path / "gone.crt", key=tmp_path / "gone.key"
    )
    for name, of, why in (
        ("localhost", stranger, "CERTIFICATE_VERIFY_FAILED"),
        ("elsewhere.example", trust, "Hostname mismatch"),
        ("localhost", broken, "No such file"),
        ("localhost", Trust(), "CERTIFICATE_VERIFY_FAILED"),
    ):
        with serving(authority, tmp_path, name) as server:
            with pytest.raises(OSError, match=why):
                place_of(server.where, "node", of).send(records())
            assert server.got == []


def test_no_line_is_lost_when_the_server_closes_and_comes_again(
    authority: Authority, trust: Trust, tmp_path: Path
) -> None:
    with serving(authority, tmp_path) as server:
        server.most = 5  # of a connection
        port = server.listening.getsockname()[1]
        lines = Lines(
            place=place_of(server.where, "node", trust), pause_seconds=0.01, after_fault_seconds=0.01
        )
        for number in range(12):
            lines(a_record(number))
            assert eventually(lambda number=number: number in server.got, 10)  # type: ignore[misc]
    lines(a_record(12))  # nobody is there
    with serving(authority, tmp_path, port=port) as again:
        assert eventually(lambda: 12 in again.got, 10)
        lines.close()
    assert again.got == sorted(again.got)
    place = lines.place
    assert isinstance(place, Syslog)
    place.leave()
