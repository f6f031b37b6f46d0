"""Contains how much of the machine is one process's own. Not here: how many processes there are (`cli/serve`)."""

import os
from dataclasses import dataclass

#: Of the requests of one process, unless `--threads` says otherwise: a sign-in may wait for Pro Santé Connect.
THREADS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """`cores`: at least one, the cores shared out among the processes of `idp serve`. `threads`: of its requests."""

    cores: int
    threads: int


def cores() -> int:
    """Returns how many cores this process may use: fewer than the machine has, when it is pinned to some."""
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1


def share(*, processes: int, threads: int) -> Share:
    return Share(cores=max(1, cores() // processes), threads=threads)
