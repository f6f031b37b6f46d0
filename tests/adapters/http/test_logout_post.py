"""Calling a relying party's logout endpoint: whatever it does, what comes back is a status or one word, in time."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs

import pytest

from idp.accounts.logouts import LogoutAnswer
from idp.adapters.http.logout_post import HttpLogoutPost
from idp.adapters.http.outbound import OutboundHttp
from tests.adapters.http.far_machine import FarMachine, far_machine, say

LOOPBACK = ("127.0.0.0/8", "::1/128")
TOKEN = "header.claims+/=&.signature"


@pytest.fixture
def party() -> Iterator[FarMachine]:
    with far_machine() as machine:
        yield machine


def answered(party: FarMachine, *networks: str, seconds: float = 5) -> LogoutAnswer:
    http = OutboundHttp(networks or LOOPBACK, total_seconds=seconds)
    return HttpLogoutPost(http).post(f"http://localhost:{party.port}/bye?x=1", TOKEN)


def post(party: FarMachine, *networks: str, seconds: float = 5) -> int | str:
    return answered(party, *networks, seconds=seconds).outcome


def test_token_arrives_as_the_one_member_of_a_form(party: FarMachine) -> None:
    assert post(party) == 200
    ((method, path, _host, body),) = party.seen
    assert (method, path) == ("POST", "/bye?x=1")
    assert parse_qs(body.decode(), strict_parsing=True) == {"logout_token": [TOKEN]}


@pytest.mark.parametrize("status", [200, 204, 400, 404, 500])
def test_status_is_what_is_kept(party: FarMachine, status: int) -> None:
    party.reply = say(b"", status)
    assert post(party) == status


_JSON, _HTML = "application/json", "text/html; charset=iso-8859-1"
_SECRET = "k" * 43
_WORDS: dict[str, tuple[bytes, str, str]] = {
    "of the RFC": (
        b'{"error": "invalid_request", "error_description": "no session"}', _JSON, "invalid_request: no session",
    ),
    "an error alone": (b'{"error": "invalid_token", "at": 1}', _JSON, "invalid_token"),
    "JSON of another kind": (b'{"message": "session not found"}', _JSON, '{"message": "session not found"}'),
    "a list": (b'["x"]', _JSON, '["x"]'),
    "JSON that is none": (b"{", _JSON, "{"),
    "a text": (b"Session state not found\r\n", "text/plain", "Session state not found"),
    "a page": (
        b"<html><head><title>x</title></head><style>p {}</style><!-- a > b --><p>Bad <b>token</b></p>", _HTML,
        "Bad token",
    ),
    "another charset": ("déjà".encode("latin-1"), _HTML, "d�j�"),
    "nothing": (b"", "text/plain", ""),
    "signs that are not seen": ("a\x00b\x1b[31m\u202ec\u2028d".encode(), "text/plain", "a b [31m c d"),
    "secrets": (f"jwt eyJ.{_SECRET}.{_SECRET} sid {_SECRET}!".encode(), "text/plain", "jwt … sid …!"),
    "a person": (b"unknown: a.martin@chu.example, RPPS 10000000017", "text/plain", "unknown: … RPPS …"),
    "too much": (b"word " * 5000, "text/plain", ("word " * 40)[:200]),
    "half a secret at the end": (b"word " * 38 + b"k" * 300, "text/plain", "word " * 38 + "…"),
}  # fmt: skip


@pytest.mark.parametrize("kind", _WORDS)
def test_a_few_words_are_kept_clean(party: FarMachine, kind: str) -> None:
    body, media_type, words = _WORDS[kind]
    party.reply = say(body, 400, **{"Content-Type": media_type})
    answer = answered(party)
    assert (answer.outcome, answer.words) == (400, words)
    assert len(answer.words) <= 200


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
    assert isinstance(word.outcome, str)


@pytest.mark.parametrize("network", ["10.0.0.0/8", "::1/128"])
def test_address_inside_is_never_called(party: FarMachine, network: str) -> None:
    """A logout URI whose name leads to a machine of ours (facts/security T41)."""
    threads = threading.active_count()
    http = OutboundHttp([network], resolve=lambda _host, _port: ["127.0.0.1"])
    answer = HttpLogoutPost(http).post(f"https://rp.example:{party.port}/", TOKEN)
    assert answer == LogoutAnswer("Forbidden")
    assert party.seen == []
    assert threading.active_count() <= threads + 1
