"""One run of the cluster, from free ports to the end of the last child; what dies meanwhile is started again.

Contains the order of the steps, the supervision, the ready file. Not here: what each step is.
"""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from sandbox.cluster import programs
from sandbox.cluster.binaries import starting
from sandbox.cluster.files import Cluster, write_files, write_nginx
from sandbox.demo import programs as around
from sandbox.demo import ready_file
from sandbox.demo.accounts import ENROLLED, Script
from sandbox.demo.places import ROOT, write_atomically
from sandbox.demo.processes import Children, Start
from sandbox.demo.settings import child_environment
from sandbox.igc.__main__ import DEFAULT_BASE_URL
from sandbox.igc.directory import CardEntry, ensure_igc

_WATCH_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Running:
    cluster: Cluster
    settings: Mapping[str, str]
    children: Children
    ready_within: float

    @classmethod
    def on(cls, cluster: Cluster, *, start: Start, ready_within: float) -> "Running":
        """`start`: how Python's programs are started."""
        settings = cluster.provider_settings()
        places = cluster.places
        children = Children(ROOT, child_environment(settings), places.log, starting(start))
        return cls(cluster, settings, children, ready_within)

    def start(self) -> dict[str, Any]:
        """Start everything and make the accounts. Returns the content of the ready file.

        Raises ChildDied, NotReady, Missing, UnexpectedPage, NoMail and what requests raises; the caller stops.
        """
        cluster = self.cluster
        write_files(cluster)
        self._start_stores()
        for program in around.outside(cluster.ports.around, cluster.places):
            self.children.start(program)
        cards: Sequence[CardEntry] = ensure_igc(cluster.places.igc, datetime.now(UTC), DEFAULT_BASE_URL)
        self.children.start(around.igc(cluster.ports.around, cluster.places))
        programs.prepare(self.children)
        write_nginx(cluster)
        self.children.start(programs.nginx(cluster))
        for program in programs.provider(cluster):
            self.children.start(program)
        self._wait()
        by_name = {card["name"]: card for card in cards}
        script = Script(cluster.ports.around, cluster.places)
        standings = script.arrange(by_name, [person.card for person in ENROLLED])
        self.children.check()
        content = ready_file.contents(cluster.ports.around, cluster.places, cards, standings, ())
        return content | {"nodes": self._nodes(), "processes": self.children.named_pids()}

    def _start_stores(self) -> None:
        cluster = self.cluster
        programs.prepare_postgresql(self.children, cluster)
        self.children.start(programs.postgresql(cluster))
        for program in programs.redis(cluster):
            self.children.start(program)
        ports = cluster.ports
        stores = {"PostgreSQL": ports.postgresql, "Redis": ports.redis(0)}
        stores |= {f"sentinel {rank + 1}": ports.sentinel(rank) for rank in range(3)}
        programs.wait_for_ports(stores, self.children.check, self.ready_within)

    def _wait(self) -> None:
        ports, places = self.cluster.ports, self.cluster.places
        nodes = {f"idp-{rank + 1}": ports.provider(rank) for rank in range(2)}
        # Until both listen: one alone would answer for both behind nginx.
        programs.wait_for_ports(nodes, self.children.check, self.ready_within)
        with around.loopback_http() as http:
            probes = around.probes(ports.around, places, self.settings["CADUCEE_CARD_HOST"], http)
            igc = around.igc_probe(ports.around, places, http)
            around.wait_until_all_answer(
                {**igc, **probes}, places, self.children.check, lambda _name: None, self.ready_within
            )
            around.fetch_lists(self.children, lambda: around.has_lists(ports.around, places, http))

    def _nodes(self) -> list[str]:
        return [f"http://127.0.0.1:{self.cluster.ports.provider(rank)}" for rank in range(2)]

    def watch(self, content: dict[str, Any], ready_path: Path | None) -> NoReturn:
        """Start again whatever ends, as `restart: unless-stopped` and systemd do, and say so, until a signal."""
        while True:
            for name in self.children.start_again():
                print(f"{name} ended, and was started again.", flush=True)
                write(ready_path, content | {"processes": self.children.named_pids()})
            time.sleep(_WATCH_SECONDS)


def write(ready_path: Path | None, content: Mapping[str, Any]) -> None:
    """Write the ready file, for its owner alone: it holds secrets."""
    if ready_path is not None:
        write_atomically(ready_path, json.dumps(content, ensure_ascii=False, indent=1) + "\n", mode=0o600)
