"""A relay in front of a real Redis: it counts what is asked of the server, and breaks where a test says.

A round trip is one write of the client and the answers to it. Its greetings (AUTH, SELECT, CLIENT …) are no part of a
budget and are not counted. Contains threads that copy bytes. Not here: a Redis; a fake of one.
"""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import hiredis

from tests.limits import beyond

_GREETINGS = {b"AUTH", b"CLIENT", b"HELLO", b"SELECT"}


@dataclass
class RedisTraffic:
    """`url`: the relay, for the program under test. `round_trips`: the names of the commands of each, in order."""

    url: str
    round_trips: list[list[str]] = field(default_factory=list)
    #: The next counted round trip is done by the server, and only so many of its answers come back before the
    #: connection breaks; `None`: all. As often as `breaks` says.
    answers_before_break: int | None = None
    breaks: int = 1
    #: Bytes that the next round trip is answered with; the server never sees it.
    instead: bytes | None = None

    @property
    def commands(self) -> list[str]:
        return [name for names in self.round_trips for name in names]

    def clear(self) -> None:
        self.round_trips.clear()

    def break_next(self, *, answers: int = 0, times: int = 1) -> None:
        self.answers_before_break, self.breaks = answers, times


@contextmanager
def counted_redis(url: str) -> Iterator[RedisTraffic]:
    """`url`: redis://host:port/number of the real server."""
    parts = urlsplit(url)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        traffic = RedisTraffic(f"redis://127.0.0.1:{listener.getsockname()[1]}{parts.path}")
        server = (parts.hostname or "127.0.0.1", parts.port or 6379)
        open_ones: list[socket.socket] = []
        accepting = threading.Thread(target=_accept, args=(listener, server, traffic, open_ones))
        accepting.start()
        try:
            yield traffic
        finally:
            # `shutdown` wakes the thread that accepts; `close` would not.
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for one in open_ones:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)


def _accept(
    listener: socket.socket,
    server: tuple[str, int],
    traffic: RedisTraffic,
    open_ones: list[socket.socket],
) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        open_ones.append(client)
        threading.Thread(target=_relay, args=(client, server, traffic), daemon=True).start()


def _relay(client: socket.socket, server: tuple[str, int], traffic: RedisTraffic) -> None:
    with client, contextlib.suppress(OSError), socket.create_connection(server, beyond(1)) as upstream:
        questions, answers = hiredis.Reader(), hiredis.Reader(notEnoughData=_Incomplete)
        while asked := client.recv(1 << 20):
            names = _names(questions, asked)
            is_greeting = all(name.encode() in _GREETINGS for name in names)
            if not is_greeting:
                traffic.round_trips.append(names)
                if traffic.instead is not None:
                    answer, traffic.instead = traffic.instead, None
                    client.sendall(answer)
                    continue
            upstream.sendall(asked)
            answered = _read(upstream, answers, len(names))
            if not is_greeting and traffic.answers_before_break is not None:
                client.sendall(b"".join(answered[: traffic.answers_before_break]))
                traffic.breaks -= 1
                if traffic.breaks == 0:
                    traffic.answers_before_break = None
                return
            client.sendall(b"".join(answered))


class _Incomplete:
    """What the reader says when an answer has not come whole."""


def _names(reader: Any, asked: bytes) -> list[str]:
    """The client sends whole commands, each write at once; on loopback it also arrives at once."""
    reader.feed(asked)
    names = []
    while (command := reader.gets()) is not False:
        names.append(command[0].decode())
    return names


def _read(server: socket.socket, reader: Any, number: int) -> list[bytes]:
    """Returns the bytes of each answer. Fed one byte at a time, so that their ends are known."""
    answers: list[bytes] = []
    begun = bytearray()
    while len(answers) < number:
        came = server.recv(1 << 20)
        if not came:
            raise OSError("the server closed")
        for byte in came:
            begun.append(byte)
            reader.feed(bytes((byte,)))
            if reader.gets() is not _Incomplete:
                answers.append(bytes(begun))
                begun.clear()
    return answers
