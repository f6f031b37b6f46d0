"""How long the tests wait: each limit is what an idle machine needs amply, stretched by one variable.

TESTS_SLOWNESS is the factor, 4 unless said otherwise: no test fails for being late by less. Where a test
checks that something is *not* waited for, its limit is stretched likewise, and what must not be waited for lasts
longer than that (`beyond`). Contains arithmetic only. Not here: pauses that let real time pass (a code that expires).
"""

import os
import time
from collections.abc import Callable

SLOWNESS = float(os.environ.get("TESTS_SLOWNESS", "4"))


def within(seconds: float) -> float:
    """The limit for what takes at most so long on an idle machine."""
    return seconds * SLOWNESS


def beyond(seconds: float) -> float:
    """How long a peer keeps silent so that waiting for it breaks the limit `within(seconds)`."""
    return within(seconds) * 2


def eventually(is_so: Callable[[], bool], seconds: float, *, every: float = 0.05) -> bool:
    """Whether it becomes so before `within(seconds)` are over; asked once more at the end."""
    deadline = time.monotonic() + within(seconds)
    while not is_so():
        if time.monotonic() > deadline:
            return is_so()
        time.sleep(every)
    return True
