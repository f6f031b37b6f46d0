"""Processes of one provider under measurement, and of its stores.

Contains starting them on chosen cores, waiting for them, ending them. Not here: which provider (`bench.peers`).
"""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.driver.procstat import memory

ROOT = Path(__file__).parent.parent
_ANSWER_SECONDS = 60
_STOP_SECONDS = 8
_direct = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class Missing(Exception):
    """What the measurement needs is not on this machine. The message is one line, with the remedy."""


class NotStarted(Exception):
    """A process ended at once, or does not answer. The message names its log."""


def work_directory() -> Path:
    """Returns where everything is kept that runs make: BENCH_WORK, or var/bench, which git ignores."""
    chosen = Path(os.environ.get("BENCH_WORK") or ROOT / "var" / "bench").resolve()
    chosen.mkdir(parents=True, exist_ok=True)
    return chosen


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


#: Debian's package of each program.
PACKAGES = {
    "node": "nodejs",
    "npm": "npm",
    "redis-server": "redis-server",
    "initdb": "postgresql",
    "taskset": "util-linux",
}


def program(name: str) -> str:
    """Returns its path, of PostgreSQL the newest. Raises Missing."""
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    # Debian keeps PostgreSQL's out of PATH; a link to one of them there would hide the others beside it.
    places = [*map(str, newest[-1:]), os.environ.get("PATH", ""), "/usr/sbin"]
    found = shutil.which(name, path=os.pathsep.join(places))
    if found is None:
        raise Missing(f"make bench needs {name}: apt-get install {PACKAGES[name]}")
    return found


def require(names: Iterable[str]) -> None:
    """Raises Missing, once for all of these programs that are not there, and when a core is missing."""
    missing = []
    for name in sorted(set(names)):
        try:
            program(name)
        except Missing:
            missing.append(name)
    if missing:
        packages = " ".join(PACKAGES[name] for name in missing)
        raise Missing(f"make bench needs {', '.join(missing)}: apt-get install {packages}")
    if (os.cpu_count() or 1) < 2:
        raise Missing("make bench needs two cores: one for the provider, one for the driver")


def postgresql_directory() -> Path:
    """Returns where its programs are. Raises Missing."""
    return Path(program("initdb")).parent


@dataclass
class Group:
    """What was started for one provider. `cores`: those of `taskset` for it and its stores."""

    name: str
    cores: str
    server: list[int] = field(default_factory=list)
    stores: list[int] = field(default_factory=list)
    card_host: list[int] = field(default_factory=list)
    aside: list[int] = field(default_factory=list)
    """What is no part of the provider (the sandbox's IGC): not counted, on the cores of the driver."""
    _rest: dict[str, float] | None = None
    _started: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _at_end: list[Callable[[], None]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        return work_directory() / "logs" / f"{self.name}.log"

    def start(
        self,
        command: Sequence[str | Path],
        pids: list[int],
        *,
        environment: Mapping[str, str] | None = None,
        directory: Path | None = None,
        cores: str | None = None,
    ) -> None:
        self.log.parent.mkdir(exist_ok=True)
        pinned = ["taskset", "-c", cores or self.cores, *(str(part) for part in command)]
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                pinned,
                env={**os.environ, **(environment or {})},
                cwd=directory or work_directory(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._started.append(process)
        pids.append(process.pid)

    def wait(self, answers: Callable[[], Any], what: str) -> None:
        """Raises NotStarted."""
        deadline = time.monotonic() + _ANSWER_SECONDS
        while not answers():
            ended = next((one for one in self._started if one.poll() is not None), None)
            if ended is not None or time.monotonic() > deadline:
                raise NotStarted(f"{what} does not answer: {self.log}")
            time.sleep(0.05)

    def rest(self) -> dict[str, float]:
        """Returns the memory of the server when it was first asked for: before any person came."""
        if self._rest is None:
            found = memory(self.server)
            self._rest = {"rss_mib": round(found.rss, 1), "pss_mib": round(found.pss, 1)}
        return self._rest

    def at_end(self, clean: Callable[[], None]) -> None:
        self._at_end.append(clean)

    def stop(self) -> None:
        for process in reversed(self._started):
            for number in (signal.SIGTERM, signal.SIGKILL):
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, number)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_STOP_SECONDS)
                    break
            with contextlib.suppress(ProcessLookupError):  # children that outlived it
                os.killpg(process.pid, signal.SIGKILL)
        for clean in self._at_end:
            clean()


@contextlib.contextmanager
def group(name: str, cores: str) -> Iterator[Group]:
    made = Group(name, cores)
    try:
        yield made
    finally:
        made.stop()


def fetch(url: str) -> Any:
    """Returns the JSON there, None without an answer."""
    try:
        with _direct(url, timeout=5) as answer:
            return json.load(answer)
    except (OSError, ValueError, urllib.error.URLError):
        return None


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def run(command: Sequence[str | Path], *, environment: Mapping[str, str], directory: Path) -> None:
    """Raises NotStarted with what the command wrote."""
    ended = subprocess.run(
        [str(part) for part in command],
        env={**os.environ, **environment},
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise NotStarted(f"{' '.join(map(str, command[-4:]))}: {(ended.stderr or ended.stdout)[-800:]}")


PYTHON = sys.executable
