"""How long PostgreSQL is waited for on our side.

A server that is frozen, or cut off behind something that still acknowledges packets, never says that its own limit
(`statement_timeout`) ran out. Contains the wait for an answer, and what follows for everybody else when none came. Not
here: what is asked (`postgresql_driver`), the server's own limits (`backends`).
"""

import select
import threading
import time
from typing import Any

import psycopg
from psycopg import generators, waiting

#: Beyond the server's own limit, which says more; a request that meets a frozen server is refused within 5 s
#: (facts/security §4.6).
SECONDS = 3.5
_BEYOND_SERVER = 1


class Lateness:
    """Of one database in this process: whether the last one who waited for it gave up.

    From then on one at a time connects anew, to find out, and all others are refused at once: no thread waits for what
    another already waits for.
    """

    def __init__(self) -> None:
        #: How often it began: a connection made before the last time is of no use.
        self.times = 0
        self._is_late = False
        self._turn, self._counting = threading.Lock(), threading.Lock()

    def begins(self) -> None:
        with self._counting:
            self.times += 1
        self._is_late = True

    def connect(self, *given: Any, **named: Any) -> "PatientConnection":
        """Returns a new connection. Raises psycopg.OperationalError."""
        if not self._is_late:
            return self._connected(*given, **named)
        if not self._turn.acquire(blocking=False):
            raise psycopg.OperationalError(
                "it did not answer, and another request is finding out whether it does"
            )
        try:
            return self._connected(*given, **named)
        finally:
            self._turn.release()

    def _connected(self, *given: Any, **named: Any) -> "PatientConnection":
        times = self.times
        connection = PatientConnection.connect(*given, **named)
        connection.lateness, connection.times = self, times
        connection.unread = select.poll()
        connection.unread.register(connection.pgconn.socket, select.POLLIN)
        # The server greeted us: it answers.
        self._is_late = False
        return connection


class PatientConnection(psycopg.Connection[Any]):
    """Waits for an answer `patience` seconds, then is closed; None: without an end."""

    lateness: Lateness
    times: int
    #: Tells whether the server sent something that nobody read.
    unread: select.poll
    patience: float | None = SECONDS

    def be_patient(self, seconds: int | None) -> None:
        """Until it is given back. Beyond what the server was told, which says more."""
        self.patience = None if seconds is None else seconds + _BEYOND_SERVER

    def be_as_patient_as_usual(self) -> None:
        self.patience = SECONDS

    @property
    def is_doubtful(self) -> bool:
        """Whether an answer has been missing since it was made, here or on another connection."""
        return self.times != self.lateness.times

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """What psycopg's own cursors, its COMMIT and its ROLLBACK wait with."""
        most, began = timeout or self.patience, time.monotonic()
        try:
            return waiting.wait(gen, self.pgconn.socket, interval=interval, timeout=most)
        except psycopg.OperationalError as error:
            # psycopg has no public name for this one.
            if most is not None and time.monotonic() - began >= most:
                raise self.given_up() from error
            raise

    def answer(self) -> Any:
        """Returns the result of what was sent with libpq's own functions, as its `exec` would.

        Raises psycopg.OperationalError.
        """
        # psycopg's own loop, in C where it has one.
        return self.wait(generators.execute(self.pgconn))[-1]

    def given_up(self) -> psycopg.OperationalError:
        """Close it: what it may still say would be the answer to the next question."""
        self.pgconn.finish()
        self.lateness.begins()
        return psycopg.OperationalError("it did not answer in time")
