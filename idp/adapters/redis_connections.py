"""Connections to one Redis 6.2 or later.

Contains several commands in one write, one exception for every outage. redis-py makes the connections (TLS, AUTH,
SELECT, Sentinel); between making and losing one, its pool, its client and its parser would cost four times what the
command itself does. Not here: what is asked (`redis_store`), which server a URL means (`redis_urls`), a Cluster of
several (`redis_cluster`).
"""

import os
import select
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from time import perf_counter
from typing import Any, Self

from hiredis import Reader, pack_command
from redis import Redis, RedisError
from redis.connection import DefaultParser
from redis.exceptions import (
    AskError,
    InvalidResponse,
    MovedError,
    NoPermissionError,
    ReadOnlyError,
    ResponseError,
)
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import TimeoutError as Late

from idp.adapters.outage_log import OUTAGES
from idp.core.ephemeral import StoreUnavailable
from idp.core.measures import RETRIES, STORE_SECONDS

_MOST_OCTETS = 16384
#: The server answers: another has the key, or our user may not ask that.
_NO_OUTAGE = (MovedError, AskError, NoPermissionError)
_EXCHANGE = STORE_SECONDS.of("redis", "exchange")

#: The key that it is about, and the command as it is sent.
Command = tuple[str, bytes]
_PACKED = itemgetter(1)


class Connections:
    """Of one process: as many as its threads use at once. It connects at the first use; a forked child anew."""

    def __init__(self, client: Redis) -> None:
        """`client`: what `redis_urls` made of a URL. Its pool owns all connections, also the idle ones here."""
        self._client = client
        self._pool = client.connection_pool
        self._idle: list[_Line] = []
        self._process = os.getpid()

    def ask(self, asked: Sequence[Command], *, again: bool = False) -> list[Any]:
        """Write the commands at once. Returns as many answers, in their order. Raises StoreUnavailable.

        `again`: they only read, so they are repeated once when a connection that was open before breaks. Nothing else
        is: what broke may have been done, and would be done twice (facts/security §4.3, §4.6).
        """
        commands, answers = b"".join(map(_PACKED, asked)), len(asked)
        begun = perf_counter()
        try:
            line = self._idle_line()
            if line is None:
                return self._exchange(_line(self._pool.get_connection()), commands, answers)
            try:
                return self._exchange(line, commands, answers)
            except ConnectionLost:
                if not again:
                    raise
            RETRIES.of("redis read").add()
            return self._exchange(_line(self._pool.get_connection()), commands, answers)
        except RedisError as error:
            # Among them a full memory, a replica that refuses writes, a server still loading: the caller fails closed.
            if not isinstance(error, _NO_OUTAGE):
                OUTAGES.tell("redis", error)
            raise StoreUnavailable(f"Redis: {type(error).__name__}") from error
        finally:
            _EXCHANGE.took(perf_counter() - begun)

    def ask_each(self, one: Command) -> list[Any]:
        """Ask every server that has records, here the only one. Returns their answers. Raises StoreUnavailable."""
        return self.ask([one], again=True)

    def close(self) -> None:
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _exchange(self, line: "_Line", commands: bytes, answers: int) -> list[Any]:
        try:
            answered = line.exchange(commands, answers)
        except ReadOnlyError:
            # The address leads to what is no master any more.
            self._lose(line)
            raise
        except ResponseError:
            self._idle.append(line)
            raise
        except BaseException:
            # What was not read to its end would be the answer to the next question.
            self._lose(line)
            raise
        self._idle.append(line)
        return answered

    def _idle_line(self) -> "_Line | None":
        if self._process != os.getpid():
            # A socket shared with the parent corrupts both conversations. The list first: a thread beside this one
            # that sees the new number takes no old connection.
            self._idle = []
            self._process = os.getpid()
        try:
            line = self._idle.pop()
        except IndexError:
            return None
        # Whether the server has neither closed it nor said anything unasked; nothing is sent. Found before anything
        # was, so a write goes on a new connection too.
        if not line.watch.poll(0):
            return line
        self._lose(line)
        return None

    def _lose(self, line: "_Line") -> None:
        """Give it back to be connected anew, and the idle ones too: they lead to the same server."""
        while True:
            line.connection.disconnect()
            self._pool.release(line.connection)
            try:
                line = self._idle.pop()
            except IndexError:
                return


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Line:
    """A connection of redis-py after its greeting, spoken to without what redis-py does around each answer."""

    connection: Any
    socket: Any
    reader: Reader
    watch: select.poll

    def exchange(self, commands: bytes, answers: int) -> list[Any]:
        """Returns all answers. Raises the first refusal, when the others were read; ConnectionLost, Late."""
        try:
            self.socket.sendall(commands)
            answered = [self._answer() for _ in range(answers)]
        except TimeoutError as error:
            raise Late from error
        except OSError as error:
            raise ConnectionLost from error
        for answer in answered:
            if isinstance(answer, RedisError):
                raise answer
        return answered

    def _answer(self) -> Any:
        while (answer := self.reader.gets()) is False:
            octets = self.socket.recv(_MOST_OCTETS)
            if not octets:
                raise ConnectionLost
            self.reader.feed(octets)
        return answer


class Parser(DefaultParser):  # type: ignore[misc, valid-type]
    """Lets out the socket of its connection, which redis-py keeps to itself."""

    def on_connect(self, connection: Any, **options: Any) -> None:
        super().on_connect(connection, **options)
        connection.opened = self._sock


def _line(connection: Any) -> _Line:
    watch = select.poll()
    watch.register(connection.opened, select.POLLIN)
    reader = Reader(protocolError=InvalidResponse, replyError=DefaultParser.parse_error, encoding="utf-8")
    return _Line(connection=connection, socket=connection.opened, reader=reader, watch=watch)


def command(key: str, *parts: str | int) -> Command:
    """`key`: what it is about, which chooses the node of a Cluster."""
    return key, pack_command(parts)  # type: ignore[arg-type]
