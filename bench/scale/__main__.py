"""`make bench-scale`: writes its section of docs/performance.md.

Contains the order of the measurements. Not here: filling (`crowd`), costs (`costs`).
"""

import argparse
import json
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from bench.__main__ import alone, load
from bench.peers.caducee import House, Running, enrol, prepare, serve
from bench.peers.cards import rpps_of
from bench.peers.fixture import password_of
from bench.processes import Group, Missing, NotStarted, group, require, work_directory
from bench.report import PAGE, replace_section
from bench.scale.costs import costs_of
from bench.scale.crowd import Crowd, fill_postgresql, fill_redis, rpps_of_crowd

_EACH = ("W1", "W2")
#: Persons of the crowd who sign in, far from each other in every index.
_AWAKE = 256
#: At half load a late answer must not keep the driver from asking the next.
_MANY = 32

Figures = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Place:
    """One house, started, and who signs in there."""

    started: Group
    running: Running
    target: Mapping[str, Any]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.scale")
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--sessions", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=6)
    parser.add_argument("--longest", type=float, default=24)
    parser.add_argument("--alg", default="ES256", choices=("ES256", "RS256"))
    parser.add_argument("--no-report", action="store_true")
    options = parser.parse_args()
    options.two_cores = False
    return options


def main() -> None:
    options = _options()
    try:
        require(("taskset", "redis-server", "initdb"))
        with alone():
            crowd = Crowd(accounts=options.accounts, sessions=options.sessions, events=options.events)
            found = {**_full_and_empty(options, crowd), "two": _two_cores(options)}
    except (Missing, NotStarted) as missing:
        sys.exit(f"bench: {missing}")
    (work_directory() / "scale.json").write_text(json.dumps(found, indent=1))
    lines = list(_table(found, crowd))
    print("\n".join(lines))
    if not options.no_report:
        PAGE.write_text(replace_section(PAGE.read_text("utf-8"), "scale", "\n".join(lines)), "utf-8")


@contextmanager
def _house(name: str, alg: str, cores: str = "0", workers: int = 1) -> Iterator[Place]:
    with group(name, cores) as started:
        running = prepare(started, House(alg, "servers"))
        serve(started, running, workers)
        enrol(running)
        yield Place(started, running, running.target())


def _full_and_empty(options: argparse.Namespace, crowd: Crowd) -> dict[str, Any]:
    with _house("scale-empty", options.alg) as empty, _house("scale-full", options.alg) as full:
        full = _filled(full, crowd)
        turns: list[tuple[str, str, Figures]] = []
        for _ in range(options.rounds):
            for workload in _EACH:
                for name, place in (("empty", empty), ("full", full)):
                    turns.append((name, workload, _load(place, workload, options)))
                    _tell(*turns[-1])
        return {
            "turns": turns,
            "half": {workload: _half_load(full, workload, turns, options) for workload in _EACH},
            "costs": {workload: _costs(full, workload, options) for workload in _EACH},
        }


