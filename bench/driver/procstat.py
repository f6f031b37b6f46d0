"""CPU seconds and memory of a tree of processes, read from /proc (Linux)."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Memory:
    """In MiB, summed over processes. `rss` counts a page that several share in each of them, `pss` once in all."""

    rss: float
    peak_rss: float
    pss: float


def tree(roots: Iterable[int]) -> set[int]:
    """Returns the living descendants of these processes, themselves included."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (found := _parent_and_cpu(int(entry))):
            children.setdefault(found[0], []).append(int(entry))
    seen: set[int] = set()
    left = list(roots)
    while left:
        pid = left.pop()
        if pid not in seen:
            seen.add(pid)
            left += children.get(pid, ())
    return seen


def cpu_seconds(roots: Iterable[int]) -> float:
    """Returns user and system time of the tree, of children that ended too."""
    found = [_parent_and_cpu(pid) for pid in tree(roots)]
    return sum(one[1] for one in found if one)


def memory(roots: Iterable[int]) -> Memory:
    sums = {"VmRSS:": 0, "VmHWM:": 0, "Pss:": 0}
    for pid in tree(roots):
        for name in ("status", "smaps_rollup"):
            for line in _lines(Path(f"/proc/{pid}/{name}")):
                kind, *rest = line.split()
                if kind in sums:
                    sums[kind] += int(rest[0])
    return Memory(*(sums[name] / 1024 for name in ("VmRSS:", "VmHWM:", "Pss:")))


def machine_seconds() -> tuple[float, float]:
    """Returns (busy, stolen by the host) CPU seconds of the machine since it started."""
    first = Path("/proc/stat").read_text().splitlines()[0]
    user, nice, system, _idle, _wait, interrupts, soft, stolen = (
        int(one) / _TICKS for one in first.split()[1:9]
    )
    return user + nice + system + interrupts + soft, stolen


def _parent_and_cpu(pid: int) -> tuple[int, float] | None:
    lines = _lines(Path(f"/proc/{pid}/stat"))
    if not lines:
        return None
    fields = lines[0].rpartition(")")[2].split()
    # proc_pid_stat(5): state ppid … utime stime cutime cstime
    return int(fields[1]), sum(int(one) for one in fields[11:15]) / _TICKS


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []  # it ended meanwhile, or belongs to another user
