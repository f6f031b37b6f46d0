"""How a server leaves its port without losing a connection (docs/adr/0051).

The kernel makes connections before a server accepts them, and resets those that wait when the listening socket closes:
their client may have sent its request by then, and cannot know that nobody read it. So nobody new is let in first, and
the socket closes once the last were accepted. Contains that one step. Not here: when a server ends (`granian`,
`card_host`).
"""

import ctypes
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import closing, suppress

#: For handshakes under way, and for accepting and beginning to read whoever is connected. A client whose first packet
#: is not answered sends it again after a second (RFC 6298 §2), and is refused then: a proxy asks another node.
LEAVING_SECONDS = 0.3

_SO_ATTACH_FILTER = 26  # asm-generic/socket.h
_SYN, _SYN_OR_ACK = 0x02, 0x12
# linux/bpf_common.h, on a segment from its TCP header on (RFC 9293 §3.1: octet 13 has the flags).
_FIRST_PACKETS_DROPPED = (
    (0x30, 0, 0, 13),  # A = octet 13
    (0x54, 0, 0, _SYN_OR_ACK),  # A &= …
    (0x15, 0, 1, _SYN),  # a SYN without ACK begins a connection
    (0x06, 0, 0, 0),  # drop it
    (0x06, 0, 0, 0xFFFFFFFF),  # keep everything else
)


def let_nobody_in(listening: socket.socket) -> None:
    """Take no connection any more that has not begun; what has begun is completed and can be accepted.

    Does nothing where the kernel has no such filter, or the socket is not one of TCP.
    """
    if listening.family == socket.AF_UNIX:
        return
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in _FIRST_PACKETS_DROPPED)
    kept = ctypes.create_string_buffer(code)
    program = struct.pack("HL", len(_FIRST_PACKETS_DROPPED), ctypes.addressof(kept))
    with suppress(OSError):
        listening.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


def leave_port(port: int) -> None:
    """The same for every socket of this process that listens on the port, whoever opened it."""
    for listening in _listening_on(port):
        with closing(listening):
            let_nobody_in(listening)


def _listening_on(port: int) -> Iterator[socket.socket]:
    """Yields copies, to be closed."""
    for name in os.listdir("/proc/self/fd"):
        try:
            found = socket.socket(fileno=os.dup(int(name)))
        except OSError:  # no socket, or closed meanwhile
            continue
        if _listens_on(found, port):
            yield found
        else:
            found.close()


def _listens_on(found: socket.socket, port: int) -> bool:
    is_internet = found.family in (socket.AF_INET, socket.AF_INET6)
    return (
        is_internet
        and found.type == socket.SOCK_STREAM
        and bool(found.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
        and found.getsockname()[1] == port
    )
