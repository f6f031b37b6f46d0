"""Behind the proxy that docs/operate.md asks for, with the very file it names."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.demonstration import Demonstration
from tests.limits import within
from tests.nginx import DOCS, nginx
from tests.servers import free_port

#: More than all threads of the demo's worker.
_SLOW_CLIENTS = 40


@pytest.fixture
def proxy(demo: Demonstration, tmp_path: Path) -> Iterator[int]:
    """The port of an nginx in front of the demo's provider."""
    port = free_port()
    http = f"""
        upstream caducee {{ server 127.0.0.1:{urlsplit(demo.issuer).port}; }}
        server {{ listen 127.0.0.1:{port}; include {DOCS}/nginx-issuer.conf; }}"""
    with nginx(tmp_path, http, port):
        yield port


@pytest.mark.parametrize("way", ["direct", "proxy"])
def test_clients_that_never_finish_their_request_hold_no_thread_of_the_provider(
    demo: Demonstration, proxy: int, way: str
) -> None:
    port = {"direct": urlsplit(demo.issuer).port, "proxy": proxy}[way]
    unfinished = (
        b"POST /token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: 1000\r\n\r\na=b"
    )
    with ExitStack() as held:
        for _ in range(_SLOW_CLIENTS):
            client = held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=within(5)))
            client.sendall(unfinished)
        time.sleep(0.2)
        for _ in range(20):
            assert requests.get(f"http://127.0.0.1:{port}/health/live", timeout=within(5)).status_code == 200


@pytest.mark.parametrize("way", ["direct", "proxy"])
@pytest.mark.parametrize("foreign", ["nom=Hélène".encode(), b"nom=H\xe9l\xe8ne"], ids=["UTF-8", "Latin-1"])
def test_a_cookie_of_another_application_hides_none_of_ours(
    demo: Demonstration, proxy: int, way: str, foreign: bytes
) -> None:
    """A sibling may set any octets for the whole domain (RFC 6265 §4.1.2.3); our own pages must not notice."""
    port = {"direct": urlsplit(demo.issuer).port, "proxy": proxy}[way]
    ours = {b"caducee_locale": b"en", b"caducee_left": b"1"}
    cookies = b"; ".join([foreign, *(b"=".join(pair) for pair in ours.items())])
    head = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nUser-Agent: Hos\xe9\r\nCookie: "
    with socket.create_connection(("127.0.0.1", port), timeout=within(5)) as client:
        client.sendall(head + cookies + b"\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert b'<html lang="en"' in answer
    assert b"granian" not in answer.lower()


def test_a_body_too_large_for_the_proxy_is_refused_there(proxy: int) -> None:
    answer = requests.post(f"http://127.0.0.1:{proxy}/token", data={"a": "b" * 70_000}, timeout=within(5))
    assert answer.status_code == 413


def test_addresses_that_carry_codes_tokens_and_numbers_are_in_no_log(proxy: int, tmp_path: Path) -> None:
    """Debian's nginx.conf logs every address, and keeps them."""
    told = "RPPS-10000000017"
    for address in (
        f"psc/callback?state=s&code={told}",
        f"interaction/{'A' * 43}/cps?presentation={told}",
        f"authorize?login_hint={told}",
        f"end_session?id_token_hint={told}",
    ):
        requests.get(f"http://127.0.0.1:{proxy}/{address}", timeout=within(10), allow_redirects=False)
    assert all(told not in log.read_text() for log in tmp_path.glob("*.log"))


def test_metrics_are_for_the_machine_itself(proxy: int, demo: Demonstration) -> None:
    assert requests.get(f"{demo.ready['operations']}/metrics", timeout=within(10)).status_code == 200
    assert requests.get(f"{demo.issuer}/metrics", timeout=within(10)).status_code == 404
    assert requests.get(f"http://127.0.0.1:{proxy}/metrics", timeout=within(10)).status_code == 404


def test_a_request_as_long_as_the_provider_reads_passes(proxy: int) -> None:
    """RFC 9101 §5.1: `request` stands in the address, of 16 KiB at most; what was posted comes again by GET."""
    asked = {"client_id": "viatrajectoire", "request": "a" * 16_000, "id_token_hint": "b" * 16_000}
    answer = requests.post(
        f"http://127.0.0.1:{proxy}/authorize", data=asked, timeout=within(5), allow_redirects=False
    )
    address = answer.headers["Location"]
    assert len(address) > 32_000
    again = requests.get(f"http://127.0.0.1:{proxy}{address}", timeout=within(5))
    # Of the provider: the answer of nginx is 414 or 502.
    assert (again.status_code, "Caducée" in again.text) == (400, True)


def test_a_state_as_long_as_the_provider_reads_comes_back(proxy: int, demo: Demonstration) -> None:
    party = demo.client("viatrajectoire")
    asked = {"client_id": party["client_id"], "redirect_uri": party["redirect_uri"], "state": "s" * 7_000}
    answer = requests.get(
        f"http://127.0.0.1:{proxy}/authorize", params=asked, timeout=within(5), allow_redirects=False
    )
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith(f"state={'s' * 7_000}")
