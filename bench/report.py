"""docs/performance.md: the tables between its marks, written from the results of runs.

Contains reading results and the tables. Not here: the machine (`machine`), the prose, which is written by hand.
"""

import json
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.check.figures import FILE, INSTRUCTIONS, Flow, Step, read_figures
from bench.driver.flows import WORKLOADS
from bench.machine import hardware, software
from bench.peers import BEFORE, PEERS
from bench.processes import ROOT

Row = Mapping[str, Any]

PAGE = ROOT / "docs" / "performance.md"
BEFORE_FILE = ROOT / "bench" / "before.jsonl"
REST = "rest"
_PEERS = {**PEERS, **BEFORE}


def read_rows(path: Path) -> list[Row]:
    """Returns the runs that went well, in the order they were made."""
    if not path.exists():
        return []
    read = [json.loads(line) for line in path.read_text().splitlines() if line]
    return [row for row in read if "failed" not in row]


def write_report(results: Path) -> None:
    """Write every section that these results have something for; the others stay."""
    rows = read_rows(results)
    before = [row for row in rows if row["peer"] in BEFORE]
    if before:  # kept, so that later runs have what to compare with
        BEFORE_FILE.write_text("".join(f"{json.dumps(_kept(row))}\n" for row in before), "utf-8")
    else:
        rows = [*read_rows(BEFORE_FILE), *rows]
    text = PAGE.read_text("utf-8")
    for name, section in _SECTIONS.items():
        text = replace_section(text, name, "\n".join(section(rows)))
    PAGE.write_text(text, "utf-8")


_KEPT = (
    *("peer", "mode", "turn", "at", "workload", "workers", "flows_per_s", "server_ms", "stores_ms"),
    *("p50_ms", "p99_ms", "errors", "noise", "rss_mib", "pss_mib"),
)


def _kept(row: Row) -> Row:
    return {name: row[name] for name in _KEPT if name in row}


def replace_section(text: str, name: str, content: str) -> str:
    """Returns the page with this between the marks of the section; unchanged when there is no content."""
    marks = f"<!-- {name}: written by make bench -->", f"<!-- end of {name} -->"
    before, begin, rest = text.partition(marks[0])
    _old, end, after = rest.partition(marks[1])
    if not (begin and end):
        raise ValueError(f"{PAGE.name} has no section {name}")
    return f"{before}{begin}\n{content}\n{end}{after}" if content else text


def _machine(rows: Sequence[Row]) -> Iterator[str]:
    if not rows:
        return
    days = sorted({datetime.fromtimestamp(row["at"], UTC).strftime("%Y-%m-%d") for row in rows})
    yield "| | |"
    yield "|---|---|"
    yield f"| Measured | {' and '.join(dict.fromkeys((days[0], days[-1])))} (UTC) |"
    for name, value in (*hardware(), *software()):
        if value:
            yield f"| {name} | {value} |"


def _groups(rows: Sequence[Row], *names: str) -> dict[tuple[Any, ...], list[Row]]:
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        found.setdefault(tuple(row[name] for name in names), []).append(row)
    return found


def spread(rows: Sequence[Row], name: str, digits: int = 1) -> str:
    """Returns the median, and least and most when there are several runs."""
    values = [row[name] for row in rows if row.get(name) is not None]
    if not values:
        return "–"
    middle = f"{statistics.median(values):,.{digits}f}"
    return middle if len(values) == 1 else f"{middle} ({min(values):,.{digits}f}–{max(values):,.{digits}f})"


def _rates(rows: Sequence[Row]) -> Iterator[str]:
    runs = [row for row in rows if row["workload"] in WORKLOADS]
    for (mode, alg), found in sorted(
        _groups([{**row, "alg": _alg(row)} for row in runs], "mode", "alg").items()
    ):
        for title, cell in _CELLS.items():
            yield from _table(f"{alg}, {mode}: {title}", found, cell)


def _alg(row: Row) -> str:
    return _PEERS[row["peer"]].alg if row["peer"] in _PEERS else "?"


def _cpu(rows: Sequence[Row]) -> str:
    server = spread(rows, "server_ms", 2)
    return f"{server} + {spread(rows, 'stores_ms', 2)}" if any(row["stores_ms"] for row in rows) else server


_CELLS: Mapping[str, Callable[[Sequence[Row]], str]] = {
    "flows a second": lambda rows: spread(rows, "flows_per_s"),
    "CPU of a flow in ms, server + stores": _cpu,
    "ms that a person waits, median / 99 %": lambda rows: (
        f"{_median(rows, 'p50_ms')} / {_median(rows, 'p99_ms')}"
    ),
}


def _median(rows: Sequence[Row], name: str) -> str:
    values = [row[name] for row in rows if row.get(name) is not None]
    return f"{statistics.median(values):,.1f}" if values else "–"


