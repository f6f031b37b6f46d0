"""A machine on which nothing of ours is installed: the commands of a page of the documentation are run on it.

It is a directory, in which the paths of the page lie, and a PATH whose first programs do in place of root's what a
test may do (`runuser`, `systemctl`, `apt-get`): what a service is, is taken from the units that the page installs.
Contains blocks of a page, the machine, its services. Not here: what is around it (a mail relay, cards, applications).
"""

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from idp.settings import read_settings_file
from tests.commands import ROOT
from tests.limits import within
from tests.wheel import lend_packages, wheel

_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
#: Paths of the page that lie in the directory instead.
_PATH = re.compile(r"(?<![\w./}])/(?=(?:srv|etc|var|usr/local|run)/)")
#: What only root may do, and how it is done here.
_IN_PLACE_OF_ROOT = {
    "apt-get": "exit 0",
    "useradd": "exit 0",
    "chown": "exit 0",
    "systemctl": 'echo "$@" >>"$MACHINE/systemctl"',
    # With the pip of the tests: making it anew takes six seconds of a processor.
    "python3": 'exec "$PYTHON" "$@" --without-pip',
    # As the only user there is.
    "runuser": 'while [ "$1" != -- ] && [ "$1" != psql ]; do shift; done; [ "$1" = psql ] || shift; exec "$@"',
}


def blocks_of(page: str) -> dict[str, list[str]]:
    """The blocks `sh` of each section of second level, by its title."""
    sections = re.split(r"^## (.+)$", (ROOT / page).read_text("utf-8"), flags=re.MULTILINE)
    return {title: _BLOCK.findall(text) for title, text in zip(sections[1::2], sections[2::2], strict=True)}


@dataclass
class Machine:
    """`place`: its root. `instead`: words of the page and what is true here; each is met at least once, or it is a
    fault of the test (`met`). `variables`: of the environment of every command."""

    place: Path
    instead: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict)
    met: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        programs = self.place / "programs"
        programs.mkdir(parents=True)
        for name, does in _IN_PLACE_OF_ROOT.items():
            (programs / name).write_text(f"#!/bin/sh\n{does}\n")
            (programs / name).chmod(0o700)
        for directory in ("usr/local/bin", "etc/systemd/system", "etc/caducee", "var/lib/caducee"):
            (self.place / directory).mkdir(parents=True)

    def run(self, block: str) -> str:
        """Each line, until one fails. Returns what they said."""
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", self.here(block)],
            cwd=self.place,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=within(120),
            check=False,
        )
        assert ended.returncode == 0, (block, ended.stdout, ended.stderr)
        if "-m venv" in block:
            lend_packages(self.place / "srv" / "caducee" / "venv")
        return ended.stdout + ended.stderr

    def here(self, text: str) -> str:
        """Text of the page, or of a file that it installs, as it is on this machine."""
        for words, true in self.instead.items():
            if words in text:
                self.met.add(words)
                text = text.replace(words, true)
        return _PATH.sub(f"{self.place}/", text).replace("-C / ", f"-C {self.place} ")

    @property
    def environment(self) -> dict[str, str]:
        path = os.pathsep.join((f"{self.place}/programs", f"{self.place}/usr/local/bin", os.environ["PATH"]))
        # No index is asked: the packages of the tests are lent.
        pip = {
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(wheel().parent),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }
        home = {"HOME": str(self.place), "LANG": "C.UTF-8", "MACHINE": str(self.place)}
        home["PYTHON"] = str(Path(sys.base_prefix) / "bin" / "python3")
        return {"PATH": path, **home, **pip, **self.variables}

    @property
    def enabled(self) -> set[str]:
        """The units that were enabled and started."""
        given = (self.place / "systemctl").read_text().splitlines()
        return {unit for line in given if line.startswith("enable --now ") for unit in line.split()[2:]}

    @contextmanager
    def service(self, unit: str) -> Iterator["subprocess.Popen[bytes]"]:
        """What systemd would start, as its file says: environment, then its file, then the command."""
        name, _, instance = unit.partition("@")
        file = (
            self.place
            / "etc"
            / "systemd"
            / "system"
            / (f"{name}@.service" if instance else f"{name}.service")
        )
        text = (
            self.here(file.read_text())
            .replace("%i", instance)
            .replace("%d", f"{self.place}/etc/caducee/secrets")
        )
        told = dict(re.findall(r"^(WorkingDirectory|EnvironmentFile|ExecStart)=(.*)$", text, re.MULTILINE))
        given = [
            word for line in re.findall(r"^Environment=(.*)$", text, re.MULTILINE) for word in line.split()
        ]
        variables = dict(word.split("=", 1) for word in given)
        variables |= read_settings_file(Path(told["EnvironmentFile"])).values
        with (self.place / f"{unit}.log").open("wb") as log:
            process = subprocess.Popen(
                shlex.split(told["ExecStart"]),
                cwd=told["WorkingDirectory"],
                env=self.environment | variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(within(30))
