"""What goes over the wire to the stores: a relay in front of PostgreSQL and one in front of Redis that count.

Contains their protocols as far as counting needs: so no library that the application uses, nor its way of using it, can
hide a query. Not here: what is allowed (`figures`).
"""

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

_CHUNK = 65536
_TRANSACTION = re.compile(
    rb"\s*(BEGIN|START|COMMIT|END|ROLLBACK|SAVEPOINT|RELEASE|DEALLOCATE)\b", re.IGNORECASE
)
_ENDS = re.compile(rb"\s*(COMMIT|END|ROLLBACK(?!\s+TO))\b", re.IGNORECASE)
_BEGINS = re.compile(rb"\s*(BEGIN|START)\b", re.IGNORECASE)
# `SELECT … FOR UPDATE` writes nothing that must reach the disk before the answer.
_WRITES = re.compile(
    rb"\b(INSERT\s+INTO|(?<!FOR )(?<!FOR NO KEY )UPDATE|DELETE\s+FROM|MERGE)\b", re.IGNORECASE
)
#: postgresql.org/docs/current/protocol-message-formats.html: SSLRequest, GSSENCRequest.
_ENCRYPTION_ASKED = frozenset({80877103, 80877104})


@dataclass(slots=True)
class Tally:
    """What was counted since it was last taken."""

    statements: int = 0
    sql_trips: int = 0
    commits: int = 0
    commands: int = 0
    redis_trips: int = 0
    #: What was asked, to see which statement is one too many.
    texts: list[str] = field(default_factory=list)

    def clear(self) -> None:
        self.statements = self.sql_trips = self.commits = self.commands = self.redis_trips = 0
        self.texts.clear()

    def counts(self) -> dict[str, int]:
        return {
            "statements": self.statements,
            "sql_trips": self.sql_trips,
            "commits": self.commits,
            "commands": self.commands,
            "redis_trips": self.redis_trips,
        }


class PostgresqlReader:
    """Reads what a client sends. A trip is a burst after which the client waits."""

    def __init__(self, tally: Tally) -> None:
        self._tally, self._left = tally, b""
        self._is_started = self._is_inside = self._has_written = False
        self._statements: dict[bytes, bytes] = {}
        self._portals: dict[bytes, bytes] = {}

    def read(self, octets: bytes, *, is_new_burst: bool) -> None:
        self._left += octets
        if self._is_started and is_new_burst:
            self._tally.sql_trips += 1
        while (message := self._next()) is not None:
            kind, body = message
            reader = _MESSAGES.get(kind)
            if reader is not None:
                reader(self, body)

    def _next(self) -> tuple[bytes, bytes] | None:
        head = 1 if self._is_started else 0
        if len(self._left) < head + 4:
            return None
        (length,) = struct.unpack_from("!I", self._left, head)
        if len(self._left) < head + length:
            return None
        kind, body = self._left[:head], self._left[head + 4 : head + length]
        self._left = self._left[head + length :]
        if not self._is_started:
            self._is_started = struct.unpack_from("!I", body)[0] not in _ENCRYPTION_ASKED
        return kind, body

    def parse(self, body: bytes) -> None:
        name, text, _rest = body.split(b"\0", 2)
        self._statements[name] = text

    def bind(self, body: bytes) -> None:
        portal, name, _rest = body.split(b"\0", 2)
        self._portals[portal] = self._statements.get(name, b"")

    def execute(self, body: bytes) -> None:
        self._ran(self._portals.get(body.partition(b"\0")[0], b""))

    def query(self, body: bytes) -> None:
        for text in body.rstrip(b"\0").split(b";"):
            if text.strip():
                self._ran(text)
        self.sync(b"")

    def sync(self, _body: bytes) -> None:
        """Ends what is outside a transaction block: it is durable now."""
        if not self._is_inside and self._has_written:
            self._tally.commits += 1
            self._has_written = False

    def _ran(self, text: bytes) -> None:
        self._has_written = self._has_written or _WRITES.search(text) is not None
        if _BEGINS.match(text):
            self._is_inside = True
        elif _ENDS.match(text):
            self._is_inside = False
            self._has_written = self._has_written and not text.lstrip().upper().startswith(b"ROLLBACK")
        if not _TRANSACTION.match(text):
            self._tally.statements += 1
            self._tally.texts.append(" ".join(text.decode("utf-8", "replace").split())[:160])


_MESSAGES = {
    b"P": PostgresqlReader.parse,
    b"B": PostgresqlReader.bind,
    b"E": PostgresqlReader.execute,
    b"Q": PostgresqlReader.query,
    b"S": PostgresqlReader.sync,
}


class RedisReader:
    """Reads what a client sends: arrays of bulk strings (redis.io/docs/latest/develop/reference/protocol-spec)."""

    def __init__(self, tally: Tally) -> None:
        self._tally, self._left = tally, b""

    def read(self, octets: bytes, *, is_new_burst: bool) -> None:
        self._left += octets
        self._tally.redis_trips += is_new_burst
        while (words := self._next()) is not None:
            self._tally.commands += words[0].upper() not in (b"MULTI", b"EXEC")
            self._tally.texts.append(b" ".join(words[:1]).decode())

    def _next(self) -> list[bytes] | None:
        line, ended, rest = self._left.partition(b"\r\n")
        if not ended:
            return None
        words = []
        for _ in range(int(line[1:])):
            line, ended, rest = rest.partition(b"\r\n")
            length = int(line[1:]) if ended else 0
            if not ended or len(rest) < length + 2:
                return None
            words.append(rest[:length])
            rest = rest[length + 2 :]
        self._left = rest
        return words


Reader = type[PostgresqlReader] | type[RedisReader]


class Relay:
    """Listens on `port`; what comes is counted, then passed on: an answer that a client has was counted before."""

    def __init__(self, server: tuple[str, int], reader: Reader, tally: Tally) -> None:
        self._server, self._reader, self._tally = server, reader, tally
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._sockets: list[socket.socket] = [self._listener]
        self._start(self._accept)

    def close(self) -> None:
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _start(self, work: object, *given: object) -> None:
        threading.Thread(target=work, args=given, daemon=True).start()  # type: ignore[arg-type]

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(self._server)
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._sockets.append(one)
            has_answered = threading.Event()
            has_answered.set()
            self._start(self._forth, client, server, has_answered)
            self._start(self._back, client, server, has_answered)

    def _forth(self, client: socket.socket, server: socket.socket, has_answered: threading.Event) -> None:
        reader = self._reader(self._tally)
        for octets in _received(client):
            is_new_burst = has_answered.is_set()
            has_answered.clear()
            reader.read(octets, is_new_burst=is_new_burst)
            with contextlib.suppress(OSError):
                server.sendall(octets)
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_WR)

    def _back(self, client: socket.socket, server: socket.socket, has_answered: threading.Event) -> None:
        for octets in _received(server):
            has_answered.set()
            with contextlib.suppress(OSError):
                client.sendall(octets)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_WR)


def _received(from_peer: socket.socket) -> Iterator[bytes]:
    """Returns what comes until the peer closes, or `close` is called."""
    while True:
        try:
            octets = from_peer.recv(_CHUNK)
        except OSError:
            return
        if not octets:
            return
        yield octets
