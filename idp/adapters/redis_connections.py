"""Connections to Redis 6.2 or later, alone or behind Sentinel.

Contains which server a URL means, several commands in one write, one exception for every outage. redis-py makes the
connections (TLS, AUTH, SELECT, Sentinel); between making and losing one, its pool, its client and its parser would cost
four times what the command itself does. Not here: what is asked (`adapters/redis_store`).
"""

import os
import select
from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Self, cast
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from hiredis import Reader
from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.connection import DefaultParser
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import InvalidResponse, ReadOnlyError, ResponseError
from redis.exceptions import TimeoutError as Late
from redis.retry import Retry
from redis.sentinel import Sentinel

from idp.adapters.outage_log import OUTAGES
from idp.core.ephemeral import StoreUnavailable
from idp.core.measures import RETRIES, STORE_SECONDS

_TIMEOUT_SECONDS = 0.5
_MOST_OCTETS = 16384
_EXCHANGE = STORE_SECONDS.of("redis", "exchange")


class Connections:
    """Of one process: as many as its threads use at once. It connects at the first use; a forked child anew."""

    def __init__(self, client: Redis) -> None:
        """`client`: what `connect_redis` made of a URL. Its pool owns all connections, also the idle ones here."""
        self._client = client
        self._pool = client.connection_pool
        self._idle: list[_Line] = []
        self._process = os.getpid()

    def ask(self, commands: bytes, answers: int = 1, *, again: bool = False) -> list[Any]:
        """Write the packed commands at once. Returns as many answers, in their order. Raises StoreUnavailable.

        `again`: they only read, so they are repeated once when a connection that was open before breaks. Nothing else
        is: what broke may have been done, and would be done twice (facts/security §4.3, §4.6).
        """
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
            OUTAGES.tell("redis", error)
            raise StoreUnavailable(f"Redis: {type(error).__name__}") from error
        finally:
            _EXCHANGE.took(perf_counter() - begun)

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


class _Parser(DefaultParser):  # type: ignore[misc, valid-type]
    """Lets out the socket of its connection, which redis-py keeps to itself."""

    def on_connect(self, connection: Any, **options: Any) -> None:
        super().on_connect(connection, **options)
        connection.opened = self._sock


def _line(connection: Any) -> _Line:
    watch = select.poll()
    watch.register(connection.opened, select.POLLIN)
    reader = Reader(protocolError=InvalidResponse, replyError=DefaultParser.parse_error, encoding="utf-8")
    return _Line(connection=connection, socket=connection.opened, reader=reader, watch=watch)


def connect_redis(url: str) -> Connections:
    """Returns connections for redis://, rediss://, unix:// or redis+sentinel://host:port,host:port/service.

    Raises ValueError for another scheme.
    """
    scheme = url.partition(":")[0]
    if scheme not in _CLIENTS:
        # The message must not quote the URL: it may hold a password.
        raise ValueError(f"Redis URL: expected one of {', '.join(sorted(_CLIENTS))}")
    return Connections(_CLIENTS[scheme](url))


def _options() -> dict[str, Any]:
    # No retry: a browser is waiting, and what may be repeated is decided in `Connections.ask`.
    return {
        "socket_timeout": _TIMEOUT_SECONDS,
        "socket_connect_timeout": _TIMEOUT_SECONDS,
        "decode_responses": True,
        "retry": Retry(NoBackoff(), 0),
        # Nothing here needs the third version, whose greeting costs each connection two round trips more.
        "protocol": 2,
    }


def _direct(url: str) -> Redis:
    return Redis.from_url(url, **_options(), parser_class=_Parser)


def _behind_sentinel(url: str) -> Redis:
    """User and password are for the data nodes, `?sentinel_password=` for the sentinels; `?db=`: the database."""
    parts = urlsplit(url)
    service, query = parts.path.strip("/"), parse_qs(parts.query)
    if not service:
        raise ValueError("Redis Sentinel URL: the path must name the service")
    guards = {"password": query["sentinel_password"][0]} if "sentinel_password" in query else {}
    sentinel = Sentinel(  # type: ignore[no-untyped-call]
        _sentinels(parts),
        sentinel_kwargs=_options() | guards,
        **_options(),
        parser_class=_Parser,
        db=int(query.get("db", ["0"])[0]),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
    )
    return cast(Redis, sentinel.master_for(service))  # type: ignore[no-untyped-call]


def _sentinels(parts: SplitResult) -> list[tuple[str, int]]:
    addresses = (urlsplit(f"//{place}") for place in parts.netloc.rpartition("@")[2].split(","))
    return [(address.hostname or "localhost", address.port or 26379) for address in addresses]


_CLIENTS: dict[str, Callable[[str], Redis]] = {
    "redis": _direct,
    "rediss": _direct,
    "unix": _direct,
    "redis+sentinel": _behind_sentinel,
}
