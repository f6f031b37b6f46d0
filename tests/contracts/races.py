"""Fifty callers at one instant: two processes of 25 threads, each process with connections of its own.

The processes are forked from a server that has imported everything and opened nothing: imports would cost more than
the races.
"""

import multiprocessing
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

from idp.adapters.redis_urls import redis_store
from idp.adapters.sql.database import open_database
from idp.adapters.sql.store import SqlStore
from idp.core.clock import SystemClock
from idp.core.ephemeral import EphemeralStore
from tests.limits import within

PROCESSES = 2
THREADS = 25
CALLERS = PROCESSES * THREADS

#: This module, and the suites whose acts are named to the processes.
_IMPORTED = [__name__, *(f"{__package__}.{path.stem}" for path in Path(__file__).parent.glob("test_*.py"))]

#: What each caller does, given what `open_port(url)` opened in its process; its result is counted.
Act = Callable[[Any], Any]


def race(
    act: Act, open_port: Callable[[str], Any], url: str, *, processes: int = PROCESSES, threads: int = THREADS
) -> Counter[Any]:
    """How many callers got each result; an exception counts as its type's name."""
    apart = multiprocessing.get_context("forkserver")
    apart.set_forkserver_preload(_IMPORTED)  # heard at the first race only
    results: Queue[list[Any]] = apart.Queue()
    start = apart.Barrier(processes * threads)
    runners = [
        apart.Process(target=_run, args=(act, open_port, url, threads, start, results), daemon=True)
        for _ in range(processes)
    ]
    for runner in runners:
        runner.start()
    collected = [result for _ in runners for result in results.get(timeout=within(60))]
    for runner in runners:
        runner.join()
        runner.close()
    results.close()
    results.join_thread()
    assert len(collected) == processes * threads
    return Counter(collected)


def _run(
    act: Act,
    open_port: Callable[[str], Any],
    url: str,
    threads: int,
    start: Barrier,
    results: "Queue[list[Any]]",
) -> None:
    port = open_port(url)

    def attempt(_: int) -> Any:
        start.wait(timeout=within(45))
        try:
            return act(port)
        except Exception as error:
            return type(error).__name__

    with ThreadPoolExecutor(threads) as callers:
        results.put(list(callers.map(attempt, range(threads))))


def open_store(url: str) -> EphemeralStore:
    """The ephemeral store at a URL, as a worker process opens it."""
    if url.startswith("redis"):
        return redis_store(url)
    return SqlStore(open_database(url), SystemClock())
