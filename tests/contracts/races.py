"""Fifty callers at one instant: two processes of 25 threads, each process with connections of its own."""

import multiprocessing
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Any

from idp.adapters.redis_store import RedisStore, connect_redis
from idp.adapters.sql.database import open_database
from idp.adapters.sql.store import SqlStore
from idp.core.clock import SystemClock
from idp.core.ephemeral import EphemeralStore

PROCESSES = 2
THREADS = 25
CALLERS = PROCESSES * THREADS

#: What each caller does, given what `open_port(url)` opened in its process; its result is counted.
Act = Callable[[Any], Any]


def race(
    act: Act, open_port: Callable[[str], Any], url: str, *, processes: int = PROCESSES, threads: int = THREADS
) -> Counter[Any]:
    """How many callers got each result; an exception counts as its type's name."""
    spawn = multiprocessing.get_context("spawn")
    results: Queue[list[Any]] = spawn.Queue()
    start = spawn.Barrier(processes * threads)
    runners = [
        spawn.Process(target=_run, args=(act, open_port, url, threads, start, results), daemon=True)
        for _ in range(processes)
    ]
    for runner in runners:
        runner.start()
    collected = [result for _ in runners for result in results.get(timeout=60)]
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
        start.wait(timeout=45)
        try:
            return act(port)
        except Exception as error:
            return type(error).__name__

    with ThreadPoolExecutor(threads) as callers:
        results.put(list(callers.map(attempt, range(threads))))


def open_store(url: str) -> EphemeralStore:
    """The ephemeral store at a URL, as a worker process opens it."""
    if url.startswith("redis"):
        return RedisStore(connect_redis(url))
    return SqlStore(open_database(url), SystemClock())
