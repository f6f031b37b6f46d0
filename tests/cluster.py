"""The cluster under test: `python -m sandbox.cluster` as `make cluster` calls it, its Python programs forked from it.

Contains starting, ending, its processes by name. Not here: journeys, damage.
"""

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from sandbox.cluster.ports import COUNT
from tests.commands import Started
from tests.demonstration import Demonstration, free_port_base, is_alive
from tests.limits import eventually, within
from tests.made_once import place_igc

#: Of a state directory: how a program is started other than usually (`forked_cluster`).
PLACE_OF_STARTS = "starts"


@dataclass(frozen=True)
class Cluster(Demonstration):
    """`ready` is the ready file as it was at the start; `processes` as it is."""

    def processes(self) -> dict[str, int]:
        found: dict[str, int] = json.loads((self.state / "ready.json").read_text())["processes"]
        return found

    def end(self, name: str, number: signal.Signals) -> None:
        """Send the signal, and wait until the supervisor started the program again."""
        pid = self.processes()[name]
        os.kill(pid, number)
        assert eventually(lambda: not is_alive(pid) and self.processes()[name] != pid, 40)

    def node_answers(self, rank: int) -> bool:
        try:
            return requests.get(f"{self.ready['nodes'][rank]}/health/live", timeout=within(2)).ok
        except requests.ConnectionError:
            return False


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Directly in the temporary directory: PostgreSQL is another user there, and no socket has a long name."""
    state = Path(tempfile.mkdtemp(prefix="cluster-"))
    place_igc(state / "igc")
    (state / PLACE_OF_STARTS).mkdir()
    options = {"state-dir": state, "ready-file": state / "ready.json", "port-base": free_port_base(COUNT)}
    options["ready-within"] = within(30)
    told = ["--end-with-parent", *(f"--{name}={value}" for name, value in options.items())]
    process = Started(told, os.environ, "tests.forked_cluster")
    try:
        assert eventually((state / "ready.json").exists, 60), process.stdout + process.stderr
        ready = json.loads((state / "ready.json").read_text())
        running = Cluster(ready, process, state)
        yield running
        pids = list(running.processes().values())
        process.send_signal(signal.SIGINT)
        assert process.wait(within(15)) == 0
        assert not any(map(is_alive, pids))
    finally:
        process.kill()
        shutil.rmtree(state)
