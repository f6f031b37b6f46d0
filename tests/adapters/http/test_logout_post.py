"""Calling a relying party's logout endpoint: whatever it does, what comes back is a status or one word, in time."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs

import pytest

from idp.adapters.http.logout_post import HttpLogoutPost
from idp.adapters.http.outbound import OutboundHttp
from tests.adapters.http.far_machine import FarMachine, far_machine, say

LOOPBACK = ("127.0.0.0/8", "::1/128")
TOKEN = "header.claims+/=&.signature"


@pytest.fixture
def party() -> Iterator[FarMachine]:
    with far_machine() as machine:
        yield machine


def post(party: FarMachine, *networks: str, seconds: float = 5) -> int | str:
    http = OutboundHttp(networks or LOOPBACK, total_seconds=seconds)
    return HttpLogoutPost(http).post(f"http://localhost:{party.port}/bye?x=1", TOKEN)


def test_token_arrives_as_the_one_member_of_a_form(party: FarMachine) -> None:
    assert post(party) == 200
    ((method, path, _host, body),) = party.seen
    assert (method, path) == ("POST", "/bye?x=1")
    assert parse_qs(body.decode(), strict_parsing=True) == {"logout_token": [TOKEN]}


@pytest.mark.parametrize("status", [200, 204, 400, 404, 500])
def test_status_is_what_is_kept(party: FarMachine, status: int) -> None:
    party.reply = say(b"", status)
    assert post(party) == status


def test_redirect_is_a_status_and_is_not_followed(party: FarMachine) -> None:
    party.reply = say(b"", 307, Location=f"http://localhost:{party.port}/inside")
    assert post(party) == 307
    assert len(party.seen) == 1


def test_answer_of_five_megabytes_is_cut(party: FarMachine) -> None:
    party.reply = say(b"x" * 5_000_000)
    assert post(party) == "too large"


def test_silence_ends_in_time(party: FarMachine) -> None:
    party.reply = lambda _handler: party.stopping.wait(20) and None
    word = post(party, *LOOPBACK, seconds=0.3)
    assert isinstance(word, str)
    assert word


def test_one_byte_at_a_time_ends_in_time(party: FarMachine) -> None:
    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(200):
            if party.stopping.wait(0.1):
                return
            handler.wfile.write(b".")
            handler.wfile.flush()

    party.reply = drip
    assert isinstance(post(party, *LOOPBACK, seconds=0.3), str)


def test_connection_closed_without_an_answer_is_a_word(party: FarMachine) -> None:
    party.reply = lambda handler: handler.connection.shutdown(socket.SHUT_RDWR)
    word = post(party)
    assert isinstance(word, str)
    assert "localhost" not in word


def test_nobody_there_is_a_word() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    word = HttpLogoutPost(OutboundHttp(LOOPBACK)).post(f"http://localhost:{port}/", TOKEN)
    assert isinstance(word, str)


@pytest.mark.parametrize("network", ["10.0.0.0/8", "::1/128"])
def test_address_inside_is_never_called(party: FarMachine, network: str) -> None:
    """A logout URI whose name leads to a machine of ours (facts/security T41)."""
    threads = threading.active_count()
    http = OutboundHttp([network], resolve=lambda _host, _port: ["127.0.0.1"])
    assert HttpLogoutPost(http).post(f"https://rp.example:{party.port}/", TOKEN) == "Forbidden"
    assert party.seen == []
    assert threading.active_count() <= threads + 1
