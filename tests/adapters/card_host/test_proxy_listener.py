"""The card host behind nginx: the same refusals and the same card, and no other process speaks for a proxy."""

import base64
import os
import pwd
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from idp.adapters.card_host.http import CardRequest, CardResponse
from idp.adapters.card_host.proxy_listener import UNREADABLE, CardProxy, ProxyUserUnknown, certificate_of
from idp.adapters.card_host.socket_listener import ListenerLimits
from sandbox.igc.directory import CardEntry
from tests.demonstration import ROOT
from tests.limits import eventually, within
from tests.made_once import place_igc
from tests.nginx import card_http, nginx
from tests.servers import free_port

LIMITS = ListenerLimits(connections=200, per_peer=20)
OWN_USER = pwd.getpwuid(os.getuid()).pw_name


@dataclass
class Desk:
    seen: list[CardRequest] = field(default_factory=list)
    strangers: int = 0

    def __call__(self, request: CardRequest) -> CardResponse:
        self.seen.append(request)
        return CardResponse(
            200, (("Content-Type", "text/plain"),), b"card" if request.certificate_der else b"no card"
        )

    def on_unknown_peer(self) -> None:
        self.strangers += 1


@dataclass(frozen=True)
class Private:
    path: Path
    desk: Desk

    def ask(self, head: str) -> bytes:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as plain:
            plain.settimeout(within(5))
            plain.connect(str(self.path))
            plain.sendall(head.encode())
            parts = []
            while part := plain.recv(65536):
                parts.append(part)
        return b"".join(parts)


@pytest.fixture
def private() -> Iterator[Private]:
    desk = Desk()
    with tempfile.TemporaryDirectory(prefix="card-") as place:  # a socket's path has about 100 bytes
        path = Path(place) / "card.sock"
        listener = CardProxy(path, OWN_USER, desk, on_unknown_peer=desk.on_unknown_peer, limits=LIMITS)
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        yield Private(path, desk)
        listener.shutdown()
        thread.join(within(5))
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def igc(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, CardEntry]]:
    directory = tmp_path_factory.mktemp("igc")
    cards = place_igc(directory)
    return directory, {card["name"]: card for card in cards}


def test_request_that_came_before_the_end_is_answered_and_the_next_is_refused_at_once() -> None:
    """The proxy asks nobody whose socket has no name any more; who is connected is still answered."""
    with tempfile.TemporaryDirectory(prefix="card-") as place:
        path = Path(place) / "card.sock"
        listener = CardProxy(path, OWN_USER, Desk(), on_unknown_peer=lambda: None, limits=LIMITS)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as early:
            early.settimeout(within(5))
            early.connect(str(path))
            listener.shutdown()
            thread = threading.Thread(target=listener.serve_forever)
            thread.start()
            assert eventually(lambda: not path.exists(), 5)
            early.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert early.recv(100).startswith(b"HTTP/1.1 200")
        thread.join(within(5))


@dataclass(frozen=True)
class Front:
    """nginx in front of the private socket."""

    port: int
    igc: Path
    cards: dict[str, CardEntry]
    desk: Desk

    def get(self, card: str | None = None, headers: str = "") -> bytes:
        context = ssl.create_default_context(cafile=str(self.igc / "tls/ca.pem"))
        if card:
            context.load_cert_chain(self.cards[card]["certificate"], self.cards[card]["key"])
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=within(5))
        with context.wrap_socket(plain, server_hostname="localhost") as tls:
            tls.sendall(f"GET /card/x?a=1 HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode())
            parts = []
            while part := tls.recv(65536):
                parts.append(part)
        return b"".join(parts)

    def openssl(self, *arguments: str) -> str:
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", *arguments]
        done = subprocess.run(
            command,
            input="GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
            capture_output=True,
            text=True,
            timeout=within(10),
        )
        return done.stdout + done.stderr


@pytest.fixture
def front(private: Private, igc: tuple[Path, dict[str, CardEntry]], tmp_path: Path) -> Iterator[Front]:
    port = free_port()
    with nginx(tmp_path, card_http(port, igc[0], private.path), port):
        yield Front(port, igc[0], igc[1], private.desk)


def der(card: CardEntry) -> bytes:
    pem = Path(card["certificate"]).read_bytes()
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


# --- the header


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", None),
        (":AQID:", b"\x01\x02\x03"),
        ("::", UNREADABLE),
        (":unreadable", UNREADABLE),
        ("AQID", UNREADABLE),
        (":AQID:, :AQID:", UNREADABLE),
        (":AQ ID:", UNREADABLE),
        (":AQI:", UNREADABLE),
        (":=AQI:", UNREADABLE),
        ("(null)", UNREADABLE),
        (":AQID:;a=1", UNREADABLE),
    ],
)
def test_client_cert_is_read_as_rfc_9440_writes_it(value: str, expected: bytes | None) -> None:
    assert certificate_of(value) == expected


def test_header_becomes_the_certificate_and_goes_no_further(private: Private) -> None:
    value = f":{base64.b64encode(b'abc').decode()}:"
    private.ask(
        f"GET /card/x HTTP/1.1\r\nHost: a\r\nClient-Cert: {value}\r\nClient-Cert-Chain: {value}\r\n\r\n"
    )
    (request,) = private.desk.seen
    assert request.certificate_der == b"abc"
    assert not any(name.startswith("client-cert") for name in request.headers)


