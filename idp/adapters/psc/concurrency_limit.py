"""How much of this process a slow Pro Santé Connect may hold.

Contains two bounds: sign-ins at once, and the time of each in all. A sign-in waits for three answers, and an answer
just in time opens no circuit: without these bounds slow answers could hold every thread, and with them card and
password sign-ins (facts/psc §8.3). And a person waits at each, with nothing on the screen. Not here: failures
(`circuit`).
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from idp.adapters.http.deadline import ExchangeDeadline, all_until
from idp.core.measures import PSC_CROWDED, PSC_HELD, PSC_PLACES
from idp.interaction.upstream import UpstreamUnavailable

#: How long a sign-in waits for a place: a crowd that a quick Pro Santé Connect can serve is no outage.
_FOR_A_PLACE = timedelta(milliseconds=500)


@contextmanager
def in_all(time: timedelta) -> Iterator[Callable[[], object]]:
    """What is asked within it lasts no longer together: the last question is cut off half-way. Returns a function to
    call before each further one. Both raise UpstreamUnavailable by the end of the block."""
    deadline = ExchangeDeadline(time.total_seconds())
    try:
        with all_until(deadline):
            yield deadline.remaining
    except TimeoutError as error:
        raise UpstreamUnavailable("too slow in all") from error


class ConcurrencyLimit:
    """Thread-safe."""

    def __init__(
        self, at_once: int, time: timedelta, for_a_place: timedelta = _FOR_A_PLACE, *, of: str = "sign_ins"
    ) -> None:
        """`time`: of each, in all. `of`: for whom the places are, as metrics say it."""
        self._places = threading.BoundedSemaphore(at_once)
        PSC_PLACES.of(of).set(at_once)
        self._held, self._crowded = PSC_HELD.of(of), PSC_CROWDED.of(of)
        self._time, self._queue_seconds = time, for_a_place.total_seconds()

    @contextmanager
    def place(self) -> Iterator[Callable[[], object]]:
        """Take a place. Returns a function as `in_all` does. Raises UpstreamUnavailable."""
        if not self._places.acquire(timeout=self._queue_seconds):
            self._crowded.add()
            raise UpstreamUnavailable("too many wait already")
        self._held.add()
        try:
            with in_all(self._time) as go_on:
                yield go_on
        finally:
            self._held.add(-1)
            self._places.release()
