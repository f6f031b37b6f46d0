"""Who gets the administrators' page: this machine by its own name, or a certificate of the operator's authority."""

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
from cryptography import x509
from structlog.testing import capture_logs

from idp.adapters.operations import greetings
from idp.adapters.operations.listener import (
    Answer,
    Endpoint,
    OperationsServer,
    Question,
    json_answer,
    serve_operations,
    text_answer,
)
from idp.adapters.operations.page_access import for_administrators, page_tls
from tests.limits import within
from tests.protocol.tls_certificates import SERVER_AUTH, Authority
from tests.servers import free_port

HEADERS = {"Content-Security-Policy": "default-src 'none'"}


def shown(question: Question) -> Answer:
    return text_answer("the page\n")


PAGE: Endpoint = for_administrators(shown, HEADERS)


@pytest.mark.parametrize(
    "host", ["127.0.0.1:9400", "127.0.0.1", "localhost:9400", "LOCALHOST", "[::1]:9400", "127.8.8.8:1"]
)
def test_this_machine_sees_it_by_its_own_names(host: str) -> None:
    answer = PAGE(Question(host=host, is_inside=True))
    assert (answer.status, answer.headers) == (200, HEADERS)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:9400",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example#127.0.0.1",
        "127.0.0.1@evil.example",
        "evil.example?127.0.0.1",
        "10.0.0.1:9400",
        "",
        "[::1",
        "[::ffff:10.0.0.1]",
        "0x7f000001",
        " ",
    ],
)
def test_another_name_that_leads_here_opens_nothing(host: str) -> None:
    answer = PAGE(Question(host=host, is_inside=True))
    assert answer.status == 403
    assert b"127.0.0.1, [::1] or localhost" in answer.body
    assert answer.headers == HEADERS


def test_beyond_this_machine_it_tells_the_remedy_and_no_more() -> None:
    answer = PAGE(Question(host="127.0.0.1:9400"))
    assert answer.status == 403
    assert b"CADUCEE_OPERATIONS_PAGE_PORT" in answer.body
    assert b"the page" not in answer.body


def test_a_certificate_opens_it_by_whatever_name() -> None:
    assert PAGE(Question(host="idp.example", is_proved=True)).status == 200


