"""One run of the demo, from free ports to the end of the last child.

Contains the order of the steps. Not here: what each step is.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sandbox.demo import programs, ready_file, settings
from sandbox.demo.accounts import Script
from sandbox.demo.banner import banner
from sandbox.demo.conformance import Certification, login_of_person
from sandbox.demo.fapi_keys import fapi_keys
from sandbox.demo.places import ROOT, Places
from sandbox.demo.ports import Ports
from sandbox.demo.processes import Children, Start, start_python
from sandbox.demo.suite_file import SuiteFiles
from sandbox.igc.__main__ import DEFAULT_BASE_URL
from sandbox.igc.directory import CardEntry, ensure_igc

_WATCH_SECONDS = 0.2


@dataclass(slots=True)
class Timeline:
    """When each program was ready, in seconds since the start, for the log of the demo."""

    log: Path
    began: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.log.write_text("")

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self.began

    def note(self, what: str) -> None:
        with self.log.open("a") as log:
            log.write(f"{self.elapsed:7.3f} {what}\n")


@dataclass(frozen=True, slots=True)
class Demo:
    ports: Ports
    places: Places
    settings: Mapping[str, str]
    children: Children
    timeline: Timeline
    certification: Certification | None
    ready_within: float

    @classmethod
    def on(
        cls,
        ports: Ports,
        places: Places,
        *,
        redis: str,
        profile: str,
        added: Mapping[str, str],
        certification: Certification | None,
        ready_within: float = programs.READY_WITHIN_SECONDS,
        start: Start = start_python,
    ) -> "Demo":
        """`added`: variables of the provider that replace the demo's own. `start`: how its programs are started."""
        chosen = {**settings.provider_settings(ports, places, redis=redis, profile=profile), **added}
        environment = settings.child_environment(chosen)
        children = Children(ROOT, environment, places.log, start)
        return cls(ports, places, chosen, children, Timeline(places.log("demo")), certification, ready_within)

    def start(self, ready_path: Path | None, pid: int) -> str:
        """Start everything, make the accounts, write the ready file. Returns the banner.

        Raises ChildDied, NotReady, UnexpectedPage, NoMail and what requests raises; the caller stops.
        """
        note = self.timeline.note
        settings.write_files(self.ports, self.places, self.settings, self.certification)
        for program in programs.outside(self.ports, self.places):
            self.children.start(program)
        note("sandbox started")
        cards: Sequence[CardEntry] = ensure_igc(self.places.igc, datetime.now(UTC), DEFAULT_BASE_URL)
        note("cards made or kept")
        self.children.start(programs.igc(self.ports, self.places))
        programs.prepare(self.children, self.places)
        note("database, keys and charter there")
        self._wait()
        content = self._describe(cards, pid)
        if ready_path is not None:
            ready_file.write(ready_path, content)
        note("ready")
        return banner(self.ports, self.places, {card["name"]: card for card in cards}, content)

    def _wait(self) -> None:
        """Until everything answers and the revocation lists are there; the provider is started on the way."""
        ports, places, note = self.ports, self.places, self.timeline.note

        def wait(probes: programs.Probes) -> None:
            programs.wait_until_all_answer(
                probes, places, self.children.check, lambda name: note(f"{name} answers"), self.ready_within
            )

        with programs.loopback_http() as http:
            wait(programs.igc_probe(ports, places, http))
            for program in programs.provider(ports):
                self.children.start(program)
            note("provider started")
            wait(programs.probes(ports, places, self.settings["CADUCEE_CARD_HOST"], http))
            programs.fetch_lists(self.children, partial(programs.has_lists, ports, places, http))
            note("revocation lists there")

    def _describe(self, cards: Sequence[CardEntry], pid: int) -> dict[str, Any]:
        by_name = {card["name"]: card for card in cards}
        names = ready_file.holders_to_ask(cards)
        standings = Script(self.ports, self.places).arrange(by_name, names)
        self.timeline.note("persons asked")
        self.children.check()
        pids = [pid, *self.children.pids()]
        content = ready_file.contents(self.ports, self.places, cards, standings, pids)
        content["card_host"] = self.settings["CADUCEE_CARD_HOST"]
        if self.certification is not None:
            login = login_of_person(cards)
            told = self.certification.contents(self.ports, self.places, content["accounts"], login)
            files = SuiteFiles(self.ports, self.places, told, fapi_keys(self.places, datetime.now(UTC)))
            content["conformance"] = {**told, **files.write()}
        return content

    def watch(self) -> None:
        """Wait until a child dies. Raises ChildDied."""
        while True:
            self.children.check()
            time.sleep(_WATCH_SECONDS)
