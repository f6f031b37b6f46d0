"""How much of this process a slow Pro Santé Connect may hold: so many sign-ins at once, each so long in all.

An answer that comes just in time opens no circuit, and a sign-in waits for three: without these two bounds they would
take every thread, and with them the pages of the other doors (facts/psc §8.3).
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from idp.adapters.http.bounded import ExchangeDeadline
from idp.interaction.upstream import UpstreamUnavailable

#: For a place: a crowd that a quick Pro Santé Connect serves at once is no outage.
_FOR_A_PLACE = timedelta(milliseconds=500)


class ConcurrencyLimit:
    """Safe for threads."""

    def __init__(self, at_once: int, in_all: timedelta, for_a_place: timedelta = _FOR_A_PLACE) -> None:
        self._places = threading.BoundedSemaphore(at_once)
        self._seconds, self._queue_seconds = in_all.total_seconds(), for_a_place.total_seconds()

    @contextmanager
    def sign_in(self) -> Iterator[Callable[[], None]]:
        """Gives what to call before each next question. Both raise UpstreamUnavailable."""
        if not self._places.acquire(timeout=self._queue_seconds):
            raise UpstreamUnavailable("too many wait already")
        deadline = ExchangeDeadline(self._seconds)

        def go_on() -> None:
            try:
                deadline.remaining()
            except TimeoutError as error:
                raise UpstreamUnavailable("too slow in all") from error

        try:
            yield go_on
        finally:
            self._places.release()
