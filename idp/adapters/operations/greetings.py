"""Contains the TLS handshakes of a listener: how many are under way, and how long each may take.

Whoever begins one has proved nothing, so it holds no place of those who ask: when too many are under way the oldest
goes, and a newcomer is never sent away for them. Not here: what is asked afterwards (`listener`).
"""

import select
import socket
import ssl
import threading
import time
from contextlib import suppress

import structlog

log = structlog.get_logger()

#: Of a handshake as a whole, however many octets it comes in.
_SECONDS = 5.0
_UNDER_WAY = 64


class Greetings:
    def __init__(self, tls: ssl.SSLContext) -> None:
        self._tls, self._lock = tls, threading.Lock()
        self._under_way: dict[ssl.SSLSocket, float] = {}

    def begin(self, request: socket.socket) -> ssl.SSLSocket | None:
        """Returns the connection, which waits for nothing yet; None: it is over already."""
        try:
            begun = self._tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
            begun.setblocking(False)
        except (OSError, ValueError) as error:
            _tell(error)
            request.close()
            return None
        with self._lock:
            oldest = next(iter(self._under_way)) if len(self._under_way) >= _UNDER_WAY else None
            if oldest is not None:
                del self._under_way[oldest]
            self._under_way[begun] = time.monotonic() + _SECONDS
        if oldest is not None:
            _cut(oldest)
        return begun

    def finish(self, begun: ssl.SSLSocket) -> bool:
        """Returns whether it came to TLS; what did not is closed."""
        try:
            _shake_hands(begun, self._under_way.get(begun, 0.0))
        except (OSError, ValueError) as error:
            _tell(error)
            begun.close()
            return False
        finally:
            self.forget(begun)
        return True

    def forget(self, begun: ssl.SSLSocket) -> None:
        with self._lock:
            self._under_way.pop(begun, None)


def _shake_hands(begun: ssl.SSLSocket, ends: float) -> None:
    """`ends`: by the monotonic clock. Raises OSError."""
    while True:
        try:
            begun.do_handshake()
        except ssl.SSLWantReadError:
            _wait(begun, select.POLLIN, ends)
        except ssl.SSLWantWriteError:
            _wait(begun, select.POLLOUT, ends)
        else:
            return


def _wait(begun: ssl.SSLSocket, event: int, ends: float) -> None:
    """Raises TimeoutError."""
    waiting = select.poll()
    waiting.register(begun, event)
    if not waiting.poll(max(0.0, ends - time.monotonic()) * 1000):
        raise TimeoutError


def _cut(oldest: ssl.SSLSocket) -> None:
    """Its thread hears of it, and closes it. Not `SSLSocket.shutdown`, which would take TLS away from under it."""
    with suppress(OSError):
        socket.socket.shutdown(oldest, socket.SHUT_RDWR)


def _tell(error: Exception) -> None:
    log.info("operations_page_refused", reason=getattr(error, "reason", None) or type(error).__name__)
