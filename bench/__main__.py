"""`make bench`: measure Caducée beside others, in turns, and write docs/performance.md.

Contains the order of a run: round by round, each provider started afresh. Not here: one run (`bench.driver.load`).

The provider and its stores have CPU 0, the driver has CPU 1: a rate is what one core does, stores included. With
`--two-cores` nothing is pinned, the provider has two workers, and the driver takes its share of both.
"""

import argparse
import fcntl
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from bench.driver.flows import WORKLOADS
from bench.peers import BEFORE, PEERS, Peer
from bench.processes import PYTHON, ROOT, Group, Missing, NotStarted, group, require, work_directory
from bench.report import REST, write_report

_KNOWN: Mapping[str, Peer] = {**BEFORE, **PEERS}
_PINNED, _TWO_CORES = "one core", "two cores"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__.splitlines()[0] if __doc__ else ""
    )
    parser.add_argument("peers", nargs="*", metavar="PEER", help=f"default: all of {' '.join(PEERS)}")
    parser.add_argument(
        "--before", action="store_true", help="also the checkout BENCH_BEFORE, in the same turns"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workloads", nargs="*", choices=list(WORKLOADS), default=list(WORKLOADS))
    parser.add_argument(
        "--workers", type=int, default=8, help="persons at work at once (default %(default)s)"
    )
    parser.add_argument(
        "--seconds", type=float, default=5, help="quiet seconds of each run (default %(default)s)"
    )
    parser.add_argument(
        "--longest", type=float, default=20, help="look for them so long (default %(default)s)"
    )
    parser.add_argument("--two-cores", action="store_true")
    parser.add_argument("--results", type=Path, default=work_directory() / "results.jsonl")
    parser.add_argument("--fresh", action="store_true", help="forget the results that are there")
    parser.add_argument("--no-report", action="store_true", help="leave docs/performance.md as it is")
    return parser.parse_args()


def main() -> None:
    options = _options()
    signal.signal(signal.SIGTERM, _end)  # so that what was started ends too
    names = options.peers or [*PEERS]
    if options.before:
        names = [*BEFORE, *names] if not options.peers else names
    unknown = [name for name in names if name not in _KNOWN]
    if unknown:
        sys.exit(f"bench: no such peer: {' '.join(unknown)}; there are {' '.join(_KNOWN)}")
    try:
        require(need for name in names for need in ("taskset", *_KNOWN[name].needs))
    except Missing as missing:
        sys.exit(f"bench: {missing}")
    if options.fresh:
        options.results.unlink(missing_ok=True)
    try:
        with alone():
            for turn in range(options.rounds):
                for name in names:
                    _measure(name, turn, options)
    except Missing as missing:
        sys.exit(f"bench: {missing}")
    if not options.no_report:
        write_report(options.results)


def _end(number: int, frame: object) -> NoReturn:
    sys.exit(128 + number)


@contextmanager
def alone() -> Iterator[None]:
    """Two measurements at once would measure each other."""
    with (work_directory() / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _measure(name: str, turn: int, options: argparse.Namespace) -> None:
    peer, mode = _KNOWN[name], _TWO_CORES if options.two_cores else _PINNED
    with group(name, "0,1" if options.two_cores else "0") as started:
        try:
            target = peer.start(started, 2 if options.two_cores else 1)
        except NotStarted as refusal:
            print(f"bench: {name}: {refusal}", file=sys.stderr, flush=True)
            return
        _keep(options, _told(name, mode, turn), {"workload": REST, **started.rest()})
        for rank, workload in enumerate(one for one in peer.workloads if one in options.workloads):
            # The first load after a start warms up longer: prepared statements, JIT, caches.
            found = load(started, target, workload, options, warmup=2.0 if rank else 8.0)
            _keep(options, _told(name, mode, turn), found)


def _told(name: str, mode: str, turn: int) -> dict[str, Any]:
    return {"peer": name, "mode": mode, "turn": turn, "at": int(time.time())}


def _keep(options: argparse.Namespace, told: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    with options.results.open("a") as results:
        results.write(json.dumps({**told, **found}) + "\n")
    print(_line({**told, **found}), flush=True)


def load(
    started: Group, target: Mapping[str, Any], workload: str, options: argparse.Namespace, *, warmup: float
) -> dict[str, Any]:
    """Returns the figures of one run by the driver, `failed` among them when it could not be done."""
    written = work_directory() / f"target-{started.name}.json"
    written.write_text(json.dumps(target))
    server = [*started.server, *(started.card_host if workload == "W6" else ())]
    command = [PYTHON, "-m", "bench.driver.load", "--target", written, "--workload", workload]
    for option, value in {
        "workers": options.workers,
        "seconds": options.seconds,
        "longest": options.longest,
        "warmup": warmup,
        "rate": getattr(options, "rate", 0.0),
        "server": ",".join(map(str, server)),
        "stores": ",".join(map(str, started.stores)),
    }.items():
        command += [f"--{option}", str(value)]
    pinned = [] if options.two_cores else ["taskset", "-c", "1"]
    ended = subprocess.run(
        [*pinned, *map(str, command)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        return {"workload": workload, "failed": ended.stderr.strip()[-400:]}
    figures: dict[str, Any] = json.loads(ended.stdout)
    return figures


def _line(told: Mapping[str, Any]) -> str:
    if "failed" in told:
        return f"{told['peer']:22} {told['workload']} failed: {told['failed']}"
    if told["workload"] == REST:
        return f"{told['peer']:22} at rest  RSS {told['rss_mib']:.0f} PSS {told['pss_mib']:.0f} MiB"
    return (
        f"{told['peer']:22} {told['workload']} {told['flows_per_s']:8.1f}/s  CPU {told['server_ms'] or 0:7.3f} + "
        f"{told['stores_ms'] or 0:.3f} ms  p50 {told['p50_ms'] or 0:7.2f}  p99 {told['p99_ms'] or 0:7.2f} ms  "
        f"RSS {told['rss_mib']:.0f} PSS {told['pss_mib']:.0f} MiB  errors {told['errors']}  noise {told['noise']:.2f}  "
        f"driver {told['driver_use']:.2f}"
    )


if __name__ == "__main__":
    main()
