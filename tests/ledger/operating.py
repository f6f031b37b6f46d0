"""What is not damage by itself, and has to go well: slow neighbours, a wrong clock, a backup that comes back, another
release beside ours.

Each lasts as long as its block, and sees to it that it happened. Not here: what breaks a server (`damage`).
"""

import re
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from idp.adapters.sql.schema import SCHEMA_REVISION
from tests.ledger.book import Ledger
from tests.ledger.damage import Damage
from tests.ledger.people import Turnstile
from tests.ledger.region import Region
from tests.limits import eventually

#: How slow a neighbour is: within the time that it is given.
SLOW_SECONDS = 3.0
#: How far a clock is stepped, forward and then back.
STEPS_SECONDS = (300, -300)
_FORMER = Path(__file__).parents[1] / "upgrade" / "former.tar.xz"
_REVISION = re.compile('^SCHEMA_REVISION = "[0-9]{4}"$', re.MULTILINE)
_AWAY = ("idp-1", "idp-2", "worker", "card-host")


@dataclass(frozen=True)
class Operating:
    region: Region
    ledger: Ledger
    turnstile: Turnstile
    damage: Damage
    #: How long people go on after each step.
    seconds: float

    @contextmanager
    def slow_psc(self) -> Iterator[None]:
        self.damage.note("slow: psc")
        self.region.control_psc(delay_on="token", delay_seconds=SLOW_SECONDS)
        try:
            yield
        finally:
            self.region.control_psc(delay_on="everything", delay_seconds=0)

    @contextmanager
    def slow_mail(self) -> Iterator[None]:
        self.damage.note("slow: mail")
        self.region.delay_mails(SLOW_SECONDS)
        try:
            yield
        finally:
            self.region.delay_mails(0)

    @contextmanager
    def wrong_clock(self) -> Iterator[None]:
        """The second node's clock is stepped while it runs: libfaketime reads from a file how far it is off. Durations
        are right, as the kernel's monotonic clock is."""
        file = self.region.cluster.state / "clock"
        file.write_text("+0")
        told = {
            "LD_PRELOAD": _faketime(),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_CACHE_DURATION": "1",
        }
        with self.region.started_as("idp-2", environment=told):
            for step in STEPS_SECONDS:
                self.damage.note(f"clock stepped to {step:+} s: idp-2")
                file.write_text(f"{step:+}")
                assert eventually(partial(self._is_told, step), 20, every=0.5), (
                    "nobody told that the clock is wrong"
                )
                time.sleep(self.seconds)
            yield

    def _is_told(self, step: int) -> bool:
        """By the node itself, to its operator."""
        return f"clocks apart: this node is {'-' if step < 0 else ''}" in self.region.says(1)

    @contextmanager
    def new_epoch(self) -> Iterator[None]:
        """A backup made while people were at work comes back in place of the database, by the commands of
        docs/backup.md; nobody asks anything while the database is changed."""
        self.damage.note("restored, with a new epoch")
        region, file = self.region, self.region.cluster.state / f"{time.monotonic_ns()}.backup"
        mark = self.ledger.mark()
        _well(region.idp("db", "backup", str(file)))
        time.sleep(self.seconds)
        with self.turnstile.shut():
            region.run("CREATE DATABASE restored")
            other = region.settings()["CADUCEE_DATABASE"].rpartition("/")[0] + "/restored"
            _well(region.idp("db", "restore", "--new-epoch", str(file), CADUCEE_DATABASE=other))
            region.run(
                "ALTER DATABASE caducee ALLOW_CONNECTIONS false",
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IN ('caducee', 'restored')",
                "DROP DATABASE caducee",
                "ALTER DATABASE restored RENAME TO caducee",
            )
            region.restart(*_AWAY)
            self.ledger.restored(mark)
        file.unlink()
        yield

    @contextmanager
    def former_release(self) -> Iterator[None]:
        """The second node is of the release before, then of ours again, each replaced by SIGTERM and a start."""
        self.damage.note("former release, then ours: idp-2")
        root = self.region.cluster.state / "former"
        unpack_former(root, SCHEMA_REVISION)
        told = without_new_settings(root, self.region.settings()) | {"PYTHONPATH": str(root)}
        with self.region.started_as("idp-2", environment=told, root=root):
            assert (Path("/proc") / str(self.region.pid("idp-2")) / "cwd").readlink() == root
            yield


def unpack_former(root: Path, revision: str) -> None:
    """Lay out the code of the release before, for a schema that was expanded since.

    That release compares the revision for equality when it *starts* (docs/upgrade.md): a node of it that runs goes on
    while the schema is expanded. One that was started before is what this name makes of it; nothing else is changed.
    """
    if not root.exists():
        with tarfile.open(_FORMER) as archive:
            archive.extractall(root, filter="data")
        file = root / "idp" / "adapters" / "sql" / "schema.py"
        code, number = _REVISION.subn(f'SCHEMA_REVISION = "{revision}"', file.read_text("utf-8"))
        assert number == 1
        file.write_text(code, "utf-8")


def without_new_settings(root: Path, settings: Mapping[str, str]) -> dict[str, str | None]:
    """Returns those that the former release refuses, as it does every setting that it does not know, as unset."""
    program = "from idp.settings.groups import catalogue; print(*catalogue())"
    listed = subprocess.run(
        [sys.executable, "-c", program],
        cwd=root,
        env={"PYTHONPATH": str(root)},
        capture_output=True,
        check=True,
    )
    known = {f"CADUCEE_{name}" for name in listed.stdout.decode().split()}
    return {name: None for name in settings if not {name, name.removesuffix("_FILE")} & known}


def _faketime() -> str:
    places = [*Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")]
    assert places, "libfaketime is not installed: apt-get install libfaketime"
    return str(places[0])


def _well(ended: "subprocess.CompletedProcess[str]") -> None:
    assert ended.returncode == 0, (ended.args, ended.stdout, ended.stderr)
