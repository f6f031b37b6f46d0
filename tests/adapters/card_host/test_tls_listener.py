"""The card host on real sockets: what clients get, and what they cannot get."""

import json
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from idp.adapters.card_host.tls_listener import (
    CardListener,
    CardRequest,
    CardResponse,
    ListenerLimits,
    peer_block,
)
from sandbox.igc.directory import CardEntry
from tests.limits import within
from tests.made_once import place_igc


def limited(**changes: Any) -> ListenerLimits:
    leaving = timedelta(seconds=0.02)
    return ListenerLimits(**{"connections": 200, "per_peer": 20, "leaving": leaving, **changes})


QUICK = limited(
    connections=4,
    client_hello=timedelta(seconds=within(0.2)),
    handshake=timedelta(seconds=within(0.2)),
    head=timedelta(seconds=within(0.2)),
    linger=timedelta(seconds=within(0.15)),
)


@dataclass
class Desk:
    """The application of these tests: remembers requests and answers what it saw."""

    seen: list[CardRequest] = field(default_factory=list)

    def __call__(self, request: CardRequest) -> CardResponse:
        self.seen.append(request)
        if request.path == "/crash":
            raise RuntimeError("secret detail")
        if request.path == "/split":
            return CardResponse(200, (("Location", "/\r\nSet-Cookie: a=b"),), b"")
        if request.path == "/away":
            return CardResponse(303, (("Location", "http://localhost/next"),), b"")
        certificate = "card" if request.certificate_der else "no card"
        return CardResponse(200, (("Content-Type", "text/plain"),), f"{certificate} {request.peer}".encode())


