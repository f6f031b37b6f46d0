"""What is done to the servers of a cluster, and undone: processes by signals and limits, stores by what they are told.

Each of them sees to it that it happened, and lasts as long as its block. The cluster's own supervisor starts again what
ended. Not here: what an operator does (`operating`), who suffers from it (`people`).
"""

import contextlib
import os
import random
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from redis.exceptions import RedisError

from sandbox.cluster.binaries import owner_of_postgresql
from tests.demonstration import is_alive
from tests.ledger.region import Region
from tests.limits import eventually

#: The programs that may die at any moment, and how many of a hundred times each does: more often those that are started
#: again with little work (a provider takes two seconds of a processor, the worker one, the others a fifth or nothing).
#: A proxy is not one of them: it is the caller's.
MORTAL: Mapping[str, int] = {
    "idp-1": 4,
    "idp-2": 4,
    "worker": 6,
    "card-host": 20,
    "postgresql": 26,
    "redis": 40,
}
_MARK = "ledger:written-after-the-snapshot"


@dataclass
class Damage:
    region: Region
    rng: random.Random
    #: How often each was done.
    done: dict[str, int] = field(default_factory=dict)

    def note(self, what: str) -> None:
        self.done[what] = self.done.get(what, 0) + 1

    def kill(self, name: str) -> None:
        """kill -9, with what it forked."""
        self.note(f"kill -9: {name}")
        pids = self._family(name)
        for pid in pids:
            _signal(pid, signal.SIGKILL)
        _see(lambda: not any(map(is_alive, pids)), f"{name} is still alive")

    @contextmanager
    def killed(self, name: str) -> Iterator[None]:
        self.kill(name)
        yield

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """SIGSTOP: it keeps its connections and answers nothing."""
        self.note(f"frozen: {name}")
        pids = self._family(name)
        for pid in pids:
            _signal(pid, signal.SIGSTOP)
        try:
            _see(lambda: all(_state(pid) == "T" for pid in pids), f"{name} still runs")
            yield
        finally:
            for pid in pids:
                _signal(pid, signal.SIGCONT)

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """PostgreSQL can write no octet: `RLIMIT_FSIZE`, whose EFBIG it takes as it takes ENOSPC. It ends, as without
        room for its log, and each start of it fails too."""
        self.note("full disk: postgresql")
        over = threading.Event()
        keeper = threading.Thread(target=self._keep_full, args=(over,))
        keeper.start()
        try:
            yield
        finally:
            over.set()
            keeper.join()
            with contextlib.suppress(ProcessLookupError):
                self._limit_files("unlimited")

    def _keep_full(self, over: threading.Event) -> None:
        limited = 0
        while not over.is_set():
            if (pid := self.region.pid("postgresql")) != limited:
                self._limit_files("0:unlimited")
                limited = pid
            over.wait(0.02)

    def _limit_files(self, limit: str) -> None:
        owner = owner_of_postgresql()
        for pid in self._family("postgresql"):
            # prlimit(2): the same user may, whatever it is allowed otherwise.
            ended = subprocess.run(
                ["prlimit", f"--pid={pid}", f"--fsize={limit}"],
                check=False,
                capture_output=True,
                text=True,
                user=owner,
                group=owner,
                extra_groups=[] if owner else None,
            )
            assert not ended.returncode or not is_alive(pid), ended.stderr

    @contextmanager
    def restarted_postgresql(self) -> Iterator[None]:
        """Fast shutdown: every connection is closed by the server."""
        self.note("restarted: postgresql")
        pid = self.region.pid("postgresql")
        _signal(pid, signal.SIGINT)
        _see(lambda: not is_alive(pid), "PostgreSQL does not end")
        yield

    @contextmanager
    def full_redis(self) -> Iterator[None]:
        self.note("full: redis")
        for node in self.region.redis_nodes():
            node.config_set("maxmemory", "1")
        try:
            yield
        finally:
            for node in self.region.redis_nodes():
                with contextlib.suppress(RedisError):
                    node.config_set("maxmemory", "0")

    @contextmanager
    def emptied_redis(self) -> Iterator[None]:
        self.note("flushed: redis")
        master = self.region.redis_master()
        assert master.dbsize(), "nothing to lose"
        master.flushall()
        yield

    @contextmanager
    def older_redis(self) -> Iterator[None]:
        """What was there before the block comes back in place of what is there after it."""
        self.note("older snapshot: redis")
        master = self.region.redis_master()
        kept = {key: (master.dump(key), max(master.pttl(key), 0)) for key in master.scan_iter(count=1000)}
        master.set(_MARK, 1)
        yield
        master = self.region.redis_master()
        pipeline = master.pipeline()
        pipeline.flushall()
        for key, (dump, life) in kept.items():
            if dump is not None:
                pipeline.restore(key, life, dump)
        pipeline.execute()
        assert master.get(_MARK) is None, "it knows of what came later"

    @contextmanager
    def failed_over(self) -> Iterator[None]:
        self.note("failed over: redis")
        was = self.region.master_name()
        _see(lambda: self._fails_over(was), f"{was} is still the master")
        yield

    def _fails_over(self, was: str) -> bool:
        """Asks again until it is so: a replica that has just been started is not taken."""
        if self.region.master_name() != was:
            return True
        with contextlib.suppress(RedisError):
            self.region.sentinel().execute_command("SENTINEL", "FAILOVER", "caducee")
        return eventually(lambda: self.region.master_name() != was, 0.5)

    def _family(self, name: str) -> list[int]:
        if name == "redis":
            name = self.region.master_name()
        return family(self.region.pid(name))


def _see(is_so: Callable[[], bool], otherwise: str) -> None:
    assert eventually(is_so, 15), otherwise


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def _state(pid: int) -> str:
    """Returns the letter of proc(5); that of a process that ended is `T` too: it runs no more."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "T"


def family(pid: int) -> list[int]:
    """Returns a process and all that descend from it, the first one first."""
    children: dict[int, list[int]] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # proc(5): the name in brackets may hold anything; the parent is the second field behind it.
            parent = int(place.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(place.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found