def test_two_headers_are_no_certificate(private: Private) -> None:
    private.ask("GET / HTTP/1.1\r\nHost: a\r\nClient-Cert: :YQ==:\r\nClient-Cert: :Yg==:\r\n\r\n")
    assert private.desk.seen[0].certificate_der == UNREADABLE


@pytest.mark.parametrize(
    "head", ["POST / HTTP/1.1\r\nHost: a\r\n\r\n", "\x00\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"]
)
def test_anything_but_a_get_is_refused(private: Private, head: str) -> None:
    assert b" 40" in private.ask(head)[:20]
    assert private.desk.seen == []


# --- who may speak


def test_socket_is_closed_to_other_users(private: Private) -> None:
    assert private.path.stat().st_mode & 0o777 == 0o660


def test_another_user_gets_no_answer_and_is_noticed(private: Private) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    private.path.parent.chmod(0o755)
    private.path.chmod(0o666)  # an operator's mistake: the kernel still says who connects
    program = f"""
import os, socket
os.setgid(65534); os.setuid(65534)
plain = socket.socket(socket.AF_UNIX)
plain.connect({str(private.path)!r})
try:
    plain.sendall(b"GET / HTTP/1.1\\r\\nHost: a\\r\\nClient-Cert: :YQ==:\\r\\n\\r\\n")
    print(plain.recv(100))
except OSError:
    print(b"")
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, timeout=within(10)
    )
    assert done.stdout == "b''\n", done.stderr
    assert (private.desk.seen, private.desk.strangers) == ([], 1)


def test_unknown_proxy_user_is_told_to_the_operator(tmp_path: Path) -> None:
    with pytest.raises(ProxyUserUnknown, match="CADUCEE_CARD_PROXY_USER: no user nobody-of-this-name"):
        CardProxy(tmp_path / "a", "nobody-of-this-name", Desk(), on_unknown_peer=lambda: None, limits=LIMITS)


def test_socket_of_a_killed_process_is_replaced_and_one_in_use_is_not(private: Private) -> None:
    left = private.path.parent / "left.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(left))
    listener = CardProxy(left, OWN_USER, Desk(), on_unknown_peer=lambda: None, limits=LIMITS)
    listener.shutdown()
    listener.serve_forever()
    with pytest.raises(OSError, match="another card host"):
        CardProxy(private.path, OWN_USER, Desk(), on_unknown_peer=lambda: None, limits=LIMITS)


# --- nginx, with the files of docs/


def test_card_reaches_the_application_as_it_was_issued(front: Front) -> None:
    assert front.get("lefebvre").endswith(b"card")
    (request,) = front.desk.seen
    assert request.certificate_der == der(front.cards["lefebvre"])
    assert (request.path, request.query, request.headers["host"]) == ("/card/x", "a=1", "localhost")


@pytest.mark.parametrize(
    "card",
    [
        "self-signed",
        "foreign-ca",
        "expired",
        "not-yet-valid",
        "signature",
        "unknown-critical",
        "t61-subject",
        "cps2ter",
    ],
)
def test_refused_cards_get_a_page_and_not_an_alert(front: Front, card: str) -> None:
    assert front.get(card).endswith(b"\r\n\r\ncard")
    assert front.desk.seen[0].certificate_der == der(front.cards[card])


def test_browser_without_card_reaches_the_application_too(front: Front) -> None:
    assert front.get().endswith(b"no card")


def test_forged_header_is_overwritten_with_and_without_a_card(front: Front) -> None:
    forged = f"Client-Cert: :{base64.b64encode(der(front.cards['martin'])).decode()}:\r\n"
    front.get(None, forged + forged)
    front.get("expired", forged)
    assert [request.certificate_der for request in front.desk.seen] == [None, der(front.cards["expired"])]


def test_long_certificate_fits_the_map(front: Front) -> None:
    longest = max(front.cards.values(), key=lambda card: len(der(card)))
    front.get(longest["name"])
    assert front.desk.seen[0].certificate_der == der(longest)
    assert len(der(longest)) < 96 * 48


def test_openssl_sees_what_it_sees_of_our_own_host(front: Front) -> None:
    seen = front.openssl("-tls1_2")
    requested = next(line for line in seen.splitlines() if line.startswith("Requested Signature Algorithms"))
    assert requested.partition(": ")[2].split(":") == ["RSA+SHA256", "RSA+SHA384", "RSA+SHA512"]
    names = seen.partition("Acceptable client certificate CA names")[2].partition("Client Certificate Types")[
        0
    ]
    assert [line.rpartition("CN = ")[2] for line in names.strip().splitlines()] == [
        "CADUCEE DEMO AC IGC-SANTE FORT PERSONNES"
    ]
    assert "no peer certificate available" in front.openssl("-tls1_3")
    assert "no peer certificate available" in front.openssl("-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0")
    again = front.openssl("-tls1_2", "-reconnect")
    assert "New, TLSv1.2" in again
    assert "Reused" not in again
    assert "TLS session ticket:" not in again
    assert "No ALPN negotiated" in front.openssl("-tls1_2", "-alpn", "h2")


def test_every_response_closes_the_connection(front: Front) -> None:
    assert b"Connection: close" in front.get("martin", "Connection: keep-alive\r\n")