def _table(title: str, rows: Sequence[Row], cell: Callable[[Sequence[Row]], str]) -> Iterator[str]:
    columns = [name for name in WORKLOADS if any(row["workload"] == name for row in rows)]
    yield f"**{title}**\n"
    yield f"| | {' | '.join(columns)} |"
    yield f"|---|{'---|' * len(columns)}"
    by_peer = _groups(rows, "peer")
    for peer in (name for name in _PEERS if (name,) in by_peer):
        cells = []
        for column in columns:
            runs = [row for row in by_peer[(peer,)] if row["workload"] == column]
            cells.append(cell(runs) if runs else "–")
        yield f"| {_PEERS[peer].title} | {' | '.join(cells)} |"
    yield ""


def _memory(rows: Sequence[Row]) -> Iterator[str]:
    runs = [row for row in rows if row["mode"] == "one core"]
    if not runs:
        return
    yield "| | at rest | after W1 | after W2 |"
    yield "|---|---|---|---|"
    by_peer = _groups(runs, "peer")
    for peer in (name for name in _PEERS if (name,) in by_peer):
        cells = []
        for workload in (REST, "W1", "W2"):
            found = [row for row in by_peer[(peer,)] if row["workload"] == workload]
            cells.append(f"{_whole(found, 'rss_mib')} · {_whole(found, 'pss_mib')}" if found else "–")
        yield f"| {_PEERS[peer].title}, {_PEERS[peer].alg} | {' | '.join(cells)} |"


def _whole(rows: Sequence[Row], name: str) -> str:
    return f"{statistics.median([row[name] for row in rows]):.0f}"


def _before_and_after(rows: Sequence[Row]) -> Iterator[str]:
    runs = [row for row in rows if row["mode"] == "one core" and row["workload"] in WORKLOADS]
    found = _groups(runs, "peer", "workload")
    pairs = [
        (name, name.replace("before-", "caducee-"), workload)
        for name in BEFORE
        for workload in WORKLOADS
        if (name, workload) in found and (name.replace("before-", "caducee-"), workload) in found
    ]
    if not pairs:
        return
    yield "| | | flows/s before | after | | CPU ms before | after | | oidc-provider, Redis, flows/s | ratio |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for before, after, workload in pairs:
        peer = found.get((f"node-redis-{PEERS[after].alg.lower()}", workload), [])
        yield _pair(PEERS[after], workload, found[before, workload], found[after, workload], peer)


def _pair(
    caducee: Any, workload: str, before: Sequence[Row], after: Sequence[Row], peer: Sequence[Row]
) -> str:
    rates = [statistics.median(row["flows_per_s"] for row in rows) for rows in (before, after)]
    costs = [
        statistics.median((row["server_ms"] or 0) + (row["stores_ms"] or 0) for row in rows)
        for rows in (before, after)
    ]
    title = f"{caducee.title.partition(', ')[2]}, {caducee.alg}"
    cells = [title, workload, f"{rates[0]:,.1f}", f"{rates[1]:,.1f}", f"× {rates[1] / rates[0]:.1f}"]
    cells += [f"{costs[0]:.2f}", f"{costs[1]:.2f}", f"÷ {costs[0] / costs[1]:.1f}" if costs[1] else "–"]
    if peer:
        other = statistics.median(row["flows_per_s"] for row in peer)
        cells += [f"{other:,.1f}", f"{rates[1] / other:.2f}"]
    else:
        cells += ["–", "–"]
    return f"| {' | '.join(cells)} |"


_COUNTED = ("statements", "sql_trips", "commits", "commands", "redis_trips", INSTRUCTIONS)


def _counts(_rows: Sequence[Row]) -> Iterator[str]:
    """What `make bench-check` holds, and what it held before."""
    before, after = read_figures(FILE.with_name("check.before.json")), read_figures()
    yield "| | SQL statements | round trips | commits | Redis commands | round trips | instructions |"
    yield "|---|---|---|---|---|---|---|"
    for flow, steps in after.flows.items():
        known = before.flows.get(flow, {})
        for step in steps:
            yield f"| {flow} `{step}` | {_changes(known.get(step, {}), steps[step])} |"
        if len(steps) > 1:
            yield f"| **{flow}** | {_changes(_summed(known), _summed(steps))} |"


def _summed(steps: Flow) -> Step:
    return {name: sum(step.get(name, 0) for step in steps.values()) for name in _COUNTED}


def _changes(before: Step, after: Step) -> str:
    pairs = [(before.get(name, 0), after.get(name, 0)) for name in _COUNTED]
    return " | ".join(f"{old:,} → {new:,}" if old != new else f"{new:,}" for old, new in pairs)


#: Between which marks each is written.
_SECTIONS: Mapping[str, Callable[[Sequence[Row]], Iterator[str]]] = {
    "machine": _machine,
    "before and after": _before_and_after,
    "counts": _counts,
    "rates": _rates,
    "memory": _memory,
}