def _filled(place: Place, crowd: Crowd) -> Place:
    print(f"filling: {crowd}", flush=True)
    fill_postgresql(place.running.database, crowd, rpps_of(0))
    print(f"records added to Redis: {fill_redis(place.running.redis, crowd)}", flush=True)
    awake = min(_AWAKE, crowd.accounts)
    ranks = [1 + rank * (crowd.accounts // awake) for rank in range(awake)]
    users = [(rpps_of_crowd(rank), password_of(0)) for rank in ranks]
    return Place(
        place.started, place.running, {**place.target, "users": users, "cards": [], "persons_each": 8}
    )


def _load(place: Place, workload: str, options: argparse.Namespace, **changes: Any) -> Figures:
    chosen = argparse.Namespace(**{**vars(options), **changes})
    return load(place.started, place.target, workload, chosen, warmup=3.0)


def _tell(name: str, workload: str, found: Figures) -> None:
    print(f"{name:6} {workload}  {json.dumps(found)}", flush=True)


def _half_load(place: Place, workload: str, turns: Sequence[Any], options: argparse.Namespace) -> Figures:
    """Half the rate it answered at most, asked for at even distances whatever it answers."""
    rate = (
        statistics.median(
            found["flows_per_s"] for name, each, found in turns if (name, each) == ("full", workload)
        )
        / 2
    )
    found = _load(place, workload, options, rate=rate, workers=_MANY, seconds=options.seconds * 3, longest=60)
    _tell("half", workload, found)
    return found


def _costs(place: Place, workload: str, options: argparse.Namespace) -> Figures:
    """Returns what a thousand sign-ins cost: seconds of CPU, and what they leave, in MB."""
    with costs_of(place.running) as left:
        # Longer than the others: the first sign-ins of each person, by password, are among those counted.
        found = _load(place, workload, options, seconds=options.seconds * 3, longest=options.longest * 2)
    postgresql, redis = (
        share * found["stores_ms"] for share in found["stores_shares"]
    )  # as `prepare` starts them
    cpu = {"server_cpu": found["server_ms"], "postgresql_cpu": postgresql, "redis_cpu": redis}
    return {**cpu, **left[0].megabytes_of_a_thousand()}


def _two_cores(options: argparse.Namespace) -> dict[str, list[Figures]]:
    """One worker on one core, and two on both, where the driver takes its share; in turns."""
    found: dict[str, list[Figures]] = {"one": [], "both": []}
    with _house("scale-one", options.alg) as one, _house("scale-both", options.alg, "0,1", 2) as both:
        for _ in range(options.rounds):
            for name, place, is_two in (("one", one, False), ("both", both, True)):
                found[name].append(
                    _load(place, "W1", options, two_cores=is_two, workers=options.workers * (1 + is_two))
                )
                _tell(name, "W1", found[name][-1])
    return found


def _median(found: Sequence[Figures], name: str) -> float:
    return float(statistics.median(each[name] for each in found if each.get(name) is not None))


def _table(found: Mapping[str, Any], crowd: Crowd) -> Iterator[str]:
    each = f"{crowd.accounts:,} accounts with their charter, card and a grant"
    yield f"{each}, {crowd.events:,} audit rows, {crowd.sessions:,} sessions."
    yield ""
    yield "| | empty house, flows/s | full house | | CPU ms empty | full | | p99 ms empty | full |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for workload in _EACH:
        yield _full_row(workload, *(_of(found["turns"], name, workload) for name in ("empty", "full")))
    yield ""
    yield "| At half load | asked for, flows/s | p50 ms | p99 ms | p99 ÷ p50 |"
    yield "|---|---|---|---|---|"
    for workload, half in found["half"].items():
        ratio = half["p99_ms"] / half["p50_ms"]
        yield f"| {workload} | {half['asked_per_s']:.1f} | {half['p50_ms']:.1f} | {half['p99_ms']:.1f} | {ratio:.1f} |"
    yield ""
    yield from _two_core_table(found["two"])
    yield ""
    yield "| 1,000 sign-ins cost | server CPU s | PostgreSQL CPU s | Redis CPU s | log MB | rows MB | Redis MB |"
    yield "|---|---|---|---|---|---|---|"
    for workload, costs in found["costs"].items():
        cells = [f"{costs[name]:.2f}" for name in _COST_COLUMNS]
        yield f"| {workload} | {' | '.join(cells)} |"


#: Seconds, then MB.
_COST_COLUMNS = ("server_cpu", "postgresql_cpu", "redis_cpu", "log", "rows", "redis")


def _of(turns: Sequence[Any], name: str, workload: str) -> list[Figures]:
    return [found for each, of, found in turns if (each, of) == (name, workload)]


def _full_row(workload: str, empty: Sequence[Figures], full: Sequence[Figures]) -> str:
    rates = [_median(one, "flows_per_s") for one in (empty, full)]
    costs = [_median(one, "server_ms") + _median(one, "stores_ms") for one in (empty, full)]
    tails = [_median(one, "p99_ms") for one in (empty, full)]
    return (
        f"| {workload} | {rates[0]:.1f} | {rates[1]:.1f} | {rates[1] / rates[0] - 1:+.1%} | {costs[0]:.2f} | "
        f"{costs[1]:.2f} | {costs[1] / costs[0] - 1:+.1%} | {tails[0]:.1f} | {tails[1]:.1f} |"
    )


def _two_core_table(two: Mapping[str, Sequence[Figures]]) -> Iterator[str]:
    """The driver's share of the two cores is given back: it stands for the world outside."""
    one, both = (_median(two[name], "flows_per_s") for name in ("one", "both"))
    used = _median(two["both"], "driver_use")
    alone_there = both * 2 / (2 - used)
    yield "| W1 | flows/s | |"
    yield "|---|---|---|"
    yield f"| one worker, one core with its stores | {one:.1f} | |"
    title = f"two workers, both cores, the driver on them too ({used:.2f} of a core)"
    yield f"| {title} | {both:.1f} | × {both / one:.2f} |"
    yield f"| the same, the driver's share given back | {alone_there:.1f} | × {alone_there / one:.2f} |"


if __name__ == "__main__":
    main()
