"""The programs of the demo as child processes.

Contains starting them together, watching them, and ending all of them with the demo. Children are started from the main
thread only: PR_SET_PDEATHSIG follows the thread that made the child. Not here: what the programs are (see `programs`).
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_GRACE_SECONDS = 4.0
_LAST_LINES = 15
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class ChildDied(Exception):
    """A program ended unexpectedly. The message says which, and shows its last log lines."""


@dataclass(frozen=True, slots=True)
class Program:
    """`name`: also that of its log. `stop_signal` asks it to end."""

    name: str
    arguments: tuple[str, ...]  # of `python -m`
    stop_signal: signal.Signals = field(default=signal.SIGTERM, kw_only=True)


class Process(Protocol):
    """What the demo asks of a child: a part of `subprocess.Popen`."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, number: int, /) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a program runs."""

    root: Path
    environment: Mapping[str, str]
    output: IO[bytes]


#: How a program is started: it is tied to this process, and leads a process group.
Start = Callable[[Program, Place], Process]


@dataclass(slots=True)
class _Child:
    program: Program
    process: Process
    log: Path


def end_with_parent() -> None:
    """Ask the kernel for SIGTERM when the parent process dies, however it dies. Linux only."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def start_python(program: Program, place: Place) -> Process:
    parent = os.getpid()
    return subprocess.Popen(  # noqa: S603 our own programs, no shell
        [sys.executable, "-m", *program.arguments],
        cwd=place.root,
        env=dict(place.environment),
        stdin=subprocess.DEVNULL,
        stdout=place.output,
        stderr=subprocess.STDOUT,
        process_group=0,
        preexec_fn=lambda: tie_to(parent),
    )


class Children:
    """Every child has its own process group: Ctrl-C reaches the demo only, which then ends them in order."""

    def __init__(
        self,
        root: Path,
        environment: Mapping[str, str],
        log: Callable[[str], Path],
        start: Start = start_python,
    ) -> None:
        self._start = start
        self._root = root
        self._environment = environment
        self._log = log
        self._children: list[_Child] = []

    def start(self, program: Program) -> None:
        self._log(program.name).write_bytes(b"")
        self._begin(program)

    def start_again(self) -> list[str]:
        """Start each child that has ended once more, as a supervisor does. Returns their names."""
        ended = [child for child in self._children if child.process.poll() is not None]
        for child in ended:
            self._children.remove(child)
            self._begin(child.program)
        return [child.program.name for child in ended]

    def _begin(self, program: Program) -> None:
        log = self._log(program.name)
        with log.open("ab") as output:
            place = Place(root=self._root, environment=self._environment, output=output)
            process = self._start(program, place)
        self._children.append(_Child(program, process, log))

    def run(self, program: Program, accepted: Sequence[int] = (0,)) -> None:
        """Run a command to its end. Raises ChildDied for any other exit status."""
        self.start(program)
        child = self._children.pop()
        try:
            child.process.wait()
        except BaseException:
            self._children.append(child)  # interrupted: it is ended with the others
            raise
        if child.process.returncode not in accepted:
            raise ChildDied(_last_words(child))

    def check(self) -> None:
        """Raises ChildDied when a child has ended."""
        for child in self._children:
            if child.process.poll() is not None:
                raise ChildDied(_last_words(child))

    def named_pids(self) -> dict[str, int]:
        """Returns the process id of each child, by the name of its program."""
        return {child.program.name: child.process.pid for child in self._children}

    def pids(self) -> list[int]:
        """Returns the process ids of the children and of their own children."""
        found = [child.process.pid for child in self._children]
        for pid in found:
            found.extend(_children_of(pid))
        return found

    def stop(self) -> None:
        """Ask all to end, and after four seconds send SIGKILL to those left. Returns when none is left."""
        for child in self._children:
            with suppress(ProcessLookupError):
                child.process.send_signal(child.program.stop_signal)
        deadline = time.monotonic() + _GRACE_SECONDS
        for child in self._children:
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, deadline - time.monotonic()))
        for child in self._children:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(child.process.pid, signal.SIGKILL)  # the group outlives its leader
            child.process.wait()
        self._children.clear()


def tie_to(parent: int) -> None:
    """Runs in the child before its program. Only system calls: another thread may have held any lock at the fork."""
    end_with_parent()
    if os.getppid() != parent:  # it died before the kernel was asked
        os._exit(1)


def _children_of(pid: int) -> list[int]:
    """Returns direct children as the kernel lists them, none where it does not (CONFIG_PROC_CHILDREN)."""
    with suppress(OSError):
        threads = Path(f"/proc/{pid}/task").iterdir()
        return [int(child) for thread in threads for child in (thread / "children").read_text().split()]
    return []


def _last_words(child: _Child) -> str:
    lines = child.log.read_text(errors="replace").splitlines()[-_LAST_LINES:]
    said = "\n".join(f"    {line}" for line in lines) or "    (it said nothing)"
    return (
        f"{child.program.name} ended with status {child.process.returncode}; {child.log} ends with:\n{said}"
    )
