"""Redis by a bare socket, for the floor: what the least client costs. Not here: errors, reconnecting."""

import socket


class Redis:
    """One blocking connection, and as much of its protocol as is asked for here."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def ask(self, *commands: tuple[str, ...]) -> list[bytes | None]:
        """Returns the answers to these commands, sent together."""
        self._socket.sendall(b"".join(_packed(command) for command in commands))
        return [self._read() for _ in commands]

    def _read(self) -> bytes | None:
        line = self._file.readline()[:-2]
        if line[:1] != b"$":
            return line[1:]
        length = int(line[1:])
        return None if length < 0 else self._file.read(length + 2)[:-2]


def _packed(command: tuple[str, ...]) -> bytes:
    words = [word.encode() for word in command]
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