def _own_address() -> str:
    """An address of this machine that others reach it at."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("this machine has no address but loopback")
        return str(asked.getsockname()[0])


def test_a_connection_that_leaves_loopback_is_none_of_this_machine() -> None:
    endpoints = {"/": PAGE, "/livez": lambda question: json_answer({"status": "alive"})}
    server = serve_operations("0.0.0.0", free_port(), endpoints)
    try:
        port = server.server_address[1]
        for address, status in (("127.0.0.1", 200), (_own_address(), 403)):
            url = f"http://{address}:{port}"
            assert requests.get(f"{url}/", timeout=within(5)).status_code == status
            assert requests.get(f"{url}/livez", timeout=within(5)).status_code == 200
        named = requests.get(f"http://127.0.0.1:{port}/", headers={"Host": "evil.example"}, timeout=within(5))
        assert named.status_code == 403
    finally:
        server.shutdown()
        server.server_close()


class Stand:
    """The page over TLS, and the certificates of those who come."""

    def __init__(self, place: Path) -> None:
        self.place = place
        house, administrators = Authority("house"), Authority("administrators")
        at = [x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        certificate, key = house.issue("page", names=at, usages=[SERVER_AUTH]).write(place, "page")
        self.trusted = house.write(place / "house.pem")
        self.files = (certificate, key, administrators.write(place / "administrators.pem"))
        ended = datetime.now(UTC) - timedelta(minutes=1)
        self.right = administrators.issue("right").write(place, "right")
        self.wrong = {
            "another authority's": Authority("other").issue("other").write(place, "other"),
            "the server's own authority's": house.issue("house").write(place, "of-house"),
            "ended": administrators.issue("ended", ends=ended).write(place, "ended"),
            "of a server": administrators.issue("server", usages=[SERVER_AUTH]).write(place, "server"),
            "forged": administrators.issue("forged", sealed_by=Authority("forger").key).write(
                place, "forged"
            ),
        }
        self.server: OperationsServer = serve_operations(
            "127.0.0.1", free_port(), {"/": PAGE}, page_tls(*self.files)
        )

    def get(self, path: str = "/", *, cert: tuple[Path, Path] | None = None) -> requests.Response:
        url = f"https://127.0.0.1:{self.server.server_address[1]}{path}"
        given = None if cert is None else (str(cert[0]), str(cert[1]))
        return requests.get(url, cert=given, verify=str(self.trusted), timeout=within(5))


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    made = Stand(tmp_path_factory.mktemp("page"))
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_over_tls_only_a_certificate_of_the_administrators_authority_gets_an_answer(stand: Stand) -> None:
    answer = stand.get(cert=stand.right)
    assert (answer.status_code, answer.text) == (200, "the page\n")
    assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
    assert stand.get("/metrics", cert=stand.right).status_code == 404
    with capture_logs() as lines:
        for name, cert in {"none": None, **stand.wrong}.items():
            with pytest.raises(requests.exceptions.ConnectionError):
                pytest.fail(f"{name}: {stand.get(cert=cert).status_code}")
    assert "operations_page_refused" in {line["event"] for line in lines}
    assert stand.get(cert=stand.right).status_code == 200


def test_an_authority_below_another_lets_in_its_own_and_none_of_its_sisters(
    stand: Stand, tmp_path: Path
) -> None:
    above = Authority("above")
    administrators = above.found("administrators below")
    alone = administrators.write(tmp_path / "administrators.pem")
    server = serve_operations("127.0.0.1", free_port(), {"/": PAGE}, page_tls(*stand.files[:2], alone))
    try:
        come = {
            "own": administrators.issue("own").write(tmp_path, "own"),
            "sister": above.found("staff").issue("sister").write(tmp_path, "sister"),
            "above": above.issue("above").write(tmp_path, "above"),
        }
        url = f"https://127.0.0.1:{server.server_address[1]}/"

        def status(certificate: Path, key: Path) -> int:
            pair = (str(certificate), str(key))
            return requests.get(url, cert=pair, verify=str(stand.trusted), timeout=within(5)).status_code

        assert status(*come.pop("own")) == 200
        for name, files in come.items():
            with pytest.raises(requests.exceptions.ConnectionError):
                pytest.fail(f"{name}: {status(*files)}")
    finally:
        server.shutdown()
        server.server_close()


def test_plain_http_silence_and_old_tls_get_nothing_and_keep_nobody_waiting(stand: Stand) -> None:
    address = ("127.0.0.1", int(stand.server.server_address[1]))
    with socket.create_connection(address, within(5)), socket.create_connection(address, within(5)) as plain:
        plain.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert b"HTTP" not in _received(plain)
        assert stand.get(cert=stand.right).status_code == 200
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(stand.trusted)
    old.load_cert_chain(*stand.right)
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(address, within(5)) as raw, pytest.raises((ssl.SSLError, ConnectionError)):
        old.wrap_socket(raw, server_hostname="127.0.0.1")


#: The first record of a handshake says that 512 octets come.
HALF_OPEN = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"


def test_handshakes_that_are_left_half_open_keep_nobody_waiting(stand: Stand) -> None:
    address = ("127.0.0.1", int(stand.server.server_address[1]))
    with ExitStack() as held:
        idle = []
        for number in range(greetings._UNDER_WAY + 20):
            idle.append(held.enter_context(socket.create_connection(address, within(5))))
            idle[-1].sendall(HALF_OPEN[: number % 12])
        for _ in range(3):
            assert stand.get(cert=stand.right).status_code == 200
        # The oldest made room.
        assert _received(idle[0]) == b""


def test_a_handshake_has_its_time_as_a_whole(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(greetings, "_SECONDS", 0.3)
    address = ("127.0.0.1", int(stand.server.server_address[1]))
    with socket.create_connection(address, within(5)) as slow:
        slow.sendall(HALF_OPEN)
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            _send_slowly(slow, until=time.monotonic() + within(5))


def _send_slowly(slow: socket.socket, until: float) -> None:
    while time.monotonic() < until:
        slow.sendall(b"\x00")
        time.sleep(0.05)


def _received(client: socket.socket) -> bytes:
    try:
        return client.recv(100)
    except ConnectionResetError:
        return b""


@pytest.mark.parametrize("broken", [0, 1, 2])
def test_a_file_that_is_none_of_these_is_told_at_the_start(stand: Stand, tmp_path: Path, broken: int) -> None:
    nothing = tmp_path / "nothing.pem"
    for content in ("", "no certificate", None):
        nothing.unlink(missing_ok=True)
        if content is not None:
            nothing.write_text(content)
        files = list(stand.files)
        files[broken] = nothing
        with pytest.raises(OSError):  # noqa: PT011 whatever OpenSSL calls it
            page_tls(*files)
