"""One workload against one running provider: `python -m bench.driver.load --help`. Prints one JSON line.

Contains the closed loop, the loop at a given rate, and what they measure. Not here: starting a provider.

The run is cut into seconds. A second in which the host or processes of others took more than `--max-noise` of a core is
set aside, and the run goes on until there are enough quiet ones.
"""

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from bench.driver import id_token, procstat
from bench.driver.connection import Connection
from bench.driver.flows import WORKLOADS, Worker, Workload
from bench.driver.loop import Loop, sleep_until
from bench.driver.seconds import Counters, Second, percentile_ms
from bench.driver.target import Endpoints, Target

_FIRST_SECONDS = 300
_MOST_ERRORS = 20
now = time.perf_counter


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How long, how many at once. `rate`: flows a second, asked for at even distances; 0: as many as are answered."""

    workers: int
    seconds: float
    warmup: float
    longest: float
    noise: float
    rate: float = 0.0


@dataclass
class Run:
    """`server`, `stores`: process ids whose CPU and memory are counted."""

    target: Target
    workload: Workload
    plan: Plan
    server: Sequence[int]
    stores: Sequence[int]
    loop: Loop = field(default_factory=Loop)
    seconds: list[Second] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    _times: list[float] = field(default_factory=list)
    _each_store: list[list[float]] = field(default_factory=list)
    _is_over: bool = False

    def measure(self) -> dict[str, Any]:
        """Returns the figures. Raises FlowFailed, HttpFailed, OSError."""
        endpoints, key_set = self._metadata()
        connect = partial(Connection, self.loop)
        workers = [Worker(connect, self.target, endpoints, rank) for rank in range(self.plan.workers)]
        for worker in workers:  # one after the other: no storm of logins
            self.loop.complete(self._first(worker), _FIRST_SECONDS)
        gc.collect()
        gc.freeze()
        gc.disable()
        begun = now()
        for rank, worker in enumerate(workers):
            self.loop.spawn(self._work(worker, begun, rank))
        self.loop.complete(self._clock(), self.plan.warmup + self.plan.longest + _FIRST_SECONDS)
        return {**self._figures(), "alg": self._alg(workers, endpoints, key_set)}

    def _metadata(self) -> tuple[Endpoints, dict[str, Any]]:
        read: list[Any] = []

        async def fetch(request: bytes) -> None:
            answer = await connection.request(request)
            read.append(json.loads(answer.body))

        connection = Connection(self.loop, *self.target.address)
        path = self.target.discovery_url.removeprefix(self.target.origin)
        self.loop.complete(fetch(self.target.get(path)), _FIRST_SECONDS)
        endpoints = Endpoints(self.target, read[0])
        self.loop.complete(fetch(endpoints.key_set), _FIRST_SECONDS)
        connection.close()
        return endpoints, read[1]

    async def _first(self, worker: Worker) -> None:
        await self.workload.first(worker)
        worker.proof = None

    async def _work(self, worker: Worker, begun: float, rank: int) -> None:
        every = self.plan.workers / self.plan.rate if self.plan.rate else 0.0
        due = begun + every * rank / self.plan.workers
        while not self._is_over:
            if every:
                await sleep_until(due)
            # At a given rate, a flow that begins late is late for the person who waits.
            since = due if every else now()
            due += every
            try:
                await self.workload.flow(worker)
            except Exception as failure:
                self.errors.append(f"{type(failure).__name__}: {failure}")
                if len(self.errors) > _MOST_ERRORS:
                    raise
                worker.close()
                continue
            self._times.append(now() - since)

    async def _clock(self) -> None:
        await sleep_until(now() + self.plan.warmup)
        self._times.clear()
        self._each_store.append([procstat.cpu_seconds([pid]) for pid in self.stores])
        quiet, begin = 0, self._counters()
        end = begin.at + self.plan.longest
        while quiet < self.plan.seconds and now() < end:
            await sleep_until(begin.at + 1.0)
            after = self._counters()
            self.seconds.append(Second(begin, after, tuple(self._times)))
            self._times.clear()
            quiet += self.seconds[-1].noise <= self.plan.noise
            begin = after
        self._each_store.append([procstat.cpu_seconds([pid]) for pid in self.stores])
        self._is_over = True

    def _counters(self) -> Counters:
        stores = procstat.cpu_seconds(self.stores) if self.stores else 0.0
        return Counters(
            now(), procstat.cpu_seconds(self.server), stores, time.process_time(), *procstat.machine_seconds()
        )

    def _used(self) -> list[Second]:
        """Returns the quiet seconds; the quietest third when there are too few."""
        quiet = [one for one in self.seconds if one.noise <= self.plan.noise]
        if len(quiet) >= max(2, self.plan.seconds / 2):
            return quiet
        return sorted(self.seconds, key=lambda one: one.noise)[: max(2, len(self.seconds) // 3)]

    def _figures(self) -> dict[str, Any]:
        used = self._used()
        wall = sum(one.wall for one in used)
        times = sorted(each for one in used for each in one.times)
        flows = len(times)
        quiet = sum(one.noise <= self.plan.noise for one in self.seconds)

        def each_ms(name: str) -> float | None:
            return round(sum(one.spent(name) for one in used) / flows * 1000, 4) if flows else None

        server, stores = procstat.memory(self.server), procstat.memory(self.stores)
        return {
            "workers": self.plan.workers,
            "asked_per_s": self.plan.rate or None,
            "flows": flows,
            "flows_per_s": round(flows / wall, 2),
            "server_ms": each_ms("server"),
            "stores_ms": each_ms("stores"),
            "stores_shares": self._shares(),
            **{f"p{rank}_ms": percentile_ms(times, rank) for rank in (50, 95, 99)},
            "errors": len(self.errors),
            "error": self.errors[0] if self.errors else None,
            "driver_use": round(sum(one.spent("driver") for one in used) / wall, 3),
            "noise": round(statistics.fmean(one.noise for one in used), 3),
            "is_quiet": quiet >= self.plan.seconds,
            "rss_mib": round(server.rss, 1),
            "peak_rss_mib": round(server.peak_rss, 1),
            "pss_mib": round(server.pss, 1),
            "stores_pss_mib": round(stores.pss, 1),
        }

    def _shares(self) -> list[float]:
        """Returns the share of each in the CPU of the stores, over the whole run."""
        begin, end = self._each_store
        spent = [after - before for before, after in zip(begin, end, strict=True)]
        return [round(one / (sum(spent) or 1.0), 3) for one in spent]

    def _alg(self, workers: Sequence[Worker], endpoints: Endpoints, key_set: dict[str, Any]) -> str | None:
        proof = next((worker.proof for worker in workers if worker.proof), None)
        if not self.workload.shows_id_token or proof is None:
            return None
        return id_token.verify(proof, key_set, issuer=endpoints.issuer, client_id=self.target.client_id)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.driver.load", description=__doc__)
    parser.add_argument(
        "--target", type=Path, required=True, help="JSON: the members of bench.driver.target.Target"
    )
    parser.add_argument("--workload", choices=list(WORKLOADS), default="W1")
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--warmup", type=float, default=2)
    parser.add_argument("--longest", type=float, default=30)
    parser.add_argument("--max-noise", type=float, default=0.15)
    parser.add_argument("--rate", type=float, default=0.0, help="flows a second; 0: as many as are answered")
    parser.add_argument("--server", type=_numbers, default=(), help="process ids, separated by commas")
    parser.add_argument("--stores", type=_numbers, default=())
    return parser.parse_args()


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(one) for one in text.split(",") if one)


def main() -> None:
    chosen = _options()
    plan = Plan(
        workers=chosen.workers,
        seconds=chosen.seconds,
        warmup=chosen.warmup,
        longest=chosen.longest,
        noise=chosen.max_noise,
        rate=chosen.rate,
    )
    target = Target(**json.loads(chosen.target.read_text()))
    run = Run(target, WORKLOADS[chosen.workload], plan, chosen.server, chosen.stores)
    try:
        print(json.dumps({"workload": chosen.workload, **run.measure()}))
    except Exception as failure:
        sys.exit(f"{chosen.workload}: {type(failure).__name__}: {failure}")


if __name__ == "__main__":
    main()