@dataclass(frozen=True)
class Host:
    """A running listener, and ways to talk to it."""

    listener: CardListener
    desk: Desk
    igc: Path
    cards: dict[str, CardEntry]

    @property
    def port(self) -> int:
        return self.listener.port

    def context(self, card: str | None = None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.igc / "tls/ca.pem"))
        if card:
            context.load_cert_chain(self.cards[card]["certificate"], self.cards[card]["key"])
        return context

    def plain(self, source: str = "127.0.0.1") -> socket.socket:
        return socket.create_connection(
            ("127.0.0.1", self.port), timeout=within(5), source_address=(source, 0)
        )

    def connect(
        self, card: str | None = None, context: ssl.SSLContext | None = None, source: str = "127.0.0.1"
    ) -> ssl.SSLSocket:
        plain = self.plain(source)
        return (context or self.context(card)).wrap_socket(plain, server_hostname="localhost")

    def ask(self, head: str | bytes, card: str | None = None, context: ssl.SSLContext | None = None) -> bytes:
        with self.connect(card, context) as tls:
            tls.sendall(head if isinstance(head, bytes) else head.encode())
            return everything(tls)

    def get(self, target: str, card: str | None = None) -> bytes:
        return self.ask(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n", card)

    def openssl(self, *arguments: str) -> str:
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", *arguments]
        done = subprocess.run(
            command,
            input="GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            capture_output=True,
            text=True,
            timeout=within(10),
        )
        return done.stdout + done.stderr


def everything(tls: ssl.SSLSocket) -> bytes:
    parts = []
    while part := tls.recv(65536):
        parts.append(part)
    return b"".join(parts)


@pytest.fixture(scope="module")
def igc(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("igc")
    place_igc(directory)
    return directory


@pytest.fixture
def serve(igc: Path) -> Iterator[Callable[[ListenerLimits], Host]]:
    running: list[tuple[CardListener, threading.Thread]] = []

    def start(limits: ListenerLimits) -> Host:
        desk = Desk()
        issuing = x509.load_pem_x509_certificate((igc / "ca/issuing.pem").read_bytes())
        listener = CardListener(
            ("127.0.0.1", "::1"),
            0,
            str(igc / "tls/server.crt"),
            str(igc / "tls/server.key"),
            desk,
            client_cas_der=(issuing.public_bytes(Encoding.DER),),
            limits=limits,
        )
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        running.append((listener, thread))
        cards: list[CardEntry] = json.loads((igc / "cards.json").read_text())
        return Host(listener, desk, igc, {card["name"]: card for card in cards})

    yield start
    for listener, thread in running:
        listener.shutdown()
        thread.join(within(5))
        assert not thread.is_alive()


@pytest.fixture
def host(serve: Callable[[ListenerLimits], Host]) -> Host:
    return serve(limited())


def test_card_reaches_the_application_as_it_was_issued(host: Host) -> None:
    answer = host.get("/start?a=1&b=%20", "lefebvre")
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"card 127.0.0.1")
    (request,) = host.desk.seen
    issued = x509.load_pem_x509_certificate(Path(host.cards["lefebvre"]["certificate"]).read_bytes())
    assert request.certificate_der == issued.public_bytes(Encoding.DER)
    assert (request.path, request.query, request.headers["host"]) == ("/start", "a=1&b=%20", "localhost")


def test_browser_without_card_reaches_the_application_too(host: Host) -> None:
    assert host.get("/").endswith(b"no card 127.0.0.1")
    assert host.desk.seen[0].certificate_der is None


@pytest.mark.parametrize(
    "card",
    ["self-signed", "foreign-ca", "expired", "not-yet-valid", "signature", "unknown-critical", "t61-subject"],
)
def test_refused_cards_get_a_page_and_not_an_alert(host: Host, card: str) -> None:
    assert b"200" in host.get("/", card)
    assert host.desk.seen[0].certificate_der is not None


def test_certificate_without_its_key_does_not_pass(host: Host, tmp_path: Path) -> None:
    # A key that claims LEFEBVRE's modulus and holds another secret: what a thief of the certificate can make.
    victim, thief = (private_key(host.cards[name]["key"]) for name in ("lefebvre", "martin"))
    der = thief.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    forged = der.replace(modulus(thief), modulus(victim))
    key = tmp_path / "forged.key"
    key.write_text(ssl.DER_cert_to_PEM_cert(forged).replace("CERTIFICATE", "RSA PRIVATE KEY"))
    context = host.context()
    context.load_cert_chain(host.cards["lefebvre"]["certificate"], key)
    with pytest.raises(ssl.SSLError, match="decrypt error|alert"):
        host.ask("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", context=context)
    assert host.desk.seen == []


def private_key(path: str) -> rsa.RSAPrivateKey:
    key = load_pem_private_key(Path(path).read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def modulus(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_numbers().n.to_bytes(256)


def test_curl_signs_in_from_the_pkcs12_file(host: Host) -> None:
    card = host.cards["nunez"]
    command = ["curl", "-sS", "--cacert", str(host.igc / "tls/ca.pem"), "--cert-type", "P12"]
    command += ["--cert", f"{card['pkcs12']}:{card['pin']}", f"https://localhost:{host.port}/"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=within(10))
    assert done.stdout.startswith("card "), done.stderr


def test_ipv6_loopback_answers_on_the_same_port(host: Host) -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    with (
        socket.create_connection(("::1", host.port), timeout=within(5)) as plain,
        host.context().wrap_socket(plain, server_hostname="::1") as tls,
    ):
        tls.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert everything(tls).endswith(b"no card ::1")


def test_only_tls_1_2_is_spoken(host: Host) -> None:
    with host.connect() as tls:
        assert tls.version() == "TLSv1.2"
    modern = host.context()
    modern.minimum_version = ssl.TLSVersion.TLSv1_3
    with pytest.raises(ssl.SSLError):
        host.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n", context=modern)
    assert "no peer certificate available" in host.openssl("-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0")


def test_card_is_never_asked_for_pss_nor_sha_1(host: Host) -> None:
    seen = host.openssl("-tls1_2")
    requested = next(line for line in seen.splitlines() if line.startswith("Requested Signature Algorithms"))
    algorithms = requested.partition(": ")[2].split(":")
    assert algorithms == ["RSA+SHA256", "RSA+SHA384", "RSA+SHA512"]


def test_only_the_issuing_authority_is_announced(host: Host) -> None:
    seen = host.openssl("-tls1_2")
    announced = seen.partition("Acceptable client certificate CA names")[2].partition(
        "Client Certificate Types"
    )[0]
    (name,) = announced.strip().splitlines()
    assert name.endswith("CADUCEE DEMO AC IGC-SANTE FORT PERSONNES")


def test_no_session_survives_its_connection(host: Host) -> None:
    context = host.context("lefebvre")
    with host.connect(context=context) as first:
        first.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        everything(first)
        session = first.session
    assert not session.has_ticket
    assert session.id == b""
    plain = socket.create_connection(("127.0.0.1", host.port), timeout=within(5))
    with context.wrap_socket(plain, server_hostname="localhost", session=session) as second:
        assert not second.session_reused


def test_openssl_cannot_resume_either(host: Host) -> None:
    seen = host.openssl("-tls1_2", "-reconnect")
    assert "New, TLSv1.2" in seen
    assert "Reused" not in seen
    assert "TLS session ticket:" not in seen


def test_http_2_is_not_negotiated(host: Host) -> None:
    context = host.context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with host.connect(context=context) as tls:
        assert tls.selected_alpn_protocol() == "http/1.1"
    context.set_alpn_protocols(["h2"])
    with host.connect(context=context) as tls:
        assert tls.selected_alpn_protocol() is None


def test_every_response_closes_the_connection(host: Host) -> None:
    get = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n"
    answer = host.ask(get + get)
    assert answer.count(b"HTTP/1.1 200") == 1
    assert b"connection: close" in answer.lower()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", b"405"),
        ("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", b"405"),
        ("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", b"400"),
        ("GET / HTTP/1.1\r\n\r\n", b"400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"400"),
        ("GET / HTTP/1.1\r\nHost: a\r\nA : b\r\n\r\n", b"400"),
        ("\x00\x01\x02\r\n\r\n", b"400"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"405"),
    ],
)
def test_anything_but_a_get_of_this_host_is_refused(host: Host, head: str, status: bytes) -> None:
    answer = host.ask(head)
    assert answer.split()[1] == status
    assert host.desk.seen == []


@pytest.mark.parametrize("size", [8 * 1024, 20_000, 100_000])
def test_oversize_head_is_refused_before_it_is_read_whole(host: Host, size: int) -> None:
    answer = host.ask(b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"a" * size + b"\r\n\r\n")
    assert answer.split()[1] == b"431"
    assert host.desk.seen == []


def test_head_just_under_the_limit_is_read(host: Host) -> None:
    assert b"200" in host.ask(b"GET / HTTP/1.1\r\nHost: a\r\nA: " + b"a" * 8000 + b"\r\n\r\n")


def test_repeated_headers_are_joined(host: Host) -> None:
    host.ask("GET / HTTP/1.1\r\nHost: a\r\nCookie: a=1\r\nCookie: b=2\r\nX: 1\r\nx: 2\r\n\r\n")
    assert host.desk.seen[0].headers["cookie"] == "a=1; b=2"
    assert host.desk.seen[0].headers["x"] == "1, 2"


@pytest.mark.parametrize("path", ["/crash", "/split"])
def test_failing_application_tells_the_browser_nothing(host: Host, path: str) -> None:
    answer = host.get(path)
    assert answer.startswith(b"HTTP/1.1 500")
    assert b"secret" not in answer
    assert b"Traceback" not in answer
    assert b"set-cookie" not in answer.lower()
    assert b"200" in host.get("/")  # and the next one is served


def test_redirects_pass_through(host: Host) -> None:
    answer = host.get("/away")
    assert answer.startswith(b"HTTP/1.1 303")
    assert b"\r\nLocation: http://localhost/next\r\n" in answer


def test_slow_clients_do_not_make_others_wait(serve: Callable[[ListenerLimits], Host]) -> None:
    host = serve(limited(per_peer=26))
    silent = [socket.create_connection(("127.0.0.1", host.port), timeout=within(5)) for _ in range(20)]
    hesitant = [host.connect() for _ in range(5)]
    try:
        assert b"200" in host.get("/", "martin")
    finally:
        for connection in (*silent, *hesitant):
            connection.close()


def test_silent_client_is_closed_after_a_while(serve: Callable[[ListenerLimits], Host]) -> None:
    host = serve(QUICK)
    with socket.create_connection(("127.0.0.1", host.port), timeout=within(5)) as silent:
        assert silent.recv(1) == b""


def test_person_has_time_to_type_the_pin(serve: Callable[[ListenerLimits], Host]) -> None:
    host = serve(
        replace(QUICK, client_hello=timedelta(seconds=within(0.1)), handshake=timedelta(seconds=within(5)))
    )
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = host.context("benali").wrap_bio(incoming, outgoing, server_hostname="localhost")
    with socket.create_connection(("127.0.0.1", host.port), timeout=within(5)) as plain:
        for pause in (0.0, within(0.15)):  # after the hello, after the server asked for the certificate
            with suppress(ssl.SSLWantReadError):
                tls.do_handshake()
            threading.Event().wait(pause)
            plain.sendall(outgoing.read())
            incoming.write(plain.recv(65536))
        tls.do_handshake()
        tls.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        plain.sendall(outgoing.read())
        incoming.write(plain.recv(65536))
        assert b"200" in tls.read(65536)


def test_client_that_never_ends_its_head_is_closed(serve: Callable[[ListenerLimits], Host]) -> None:
    host = serve(QUICK)
    with host.connect() as tls:
        tls.sendall(b"GET / HTTP/1.1\r\n")
        with pytest.raises((ssl.SSLError, OSError)):
            everything(tls) or tls.unwrap()
    assert host.desk.seen == []


def test_connections_beyond_the_limit_are_closed_and_places_come_back(
    serve: Callable[[ListenerLimits], Host],
) -> None:
    host = serve(QUICK)
    waiting = [
        socket.create_connection(("127.0.0.1", host.port), timeout=within(5))
        for _ in range(QUICK.connections)
    ]
    with socket.create_connection(("127.0.0.1", host.port), timeout=within(5)) as excess:
        assert excess.recv(1) == b""
    for connection in waiting:
        assert connection.recv(1) == b""  # closed for silence
        connection.close()
    assert b"200" in host.get("/")


def is_closed(connection: socket.socket) -> bool:
    """By the listener, within the timeout of the connection; a byte it never read makes it a reset."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def one_byte(host: Host, count: int) -> list[socket.socket]:
    """Connections that begin a TLS record and stop there."""
    opened = [host.plain() for _ in range(count)]
    for connection in opened:
        with suppress(ConnectionError):  # those beyond the limit are closed already
            connection.sendall(b"\x16")
    return opened


def test_one_machine_cannot_take_every_place(serve: Callable[[ListenerLimits], Host]) -> None:
    host = serve(limited(client_hello=timedelta(seconds=within(1))))
    flood = one_byte(host, 200)
    with host.connect("martin", source="127.0.0.2") as tls:
        tls.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert everything(tls).endswith(b"card 127.0.0.2")
    *_, excess = flood
    excess.settimeout(within(0.5))
    assert is_closed(excess)  # at once
    flood[0].settimeout(0.1)
    with pytest.raises(TimeoutError):  # the first ones are still there: the card was not served after them
        flood[0].recv(1)
    for connection in flood:
        connection.settimeout(within(5))
        assert is_closed(connection)
        connection.close()


def test_begun_hellos_end_within_the_short_deadline(serve: Callable[[ListenerLimits], Host]) -> None:
    host = serve(limited(per_peer=200, client_hello=timedelta(seconds=1)))
    flood = one_byte(host, 200)  # they do take every place
    with host.plain("127.0.0.2") as excess:
        assert is_closed(excess)
    for connection in flood:
        assert is_closed(connection)
        connection.close()
    assert b"200" in host.get("/", "martin")


def until_closed(connection: socket.socket) -> None:
    while connection.recv(65536):
        pass


def client_hello(host: Host) -> bytes:
    outgoing = ssl.MemoryBIO()
    tls = host.context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with suppress(ssl.SSLWantReadError):
        tls.do_handshake()
    return outgoing.read()


@pytest.mark.parametrize("missing", [1, 50, -1])
def test_hello_that_comes_in_drips_wins_no_time(
    serve: Callable[[ListenerLimits], Host], missing: int
) -> None:
    host = serve(replace(QUICK, handshake=timedelta(seconds=60)))
    hello = client_hello(host)
    with host.plain() as plain:
        if missing > 0:
            plain.sendall(hello[:-missing])
        else:
            with suppress(ConnectionError):
                for byte in hello:
                    plain.sendall(bytes([byte]))
                    threading.Event().wait(0.02)
        assert is_closed(plain)


def test_person_who_never_types_the_pin_is_closed_at_the_long_deadline(
    serve: Callable[[ListenerLimits], Host],
) -> None:
    host = serve(
        replace(QUICK, client_hello=timedelta(seconds=within(0.1)), handshake=timedelta(seconds=within(0.5)))
    )
    with host.plain() as plain:
        plain.sendall(client_hello(host))
        plain.settimeout(within(0.25))
        with pytest.raises(TimeoutError):
            until_closed(plain)
        plain.settimeout(within(5))
        assert is_closed(plain)


def test_places_of_a_peer_come_back_each_once(serve: Callable[[ListenerLimits], Host]) -> None:
    host = serve(replace(QUICK, connections=50, per_peer=2))
    assert b"200" in host.get("/")
    for beginning in (b"", b"\x16", b"not TLS at all", client_hello(host)):
        with host.plain() as plain, suppress(ConnectionResetError):
            plain.sendall(beginning)
            until_closed(plain)
    waiting = [host.plain() for _ in range(2)]
    with host.plain() as excess:
        excess.settimeout(within(0.1))
        assert is_closed(excess)  # no place was given back twice
    with host.connect(source="127.0.0.2") as other:  # nor does the limit of one touch another
        other.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert b"200" in everything(other)
    for connection in waiting:
        assert is_closed(connection)
        connection.close()
    assert b"200" in host.get("/")


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_peers_are_counted_by_address_or_ipv6_network(address: str, block: str) -> None:
    assert peer_block(address) == block


@pytest.mark.parametrize(
    "noise", [b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01\xff\xff", b"\x00" * 500]
)
def test_noise_instead_of_tls_harms_nobody(serve: Callable[[ListenerLimits], Host], noise: bytes) -> None:
    host = serve(QUICK)
    with socket.create_connection(("127.0.0.1", host.port), timeout=within(5)) as plain:
        plain.sendall(noise)
        with suppress(ConnectionResetError):
            while plain.recv(4096):
                pass
    assert b"200" in host.get("/")


def test_shutdown_ends_the_listener_and_frees_the_port(serve: Callable[[ListenerLimits], Host]) -> None:
    host = serve(QUICK)
    port = host.port
    host.listener.shutdown()
    host.listener.shutdown()
    for _ in range(50):
        try:
            # Unanswered while it ends, or let in just before; only then refused.
            with suppress(ConnectionResetError, TimeoutError):
                socket.create_connection(("127.0.0.1", port), timeout=within(5)).close()
        except ConnectionRefusedError:
            break
        threading.Event().wait(0.05)
    else:
        pytest.fail("still listening")


def test_browser_that_connected_before_the_end_is_served(igc: Path) -> None:
    """The kernel made its connection; nobody had accepted it when the host was told to end."""
    files = (str(igc / "tls/server.crt"), str(igc / "tls/server.key"))
    listener = CardListener(("127.0.0.1",), 0, *files, Desk(), limits=limited(leaving=timedelta(seconds=0.3)))
    with socket.create_connection(("127.0.0.1", listener.port), within(5)) as early:
        listener.shutdown()
        thread = threading.Thread(target=listener.serve_forever)
        thread.start()
        context = ssl.create_default_context(cafile=str(igc / "tls/ca.pem"))
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with context.wrap_socket(early, server_hostname="localhost") as tls:
            tls.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert tls.recv(100).startswith(b"HTTP/1.1 200")
        thread.join(within(5))


def test_unusable_files_stop_the_start(igc: Path) -> None:
    with pytest.raises(Exception, match="."):
        CardListener(
            ("127.0.0.1",),
            0,
            str(igc / "tls/server.crt"),
            str(igc / "cards/martin.key"),
            Desk(),
            limits=limited(),
        )
