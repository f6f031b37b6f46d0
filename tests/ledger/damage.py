"""What is done to the servers of a cluster, and undone.

Contains signals to processes, what Redis and PostgreSQL can be told. The cluster's own supervisor starts again what
ended. Not here: who suffers from it (`people`).
"""

import contextlib
import os
import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from redis.exceptions import RedisError

from tests.ledger.region import Region

#: The programs that may die at any moment. A proxy is not one of them: it is the caller's.
MORTAL = ("idp-1", "idp-2", "worker", "card-host", "postgresql", "redis")


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
        for pid in self._family(name):
            _signal(pid, signal.SIGKILL)

    def kill_any(self) -> None:
        self.kill(self.rng.choice(MORTAL))

    @contextmanager
    def frozen(self, name: str) -> Iterator[None]:
        """SIGSTOP: it keeps its connections and answers nothing."""
        self.note(f"frozen: {name}")
        pids = self._family(name)
        for pid in pids:
            _signal(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                _signal(pid, signal.SIGCONT)

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """PostgreSQL can write no octet: `RLIMIT_FSIZE`, whose EFBIG it takes as it takes ENOSPC."""
        self.note("full disk: postgresql")
        for pid in self._family("postgresql"):
            subprocess.run(
                ["prlimit", f"--pid={pid}", "--fsize=0:unlimited"], check=False, capture_output=True
            )
        try:
            yield
        finally:
            for pid in self._family("postgresql"):
                subprocess.run(
                    ["prlimit", f"--pid={pid}", "--fsize=unlimited"], check=False, capture_output=True
                )

    @contextmanager
    def full_redis(self) -> Iterator[None]:
        self.note("full: redis")
        for node in self.region.redis_nodes():
            with contextlib.suppress(RedisError):
                node.config_set("maxmemory", "1")
        try:
            yield
        finally:
            for node in self.region.redis_nodes():
                with contextlib.suppress(RedisError):
                    node.config_set("maxmemory", "0")

    def flush_redis(self) -> None:
        self.note("flushed: redis")
        with contextlib.suppress(RedisError):
            self.region.redis_master().flushall()

    @contextmanager
    def older_redis(self) -> Iterator[None]:
        """What was there before comes back in place of what is there after."""
        self.note("older snapshot: redis")
        master = self.region.redis_master()
        kept = {key: (master.dump(key), max(master.pttl(key), 0)) for key in master.scan_iter(count=1000)}
        yield
        master = self.region.redis_master()
        pipeline = master.pipeline()
        pipeline.flushall()
        for key, (dump, life) in kept.items():
            if dump is not None:
                pipeline.restore(key, life, dump)
        pipeline.execute()

    def fail_over(self) -> None:
        self.note("failed over: redis")
        with contextlib.suppress(RedisError):
            self.region.sentinel().execute_command("SENTINEL", "FAILOVER", "caducee")

    def restart_postgresql(self) -> None:
        """Fast shutdown: every connection is closed by the server."""
        self.note("restarted: postgresql")
        _signal(self.region.pid("postgresql"), signal.SIGINT)

    def _family(self, name: str) -> list[int]:
        if name == "redis":
            name = self.region.master_name()
        return family(self.region.pid(name))


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


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
