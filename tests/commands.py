"""`idp …` as an operator types it: what it says and its exit status, with the least settings and those of a test.

A Python that imports the provider takes half a second of a processor before its first line of ours. So each process of
tests starts one (`command_server`), which forks for each command: a process of its own with its own environment, files
and end, in which the real program runs from its first line. The demos of the tests are forked from it likewise. That
this is the same as a start from nothing is proved for one command of each module (tests/cli/test_starts.py), and for
the demo (tests/journeys/test_demo.py). Contains also the environment and the command line, for tests that start a
Python.
"""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO

import pytest

from sandbox.demo.processes import Place, Program
from tests.limits import within
from tests.servers import RunningServer

ROOT = Path(__file__).parents[1]
_LEAST = {
    "ISSUER": "https://id.example",
    "CARD_HOST": "https://carte.id.example",
    "APPLICATION_KEY": "k" * 43,
    "PASSWORD_PEPPER": "p" * 43,
}
_SECONDS = 60.0


def environment(**settings: str) -> dict[str, str]:
    """That of this run with the least settings and these, by their names without prefix; none of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CADUCEE_")}
    return kept | {f"CADUCEE_{name}": value for name, value in (_LEAST | settings).items()}


def set_environment(patch: pytest.MonkeyPatch, **settings: str) -> None:
    """The same for a command that a test calls in its own process."""
    for name, value in environment(**settings).items():
        patch.setenv(name, value)


def command_line(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "idp.cli", *arguments]


def idp(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """What a command that ends by itself says. Raises TimeoutExpired."""
    process = start(*arguments, environment=environment(**settings))
    try:
        status = process.wait(within(_SECONDS))
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return subprocess.CompletedProcess(command_line(*arguments), status, process.stdout, process.stderr)


class Started:
    """A command that runs; what `subprocess.Popen` offers of it, and what it said until now. `module`: another
    program, of `python -m`; `output`: where all it says goes instead."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        module: str = "idp.cli",
        *,
        place: Path = ROOT,
        output: IO[bytes] | None = None,
    ) -> None:
        self.args = [sys.executable, "-m", module, *arguments]
        self.returncode: int | None = None
        self._out, self._err = tempfile.TemporaryFile(), tempfile.TemporaryFile()  # noqa: SIM115 closed by `_close`
        self._status, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, open(os.devnull) as nothing:
            given = (nothing, output or self._out, output or self._err, theirs)
            asked = json.dumps([str(place), module, arguments, dict(environment)]).encode()
            socket.send_fds(_server().channel, [asked], [file.fileno() for file in given])
        weakref.finalize(self, _close, self._out, self._err, self._status)
        self.pid = self._answer(within(_SECONDS))

    @property
    def stdout(self) -> str:
        return _text(self._out)

    @property
    def stderr(self) -> str:
        return _text(self._err)

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Raises TimeoutExpired."""
        if self.returncode is None:
            self.returncode = self._answer(timeout)
        return self.returncode

    def send_signal(self, number: int, /) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """What it said until its end. Raises TimeoutExpired."""
        self.wait(timeout)
        return self.stdout, self.stderr

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)
        self.wait(within(_SECONDS))

    def _answer(self, timeout: float | None) -> int:
        self._status.settimeout(timeout)
        try:
            answer = self._status.recv(100)
        except (TimeoutError, BlockingIOError):
            raise subprocess.TimeoutExpired(self.args, timeout or 0.0) from None
        assert answer, "the process that forks for each command has ended"
        return int(answer)


def start(*arguments: str, environment: Mapping[str, str]) -> Started:
    """A command that the caller ends."""
    return Started(arguments, environment)


def start_forked(program: Program, place: Place) -> Started:
    """A program of the sandbox, as its `Children` start one."""
    module, *arguments = program.arguments
    return Started(arguments, place.environment, module, place=place.root, output=place.output)


@dataclass
class ForkedServer(RunningServer):
    """An `idp serve` whose start from nothing is not what a test is about. `command`: without `idp`."""

    def begin(self, log: IO[bytes]) -> Started:
        return Started(self.command, os.environ, place=self.log.parent, output=log)


#: An `idp` for the PATH of a shell: a Python that imports nothing of ours, and asks the same server, whose socket it
#: inherits by this number.
_PROGRAM = """#!{python} -SE
import json, os, socket, sys
server = socket.socket(fileno={number})
own, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
asked = json.dumps([os.getcwd(), "idp.cli", sys.argv[1:], dict(os.environ)]).encode()
socket.send_fds(server, [asked], [0, 1, 2, theirs.fileno()])
theirs.close()
own.recv(100)
sys.exit(int(own.recv(100)))
"""


def place_program(file: Path) -> int:
    """Write it. Returns the number of the file that a shell must be given."""
    number = _server().channel.fileno()
    file.write_text(_PROGRAM.format(python=sys.executable, number=number))
    file.chmod(0o700)
    return number


def _text(file: IO[bytes]) -> str:
    return os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode()


def _close(*files: IO[bytes] | socket.socket) -> None:
    for file in files:
        file.close()


class _Server:
    """The process that forks for each command."""

    def __init__(self) -> None:
        self.channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            # In a session of its own: a ^C ends it when this process ends, and without a word.
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.command_server", str(theirs.fileno())],
                cwd=ROOT,
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        atexit.register(self.end, os.getpid())

    def end(self, owner: int) -> None:
        if os.getpid() == owner:
            self.channel.close()
            self.process.wait()


_server = cache(_Server)
