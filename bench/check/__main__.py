"""`make bench-check`: red when a flow costs more than `bench/check.json` says. `UPDATE=1` writes the file.

Contains the order of the counting, and the proof that an added query would be seen. Not here: what is too much
(`figures`). Exit status 1: red.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

from bench.check.figures import (
    FILE,
    INSTRUCTIONS,
    Figures,
    instructions,
    read_figures,
    this_python,
    write_figures,
)
from bench.check.house import Application, Counted, counted_house
from bench.check.in_process import completed
from bench.check.interpreter import counting_dear_calls, counting_instructions
from bench.driver.flows import WORKLOADS, Worker
from idp.core.logs import configure_logging
from tests.servers import ServerUnavailable

#: W4 asks no store, W6 needs the card host's process.
FLOWS = ("W1", "W2", "W3", "W5")
#: What happens the first times only (connections, statements prepared, templates) is not counted.
_WARM_UP = 8
#: The least of so many: what a clock does now and then (a file looked at again) is not of the flow.
_REPEATED = 3

Counts = dict[str, int]
Counter = Callable[[], Any]


def main() -> int:
    options = _options()
    if os.environ.get("PYTHONHASHSEED") != "0":  # the order of sets is part of what is executed
        os.execve(  # noqa: S606 ourselves
            sys.executable,
            [sys.executable, "-m", "bench.check", *sys.argv[1:]],
            {**os.environ, "PYTHONHASHSEED": "0"},
        )
    configure_logging()
    try:
        with counted_house() as house:
            found = count(house)
            if options.update:
                write_figures(found)
                print(f"{FILE.name} is written")
                return 0
            status = _judge(found, read_figures())
            _tell_times(house)
            return status or _prove(house, found)
    except ServerUnavailable as missing:
        print(f"bench-check: {missing}", file=sys.stderr)
        return 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.check")
    parser.add_argument("--update", action="store_true", help="write the file anew")
    return parser.parse_args()


def count(house: Counted) -> Figures:
    return Figures(this_python(), {name: _count_flow(house, name) for name in FLOWS})


def _count_flow(house: Counted, name: str) -> dict[str, Counts]:
    """Returns what each endpoint takes in this flow."""
    counted: dict[str, Counts] = {}
    # One after the other: tracing must not see the relays, nor a count another's probe.
    for application, counter in (
        (house.counted, lambda: _on_the_wire(house)),
        (house.direct, _executed),
        (house.direct, counting_dear_calls),
    ):
        for step, counts in _least(house, application, name, counter).items():
            counted.setdefault(step, {}).update({what: number for what, number in counts.items() if number})
    return counted


def _least(house: Counted, application: Application, name: str, counter: Counter) -> dict[str, Counts]:
    recorder = _Recorder(counter)
    worker = house.worker(application, recorder.probe)
    completed(WORKLOADS[name].first(worker))
    for _ in range(_WARM_UP):
        completed(WORKLOADS[name].flow(worker))
    runs = [recorder.counted(WORKLOADS[name].flow, worker) for _ in range(_REPEATED)]
    return {
        step: {what: min(run.get(step, {}).get(what, 0) for run in runs) for what in counts}
        for step, counts in runs[0].items()
    }


class _Recorder:
    """Adds up what the counter finds in each step of a flow."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._steps: dict[str, Counts] | None = None

    @contextmanager
    def probe(self, step: str) -> Iterator[None]:
        if self._steps is None:
            yield
            return
        with self._counter() as counts:
            yield
        found = self._steps.setdefault(step, {})
        for what, number in counts.items():
            found[what] = found.get(what, 0) + number

    def counted(self, flow: Callable[[Worker], Any], worker: Worker) -> dict[str, Counts]:
        self._steps = {}
        completed(flow(worker))
        steps, self._steps = self._steps, None
        return steps


@contextmanager
def _on_the_wire(house: Counted) -> Iterator[Counts]:
    counted: Counts = {}
    house.tally.clear()
    yield counted
    counted.update(house.tally.counts())


@contextmanager
def _executed() -> Iterator[Counts]:
    counted: Counts = {}
    with counting_instructions() as found:
        yield counted
    counted[INSTRUCTIONS] = found[0]


def _judge(found: Figures, allowed: Figures) -> int:
    for line in _table(found, allowed):
        print(line)
    excesses = [str(one) for one in found.excesses(allowed)]
    for excess in excesses:
        print(f"bench-check: {excess}", file=sys.stderr)
    if excesses:
        print(
            "bench-check: a flow costs more. If it must: make bench-check UPDATE=1, and say why",
            file=sys.stderr,
        )
    elif found.is_cheaper(allowed):
        print(f"It costs less than {FILE.name} says: make bench-check UPDATE=1 keeps it so.")
    if found.python != allowed.python:
        print(
            f"Instructions are not compared: the file is of Python {allowed.python}, this is {found.python}."
        )
    return 1 if excesses else 0


_COLUMNS = ("statements", "sql_trips", "commits", "commands", "redis_trips", INSTRUCTIONS)


def _table(found: Figures, allowed: Figures) -> Iterator[str]:
    yield f"{'':36}{''.join(f'{name:>13}' for name in _COLUMNS)}"
    for flow, steps in found.flows.items():
        for step, counts in steps.items():
            yield f"{flow} {step:33}{_row(counts)}"
        total = {name: sum(counts.get(name, 0) for counts in steps.values()) for name in _COLUMNS}
        known = instructions(allowed.flows.get(flow, {}))
        change = f"  {total[INSTRUCTIONS] / known - 1:+.1%}" if known else ""
        yield f"{flow:36}{_row(total)}{change}"


def _row(counts: Counts | Any) -> str:
    return "".join(f"{counts.get(name, 0):13}" for name in _COLUMNS)


def _prove(house: Counted, found: Figures) -> int:
    """Whether the same house with one query more in each request would be red in each of them."""
    with psycopg.connect(house.sql_address.replace("+psycopg", ""), autocommit=True) as connection:

        def heavier(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            connection.execute("SELECT 1")
            answer: Iterable[bytes] = house.counted(environ, start_response)
            return answer

        with_query = {name: _least(house, heavier, name, lambda: _on_the_wire(house)) for name in FLOWS}
    seen = {(one.flow, one.step) for one in Figures(found.python, with_query).excesses(found)}
    missed = [
        f"{flow} {step}" for flow, steps in found.flows.items() for step in steps if (flow, step) not in seen
    ]
    if missed:
        print(f"bench-check: one query more would not be seen in {', '.join(missed)}", file=sys.stderr)
        return 1
    print("One query more in a request would be red in each of them.")
    return 0


def _tell_times(house: Counted) -> None:
    """Print the CPU time of each flow beside that of the floor: told, and judged by nobody (`figures`)."""
    floor = house.floor_worker()
    completed(WORKLOADS["W1"].first(floor))
    for name in FLOWS:
        worker = house.worker(house.direct)
        completed(WORKLOADS[name].first(worker))
        least = _least_cpu([(name, worker), ("W1", floor)])
        print(f"{name}  CPU {least[0] * 1000:7.2f} ms, {least[0] / least[1]:5.1f} times the floor's W1")


def _least_cpu(flows: Sequence[tuple[str, Worker]], rounds: int = 25) -> list[float]:
    """Returns the least CPU seconds of each, in turns."""
    least = [float("inf")] * len(flows)
    for _ in range(rounds):
        for rank, (name, worker) in enumerate(flows):
            begun = time.process_time()
            completed(WORKLOADS[name].flow(worker))
            least[rank] = min(least[rank], time.process_time() - begun)
    return least


if __name__ == "__main__":
    sys.exit(main())
